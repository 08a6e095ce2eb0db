#include "wasm/types/types.hpp"

#include "base/format.hpp"

namespace cairn::wasm {
namespace {

const char* abstract_name(HeapType::Kind kind) {
  switch (kind) {
    case HeapType::func: return "func";
    case HeapType::extern_: return "extern";
    case HeapType::any: return "any";
    case HeapType::eq: return "eq";
    case HeapType::i31: return "i31";
    case HeapType::struct_: return "struct";
    case HeapType::array: return "array";
    case HeapType::exn: return "exn";
    case HeapType::none: return "none";
    case HeapType::nofunc: return "nofunc";
    case HeapType::noextern: return "noextern";
    case HeapType::noexn: return "noexn";
    case HeapType::concrete: break;
  }
  return "";
}

std::string list(const std::vector<ValType>& types) {
  std::string text = "[";
  for (size_t i = 0; i < types.size(); ++i) {
    if (i > 0) text += ' ';
    text += to_string(types[i]);
  }
  return text + "]";
}

}  // namespace

std::string to_string(HeapType type) {
  if (type.is_concrete()) return decimal(type.index().index());
  return abstract_name(type.kind());
}

std::string to_string(ValType type) {
  switch (type.kind()) {
    case ValType::i32: return "i32";
    case ValType::i64: return "i64";
    case ValType::f32: return "f32";
    case ValType::f64: return "f64";
    case ValType::v128: return "v128";
    case ValType::bottom: return "bot";
    case ValType::ref: break;
  }
  if (type.is_bottom_ref()) return "(ref bot)";
  const HeapType heap = type.heap();
  if (type.is_nullable()) {
    switch (heap.kind()) {  // the short names ([wasm 6.4.4])
      case HeapType::none: return "nullref";
      case HeapType::nofunc: return "nullfuncref";
      case HeapType::noextern: return "nullexternref";
      case HeapType::noexn: return "nullexnref";
      case HeapType::concrete: return "(ref null " + to_string(heap) + ")";
      default: return std::string(abstract_name(heap.kind())) + "ref";
    }
  }
  return "(ref " + to_string(heap) + ")";
}

std::string to_string(const FuncType& type) { return list(type.params) + " -> " + list(type.results); }

const char* to_string(ExternKind kind) {
  switch (kind) {
    case ExternKind::func: return "function";
    case ExternKind::table: return "table";
    case ExternKind::memory: return "memory";
    case ExternKind::global: return "global";
    case ExternKind::tag: return "tag";
  }
  return "unknown";
}

}  // namespace cairn::wasm
