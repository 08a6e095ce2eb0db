// Implementation limits. Unless a comment says otherwise, a limit that the JS API defines (in [wasm-js], section
// "Implementation-defined Limits") has the same value here, so that Cairn runs every module that a browser runs. The
// other limits are Cairn's own. The numbers count entries if no comment names a unit. A module that exceeds a limit is
// refused with an Error of kind `limit`, whose message names the limit (INV-3).
#pragma once

#include <cstdint>
#include <string>

#include "base/format.hpp"
#include "base/result.hpp"

namespace cairn::wasm::limits {

constexpr uint64_t kModuleSize = uint64_t{1} << 30;  // bytes
constexpr uint32_t kTypes = 1'000'000;
constexpr uint32_t kFunctions = 1'000'000;  // with imported functions; the next four include imports, too
constexpr uint32_t kTables = 100'000;
constexpr uint32_t kMemories = 100;
constexpr uint32_t kGlobals = 1'000'000;
constexpr uint32_t kTags = 1'000'000;
constexpr uint32_t kImports = 1'000'000;
constexpr uint32_t kExports = 1'000'000;
constexpr uint32_t kDataSegments = 100'000;
constexpr uint32_t kElemSegments = 100'000;  // the JS API has no such limit; equal to kDataSegments
constexpr uint32_t kElemSegmentSize = 10'000'000;
constexpr uint64_t kTableSize = 10'000'000;             // a larger minimum is refused, and no table grows beyond it
constexpr uint64_t kMemoryBytes32 = uint64_t{1} << 32;  // the specification's bound of 32-bit memories ([wasm 3.2.15])
constexpr uint32_t kStringSize = 100'000;               // bytes of the name of an import, an export or a custom section
constexpr uint32_t kFunctionSize = 7'654'321;           // bytes of a body
constexpr uint32_t kLocals = 50'000;                    // parameters included
constexpr uint32_t kParams = 1'000;
constexpr uint32_t kResults = 1'000;
constexpr uint32_t kStructFields = 10'000;
constexpr uint32_t kArrayNewFixed = 10'000;  // operands of array.new_fixed
constexpr uint32_t kSubtypingDepth = 63;
constexpr uint32_t kControlNesting = 100'000;  // blocks open at once in a function
constexpr uint32_t kOperandStack = 1'000'000;  // values on validation's operand stack
constexpr uint32_t kTryTableClauses = 100'000;
constexpr uint32_t kBrTableTargets = 1'000'000;

// Returns the error "too many types: 1000001 (the limit is 1000000)", where `what` is "too many types".
inline Error exceeded(uint64_t offset, std::string_view what, uint64_t value, uint64_t limit) {
  std::string message(what);
  message += ": " + decimal(value) + " (the limit is " + decimal(limit) + ")";
  return Error::at(ErrorKind::limit, offset, std::move(message));
}

}  // namespace cairn::wasm::limits
