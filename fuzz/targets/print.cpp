// Fuzzes the printer: modules in the binary format, mutated so that they mostly stay valid, are printed and assembled.
#include "support/input.hpp"
#include "support/module_target.hpp"
#include "support/round_trip.hpp"
#include "wasm/decoder.hpp"

using namespace cairn;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<wasm::Module> module = wasm::decode_and_validate(fuzz::to_bytes(data, size), wasm::Features::all());
  if (module) fuzz::check_round_trip(*module);
  return 0;
}
