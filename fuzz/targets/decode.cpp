// The binary decoder and the validator: any bytes.
//
// The verdict is the same a second time, errors lie inside the module, and with fewer features nothing is accepted that
// was not before.
#include "support/check.hpp"
#include "support/input.hpp"
#include "wasm/decoder.hpp"

using namespace cairn;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<wasm::Module> module = wasm::decode_and_validate(fuzz::to_bytes(data, size), wasm::Features::all());
  if (!module)
    check(!module.error().has_offset || module.error().offset <= size, "an error lies outside of the module");
  // The choice of features is a function of the input, so that a finding stays one.
  const uint32_t chosen = size == 0 ? 0 : static_cast<uint32_t>(data[size / 2] * 31 + data[size - 1]);
  if (chosen % 8 == 0) {
    const auto off = static_cast<wasm::Feature>(chosen / 8 % 20);
    const auto fewer = wasm::decode_and_validate(fuzz::to_bytes(data, size), wasm::Features::all().without(off));
    check(module.has_value() || !fewer.has_value(), "a module is valid only without a feature");
  }
  return 0;
}
