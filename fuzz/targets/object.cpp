// Fuzzes the reader of code objects with any bytes, as if they came from a cache that others can write to.
//
// An accepted object can be placed in memory, and look-ups in it need no further checks. Its code is never run.
#include "compiler/codegen/object/object_reader.hpp"
#include "platform/platform.hpp"
#include "runtime/code/code_image.hpp"
#include "support/check.hpp"
#include "support/input.hpp"

using namespace cairn;

namespace {

void look_up(const runtime::CodeImage& image, uint32_t offset) {
  (void)image.find_function(offset);
  (void)image.find_trap(offset);
  (void)image.find_call(offset);
  (void)image.find_call_at(offset);
  (void)image.find_handler(offset);
  uint32_t sum = 0;
  for (const uint32_t slot : image.stack_map(offset)) sum += slot;
  asm volatile("" : : "r"(sum));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto object = std::as_bytes(std::span(data, size));
  const Result<codegen::ObjectContents> contents = codegen::read_object(object);
  constexpr uint32_t kTypes[] = {3, 1, 4, 1, 5, 9, 2, 6};
  // The wanted identity is the object's own, so that the check of the identity does not hide everything after it.
  const runtime::WantedCode wanted{contents ? contents->identity : codegen::ObjectIdentity{},
                                   platform::Platform::cpu_features()};
  const auto image = runtime::CodeImage::load(object, wanted, kTypes);
  fuzz::check(contents.has_value() || !image.has_value(), "an object was loaded that cannot be read");
  if (!image) return 0;
  const auto text = static_cast<uint32_t>((*image)->size());
  for (uint32_t offset : {0U, 1U, text / 2, text - 1, text, text + 1}) look_up(**image, offset);
  for (const codegen::CallRecord& call : contents->calls) look_up(**image, call.return_offset);
  for (const codegen::StackMapRecord& map : contents->stack_maps) look_up(**image, map.return_offset);
  for (const codegen::FunctionRecord& function : contents->functions) {
    look_up(**image, function.begin);
    if (function.function_index == codegen::kTrampoline) continue;
    fuzz::check((*image)->function(function.function_index) != nullptr, "a function that was loaded is not there");
  }
  return 0;
}
