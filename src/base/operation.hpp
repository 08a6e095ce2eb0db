// Pure operations with memory of their own: decoding, validating, compiling, assembling.
//
//   Result<Module> module = run_operation([&] { return decode(bytes); });
//
// What the running thread allocates while `f` runs belongs to the operation. When operator new finds no memory, control
// returns to run_operation, which frees all of it and gives an Error of kind resource. When `f` returns, the
// allocations become ordinary ones.
//
// This is the only place where C++ frames are left without their destructors (decision 0013). `f` must therefore hold
// nothing but memory that it allocated itself: it takes no lock, changes nothing outside, keeps no reference count, and
// neither frees nor takes over what was allocated before. Debug builds assert that it frees nothing of others.
//
// An operation that is started by another one is part of it: when memory runs out, the outer one ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.hpp"

namespace cairn {

// Where an operation that ran out continues: the stack pointer of the frame that holds the callee-saved registers.
struct ReturnPoint {
  void* stack_pointer = nullptr;
};

struct OperationRecord {
  ReturnPoint point;
  uint64_t wanted_bytes = 0;  // by the allocation that failed
  // Of the allocator: set by operation_begin if it knows how much memory there is in all, otherwise 0.
  uint64_t limit_bytes = 0;
  alignas(16) std::array<uintptr_t, 16> allocator{};  // what the build's allocator remembers of the operation
};

// --- What each build provides beside its operator new. At most one operation runs on a thread at a time.

// The running thread's; null outside of operations.
OperationRecord* operation_current();
// What the thread allocates from here on belongs to the operation. The record is fresh.
void operation_begin(OperationRecord& record);
// The operation has ended well: its allocations are ordinary ones.
void operation_keep(OperationRecord& record);
// The operation has ended for want of memory: its allocations are freed.
void operation_drop(OperationRecord& record);

// --- For operator new: leaves the operation, because there is no memory for `wanted` bytes. Does not return.
[[noreturn]] void operation_fail(OperationRecord& record, uint64_t wanted);

// That there was no memory for `what`, of so many bytes (0: unknown). The text is left out where there is no memory
// even for that.
Error out_of_memory(std::string_view what, uint64_t bytes = 0);

namespace detail {
// False: it ran out of memory.
bool run_recorded(OperationRecord& record, void (*body)(void*), void* argument);
Error error_of(const OperationRecord& record);

template <class T>
struct OperationResult {
  using Type = Result<T>;
};
template <class T>
struct OperationResult<Result<T>> {
  using Type = Result<T>;
};
}  // namespace detail

template <class F>
auto run_operation(F&& f) -> typename detail::OperationResult<std::invoke_result_t<F&>>::Type {
  if (operation_current() != nullptr) return f();
  using T = std::invoke_result_t<F&>;
  struct Body {
    F& f;
    std::optional<T> result;
  } body{f, std::nullopt};
  OperationRecord record;
  const bool ended = detail::run_recorded(
      record,
      [](void* argument) {
        auto& b = *static_cast<Body*>(argument);
        b.result.emplace(b.f());
      },
      &body);
  if (!ended) return fail(detail::error_of(record));
  return *std::move(body.result);
}

// An error whose text is made of what a guest chose: without memory for the text it is one of kind resource.
template <class F>
Error make_error(F&& make) {
  Result<Error> made = run_operation(std::forward<F>(make));
  return made ? *std::move(made) : std::move(made).error();
}

}  // namespace cairn
