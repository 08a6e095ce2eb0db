// Fuzzes the binary decoder and the validator with any bytes.
//
// Offsets of errors lie inside the module, and with fewer features no module is accepted that is refused with all.
#include "support/check.hpp"
#include "support/input.hpp"
#include "wasm/decoder.hpp"

using namespace cairn;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<wasm::Module> module = wasm::decode_and_validate(fuzz::to_bytes(data, size), wasm::Features::all());
  if (!module)
    check(!module.error().has_offset || module.error().offset <= size, "an error lies outside of the module");
  // The choice of features depends on nothing but the input, so that an input always gives the same result.
  const uint32_t chosen = size == 0 ? 0 : static_cast<uint32_t>(data[size / 2] * 31 + data[size - 1]);
  if (chosen % 8 == 0) {
    const auto off = static_cast<wasm::Feature>(chosen / 8 % 20);
    const auto fewer = wasm::decode_and_validate(fuzz::to_bytes(data, size), wasm::Features::all().without(off));
    check(module.has_value() || !fewer.has_value(), "a module is valid only without a feature");
  }
  return 0;
}
