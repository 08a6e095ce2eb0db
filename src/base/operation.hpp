// run_operation() runs work that may run out of memory at any allocation, and then frees all memory that the work has
// allocated. It serves work that only computes a result: decoding, validating, compiling, assembling.
//
//   Result<Module> module = run_operation([&] { return decode(bytes); });
//
// Everything that the running thread allocates while `f` runs belongs to the operation. When operator new finds no
// memory, control returns to run_operation, which frees all of the operation's memory and returns an Error of kind
// resource. When `f` returns, the allocations become ordinary ones.
//
// An operation that runs out of memory leaves C++ frames without running their destructors (decision 0013). `f` must
// therefore hold nothing but memory that it allocated itself: it takes no lock, changes nothing outside, keeps no
// reference count, and neither frees nor takes over memory that was allocated before. Debug builds assert that it frees
// no other memory.
//
// An operation that another operation starts is part of it: when memory runs out, the outer one ends.
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

// Where execution continues when an operation runs out of memory: the stack pointer of the frame that holds the
// callee-saved registers.
struct ReturnPoint {
  void* stack_pointer = nullptr;
};

// The state of one operation.
struct OperationRecord {
  ReturnPoint point;
  uint64_t wanted_bytes = 0;  // size of the allocation that failed
  // The most bytes of memory that the program can have in all. The allocator sets this field in operation_begin() if it
  // knows the number; otherwise the field is 0.
  uint64_t limit_bytes = 0;
  // Room for the allocator's own data about the operation. The kernel's allocator needs more room than
  // the allocator for Linux.
  alignas(16) std::array<uintptr_t, 26> allocator{};
};

// --- Each build provides these functions besides its operator new. At most one operation runs on a thread at a time.

// The running thread's operation; null outside of operations.
OperationRecord* operation_current();
// Begins an operation: everything that the thread allocates from now on belongs to it. The record must be new.
void operation_begin(OperationRecord& record);
// Ends a successful operation: its allocations become ordinary ones.
void operation_keep(OperationRecord& record);
// Ends an operation that ran out of memory: its allocations are freed.
void operation_drop(OperationRecord& record);

// --- For operator new: leaves the operation, because there is no memory for `wanted` bytes. Does not return.
[[noreturn]] void operation_fail(OperationRecord& record, uint64_t wanted);

// Makes an error which says that there was no memory for `what`, which needs `bytes` bytes (0: unknown). If there is no
// memory for this text either, the error's text does not name `what`.
Error out_of_memory(std::string_view what, uint64_t bytes = 0);

namespace detail {
// Calls body(argument) as an operation. Returns false if it ran out of memory.
bool run_recorded(OperationRecord& record, void (*body)(void*), void* argument);
// Returns the error that says how much memory the operation wanted when it ran out of memory.
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

// Runs `f` as an operation and returns its result, or an Error of kind resource if there was no memory. Inside another
// operation, it only calls `f`.
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

// Returns the error that `make` returns, whose text contains guest data. If there is no memory for the text, returns an
// error of kind resource instead.
template <class F>
Error make_error(F&& make) {
  Result<Error> made = run_operation(std::forward<F>(make));
  return made ? *std::move(made) : std::move(made).error();
}

}  // namespace cairn
