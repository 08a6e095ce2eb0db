// The printer: modules in the binary format, mutated so that they mostly stay valid, go to text and back.
#include "support/input.hpp"
#include "support/module_mutator.hpp"
#include "support/round_trip.hpp"
#include "wasm/decoder.hpp"

using namespace cairn;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<wasm::Module> module = wasm::decode_and_validate(fuzz::to_bytes(data, size), wasm::Features::all());
  if (module) fuzz::check_round_trip(*module);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return fuzz::mutate_module(data, size, max_size, seed);
}
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data, size_t size, const uint8_t* other, size_t other_size,
                                            uint8_t* out, size_t max_size, unsigned seed) {
  return fuzz::cross_modules(data, size, other, other_size, out, max_size, seed);
}
