#include "wasm/types/features.hpp"

namespace cairn::wasm {

std::string_view to_string(Feature feature) {
  switch (feature) {
#define X(id, name) \
  case Feature::id: return name;
    CAIRN_WASM_FEATURES(X)
#undef X
  }
  return "unknown feature";
}

}  // namespace cairn::wasm
