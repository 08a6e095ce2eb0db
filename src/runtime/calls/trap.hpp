// Traps and exceptions as values: the result of a guest call that does not return normally.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/value.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::runtime {

// One frame of a backtrace of guest code.
struct TrapFrame {
  uint32_t function_index = 0;  // index of the function in its module
  uint64_t wasm_offset = 0;     // offset of the instruction in the module's bytes; 0 when unknown
  std::string function_name;    // from the name section; may be empty
  std::string module_name;
};

// An exception as the host sees it.
struct Exception {
  Tag tag;
  std::vector<Val> payload;
};

// The reason why a guest call did not return normally: a trap, or an exception that no handler caught.
struct Trap {
  wasm::TrapKind kind = wasm::TrapKind::unreachable;
  std::string message;            // if empty, what() returns to_string(kind)
  std::vector<TrapFrame> frames;  // the backtrace, innermost frame first
  uint64_t omitted_frames = 0;    // number of outer frames that are not in `frames`
  // For out-of-bounds memory accesses that hit a guard page: the offset that was accessed and the memory's length.
  std::optional<uint64_t> memory_offset;
  uint64_t memory_length = 0;

  // The exception, if the kind is uncaught_exception and there was memory for the value. A host function that fails
  // with such a trap throws the exception into the guest that called it, with the backtrace in `frames` if there is
  // one. Tag and payload must belong to the guest's store.
  std::optional<Exception> exception;

  static Trap of(wasm::TrapKind kind, std::string message = {}) {
    Trap trap;
    trap.kind = kind;
    trap.message = std::move(message);
    return trap;
  }
  static Trap thrown(Tag tag, std::vector<Val> payload) {
    Trap trap = of(wasm::TrapKind::uncaught_exception);
    trap.exception = Exception{tag, std::move(payload)};
    return trap;
  }
  // Returns the message alone; the messages of traps are those of the specification's tests.
  [[nodiscard]] std::string what() const { return message.empty() ? wasm::to_string(kind) : message; }
  // Returns message and backtrace as several lines, each ending in a newline.
  [[nodiscard]] std::string to_string() const;
};

}  // namespace cairn::runtime
