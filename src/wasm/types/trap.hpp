// The kinds of traps, made from trap.def.
#pragma once

#include <cstdint>

namespace cairn::wasm {

enum class TrapKind : uint8_t {
#define CAIRN_TRAP(id, message) id,
#include "wasm/types/trap.def"
#undef CAIRN_TRAP
};

constexpr const char* to_string(TrapKind kind) {
  switch (kind) {
#define CAIRN_TRAP(id, message) \
  case TrapKind::id: return message;
#include "wasm/types/trap.def"
#undef CAIRN_TRAP
  }
  return "unknown trap";
}

}  // namespace cairn::wasm
