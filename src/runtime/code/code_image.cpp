#include "runtime/code/code_image.hpp"

#include <algorithm>
#include <cstring>

#include "base/operation.hpp"
#include "compiler/codegen/object/object_reader.hpp"
#include "platform/platform.hpp"

namespace cairn::runtime {

using codegen::CallRecord;
using codegen::FunctionRecord;
using codegen::TrapRecord;
using platform::Platform;

namespace {

constexpr uint32_t kNoFunction = 0xffff'ffff;
constexpr uint32_t kLongestCall = 16;  // largest number of bytes of a call instruction or an RV64 call sequence

// Finds the record whose `key` equals `offset` in a sorted list.
template <class T>
const T* find_exact(const std::vector<T>& records, uint32_t T::* key, uint32_t offset) {
  auto found = std::ranges::lower_bound(records, offset, {}, key);
  return found != records.end() && (*found).*key == offset ? &*found : nullptr;
}

}  // namespace

Result<std::unique_ptr<CodeImage>> CodeImage::load(std::span<const std::byte> object, const WantedCode& wanted,
                                                   std::span<const uint32_t> type_ids) {
  codegen::ObjectContents contents = CAIRN_TRY(codegen::read_object(object));
  if (contents.architecture != Platform::kArchitecture) {
    return fail(
        make_error([] { return Error::of(ErrorKind::malformed, "the code object is for another architecture"); }));
  }
  CAIRN_TRY(codegen::check_identity(contents.identity, wanted.identity, wanted.available));
  std::unique_ptr<CodeImage> image(new (std::nothrow) CodeImage());
  if (image == nullptr) return fail(out_of_memory("a code image"));
  const uint64_t rodata_end = contents.rodata_offset + contents.rodata.size();
  const size_t bytes = std::max<uint64_t>({contents.text.size(), rodata_end, 1});
  image->mapping_ = CAIRN_TRY(Platform::allocate_code(bytes));
  std::memcpy(image->mapping_.data(), contents.text.data(), contents.text.size());
  if (!contents.rodata.empty()) {
    std::memcpy(image->mapping_.data() + contents.rodata_offset, contents.rodata.data(), contents.rodata.size());
  }
  const std::span<std::byte> text = image->mapping_.first(contents.text.size());
  for (const codegen::TypeReference& reference : contents.type_references) {
    if (reference.type_index >= type_ids.size()) {
      return fail(make_error([] {
        return Error::of(ErrorKind::malformed, "the code object refers to a type that the module does not have");
      }));
    }
    codegen::resolve_type_reference(text, reference, type_ids[reference.type_index]);
  }
  if (!Platform::seal_code(image->mapping_, contents.text.size())) return fail(out_of_memory("code"));
  image->text_ = text;

  uint32_t highest = 0;
  for (const FunctionRecord& function : contents.functions) {
    if (function.function_index != codegen::kTrampoline) highest = std::max(highest, function.function_index + 1);
  }
  // Indices come from a file. An index that is far above the number of functions would make function_offsets_ too
  // large.
  if (highest > contents.functions.size() + (uint32_t{1} << 20)) {
    return fail(make_error(
        [] { return Error::of(ErrorKind::malformed, "the code object numbers its functions beyond the limit"); }));
  }
  if (!image->function_offsets_.try_resize(highest, kNoFunction))
    return fail(out_of_memory("the functions' addresses"));
  for (const FunctionRecord& function : contents.functions) {
    if (function.function_index != codegen::kTrampoline) {
      image->function_offsets_[function.function_index] = function.begin;
    }
  }
  image->functions_ = std::move(contents.functions);
  image->traps_ = std::move(contents.traps);
  image->calls_ = std::move(contents.calls);
  image->stack_maps_ = std::move(contents.stack_maps);
  image->stack_offsets_ = std::move(contents.stack_offsets);
  image->handlers_ = std::move(contents.handlers);
  image->trampolines_ = std::move(contents.trampolines);
  return image;
}

CodeImage::~CodeImage() {
  if (!mapping_.empty()) Platform::release_code(mapping_);
}

const std::byte* CodeImage::function(uint32_t function_index) const {
  if (function_index >= function_offsets_.size() || function_offsets_[function_index] == kNoFunction) return nullptr;
  return at(function_offsets_[function_index]);
}

const FunctionRecord* CodeImage::find_function(uint32_t offset) const {
  auto after = std::ranges::upper_bound(functions_, offset, {}, &FunctionRecord::begin);
  if (after == functions_.begin()) return nullptr;
  const FunctionRecord& function = *(after - 1);
  return offset < function.end ? &function : nullptr;
}

const TrapRecord* CodeImage::find_trap(uint32_t offset) const {
  return find_exact(traps_, &TrapRecord::code_offset, offset);
}

const CallRecord* CodeImage::find_call(uint32_t return_offset) const {
  return find_exact(calls_, &CallRecord::return_offset, return_offset);
}

std::span<const int32_t> CodeImage::stack_map(uint32_t return_offset) const {
  const auto* map = find_exact(stack_maps_, &codegen::StackMapRecord::return_offset, return_offset);
  return map == nullptr ? std::span<const int32_t>() : std::span(stack_offsets_).subspan(map->first, map->count);
}

const codegen::HandlerRecord* CodeImage::find_handler(uint32_t return_offset) const {
  return find_exact(handlers_, &codegen::HandlerRecord::return_offset, return_offset);
}

const CallRecord* CodeImage::find_call_at(uint32_t offset) const {
  auto after = std::ranges::upper_bound(calls_, offset, {}, &CallRecord::return_offset);
  return after != calls_.end() && after->return_offset - offset <= kLongestCall ? &*after : nullptr;
}

}  // namespace cairn::runtime
