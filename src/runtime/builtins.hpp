// Numbers of the runtime's functions that compiled code calls; their addresses are in VMContext::builtins.
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn::runtime {

enum class Builtin : uint8_t {
#define CAIRN_BUILTIN(name, result, parameters) name,
#include "runtime/builtins.def"
#undef CAIRN_BUILTIN
};

inline constexpr uint32_t kBuiltinCount = 0
#define CAIRN_BUILTIN(name, result, parameters) +1
#include "runtime/builtins.def"
#undef CAIRN_BUILTIN
    ;

struct BuiltinSignature {
  std::string_view name;
  std::string_view result;      // one letter: i l r v
  std::string_view parameters;  // after the VMContext
};

constexpr BuiltinSignature signature_of(Builtin builtin) {
  switch (builtin) {
#define CAIRN_BUILTIN(name, result, parameters) \
  case Builtin::name: return {#name, result, parameters};
#include "runtime/builtins.def"
#undef CAIRN_BUILTIN
  }
  return {};
}

}  // namespace cairn::runtime
