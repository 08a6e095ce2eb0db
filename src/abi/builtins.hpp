// The numbers of the builtins, the runtime's functions that compiled code calls. Their addresses are in
// VMContext::builtins. That table has 2 * kBuiltinCount entries: first the stubs that compiled code calls, then the
// functions themselves, which the stubs call.
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn::abi {

enum class Builtin : uint8_t {
#define CAIRN_BUILTIN(name, result, parameters, frame) name,
#include "abi/builtins.def"
#undef CAIRN_BUILTIN
};

inline constexpr uint32_t kBuiltinCount = 0
#define CAIRN_BUILTIN(name, result, parameters, frame) +1
#include "abi/builtins.def"
#undef CAIRN_BUILTIN
    ;

// What the stub of a builtin does; builtins.def explains the values.
enum class BuiltinFrame : uint8_t { plain, exit, unwind, host, keep };

struct BuiltinSignature {
  std::string_view name;
  std::string_view result;      // one letter: i, l, r, g or v (builtins.def)
  std::string_view parameters;  // one letter for each parameter after the VMContext
  BuiltinFrame frame = BuiltinFrame::plain;
};

// Returns the row of the builtin in builtins.def.
constexpr BuiltinSignature signature_of(Builtin builtin) {
  switch (builtin) {
#define CAIRN_BUILTIN(name, result, parameters, frame) \
  case Builtin::name: return {#name, result, parameters, BuiltinFrame::frame};
#include "abi/builtins.def"
#undef CAIRN_BUILTIN
  }
  return {};
}

}  // namespace cairn::abi
