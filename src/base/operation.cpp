#include "base/operation.hpp"

#include "base/assert.hpp"
#include "base/format.hpp"
#include "base/return_point.hpp"

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif

namespace cairn {

namespace {

// Clears AddressSanitizer's marks in the stack frames that the jump abandons. Otherwise this part of the stack would
// stay marked as out of bounds.
void forget_frames([[maybe_unused]] const ReturnPoint& point) {
#if __has_feature(address_sanitizer)
  __asan_handle_no_return();
#endif
}

}  // namespace

void operation_fail(OperationRecord& record, uint64_t wanted) {
  CAIRN_ASSERT(record.point.stack_pointer != nullptr);
  record.wanted_bytes = wanted;
  forget_frames(record.point);
  cairn_return_to_point(&record.point);
}

Error out_of_memory(std::string_view what, uint64_t bytes) {
  return make_error([&] {
    std::string text = "out of memory for " + std::string(what);
    if (bytes != 0) text += ": " + decimal(bytes) + " bytes wanted";
    return Error::of(ErrorKind::resource, std::move(text));
  });
}

namespace detail {

bool run_recorded(OperationRecord& record, void (*body)(void*), void* argument) {
  operation_begin(record);
  const bool failed = cairn_call_returnable(&record.point, body, argument);
  record.point = {};
  if (failed) {
    operation_drop(record);
  } else {
    operation_keep(record);
  }
  return !failed;
}

Error error_of(const OperationRecord& record) {
  OperationRecord describing;
  Error error;
  const auto describe = [&] {
    std::string text = "out of memory: " + decimal(record.wanted_bytes) + " bytes wanted";
    if (record.limit_bytes != 0) text += ", with " + decimal(record.limit_bytes) + " bytes in all";
    error = Error::of(ErrorKind::resource, std::move(text));
  };
  const bool described = run_recorded(
      describing, [](void* argument) { (*static_cast<decltype(describe)*>(argument))(); },
      const_cast<void*>(static_cast<const void*>(&describe)));
  // This text needs no memory, because it is short enough to be stored in the string itself.
  if (!described) error = Error::of(ErrorKind::resource, "out of memory");
  return error;
}

}  // namespace detail
}  // namespace cairn
