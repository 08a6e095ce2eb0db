// All layers report failure in the same way: by one error value (Error), carried by std::expected.
//
// Three kinds of failure are never mixed (INV-8): bad input and exhausted resources give an Error or a guest's trap,
// and a bug of Cairn's fails an assertion.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace cairn {

enum class ErrorKind : uint8_t {
  malformed,    // input that breaks the rules of its format (for a module: [wasm 5], [wasm 6])
  invalid,      // a module that fails validation ([wasm 3])
  unsupported,  // a proposal or feature that is switched off or absent; the message names it
  limit,        // an implementation limit; the message names the limit and its value
  link,         // a missing or incompatible import
  resource,     // out of memory, address space or handles
  io,           // a file, a device or the host's system failed
  usage,        // the caller asked for something that makes no sense
};

// An error and its place. `offset` is a byte offset into the module (or source text) when has_offset is set.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::invalid;
  bool has_offset = false;
  uint64_t offset = 0;
  std::string message;

  // Makes an error with a place.
  static Error at(ErrorKind kind, uint64_t offset, std::string message) {
    return Error{kind, true, offset, std::move(message)};
  }
  // Makes an error without a place.
  static Error of(ErrorKind kind, std::string message) { return Error{kind, false, 0, std::move(message)}; }

  // One line for people: "<message> (at offset 0x1f)" when the offset is known.
  [[nodiscard]] std::string to_string() const;
};

template <class T>
using Result = std::expected<T, Error>;

// Makes the value with which a function that returns a Result fails: `return fail(error);`.
inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace cairn

// Evaluates `expr` (a Result); on failure returns its error from the enclosing function, otherwise yields its value.
// A CAIRN_TRY may contain another one.
#define CAIRN_TRY(expr) CAIRN_TRY_UNIQUE(expr, __COUNTER__)
#define CAIRN_TRY_UNIQUE(expr, number) CAIRN_TRY_NUMBERED(expr, number)
#define CAIRN_TRY_NUMBERED(expr, number) CAIRN_TRY_NAMED(expr, cairn_try_result_##number)
#define CAIRN_TRY_NAMED(expr, result)                        \
  __extension__({                                            \
    auto result = (expr);                                    \
    if (!result) [[unlikely]]                                \
      return ::std::unexpected(::std::move(result).error()); \
    ::cairn::detail::unwrap(::std::move(result));            \
  })

namespace cairn::detail {
template <class T, class E>
T unwrap(std::expected<T, E>&& result) {
  return *std::move(result);
}
template <class E>
void unwrap(std::expected<void, E>&&) {}
}  // namespace cairn::detail
