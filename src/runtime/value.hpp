// Values that cross between host and guest, and handles to what a store owns.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <variant>

#include "base/id.hpp"
#include "runtime/trap.hpp"
#include "runtime/vmcontext.hpp"
#include "wasm/types.hpp"

namespace cairn::runtime {

class Store;

// A function of a store. Handles are small, copyable, and live as long as their store; using one with another store is a
// programming error that is caught at once.
struct Func {
  uint32_t store = 0;
  VMFuncRef* reference = nullptr;
  bool operator==(const Func&) const = default;
};
// Tables, memories, globals, tags and instances are numbered within their store.
template <class Tag>
struct Handle {
  uint32_t store = 0;
  uint32_t index = 0;
  bool operator==(const Handle&) const = default;
};
using Table = Handle<struct TableHandleTag>;
using Memory = Handle<struct MemoryHandleTag>;
using Global = Handle<struct GlobalHandleTag>;
using Tag = Handle<struct TagHandleTag>;
using Instance = Handle<struct InstanceHandleTag>;

using Extern = std::variant<Func, Table, Memory, Global, Tag>;  // in the order of wasm::ExternKind

// A WebAssembly value. Its bits are as in a 16-byte slot: numbers little-endian in the low bytes, the rest zero; references
// as 64-bit words, 0 for null; external references one more than the host's number.
class Val {
 public:
  Val() = default;
  static Val i32(int32_t v) { return Val(wasm::ValType::i32, static_cast<uint32_t>(v)); }
  static Val i64(int64_t v) { return Val(wasm::ValType::i64, static_cast<uint64_t>(v)); }
  static Val f32(float v) { return Val(wasm::ValType::f32, std::bit_cast<uint32_t>(v)); }
  static Val f64(double v) { return Val(wasm::ValType::f64, std::bit_cast<uint64_t>(v)); }
  static Val f32_bits(uint32_t v) { return Val(wasm::ValType::f32, v); }
  static Val f64_bits(uint64_t v) { return Val(wasm::ValType::f64, v); }
  static Val v128(uint64_t low, uint64_t high) { return Val(wasm::ValType::v128, low, high); }
  static Val funcref(std::optional<Func> f) {
    return Val(wasm::ValType::funcref(), f ? std::bit_cast<uint64_t>(f->reference) : 0);
  }
  static Val externref(std::optional<uint64_t> host) { return Val(wasm::ValType::externref(), host ? *host + 1 : 0); }
  static Val null(wasm::HeapType heap) {
    return Val(wasm::ValType::reference(wasm::Nullability::nullable, heap), 0);
  }
  static Val from_bits(wasm::ValType type, uint64_t low, uint64_t high = 0) { return Val(type, low, high); }

  [[nodiscard]] wasm::ValType type() const { return type_; }
  [[nodiscard]] int32_t as_i32() const { return static_cast<int32_t>(bits_[0]); }
  [[nodiscard]] int64_t as_i64() const { return static_cast<int64_t>(bits_[0]); }
  [[nodiscard]] float as_f32() const { return std::bit_cast<float>(static_cast<uint32_t>(bits_[0])); }
  [[nodiscard]] double as_f64() const { return std::bit_cast<double>(bits_[0]); }
  [[nodiscard]] uint64_t low() const { return bits_[0]; }
  [[nodiscard]] uint64_t high() const { return bits_[1]; }
  [[nodiscard]] bool is_null() const { return type_.is_ref() && bits_[0] == 0; }
  [[nodiscard]] std::optional<uint64_t> as_externref() const {
    return bits_[0] == 0 ? std::nullopt : std::optional(bits_[0] - 1);
  }

  void store_to(std::byte* slot) const { std::memcpy(slot, bits_.data(), 16); }
  static Val load_from(wasm::ValType type, const std::byte* slot) {
    Val v(type, 0);
    std::memcpy(v.bits_.data(), slot, 16);
    if (type == wasm::ValType::i32 || type == wasm::ValType::f32) v.bits_[0] &= 0xffff'ffff;
    if (type != wasm::ValType::v128) v.bits_[1] = 0;
    return v;
  }

 private:
  Val(wasm::ValType type, uint64_t low, uint64_t high = 0) : type_(type), bits_{low, high} {}
  wasm::ValType type_ = wasm::ValType::i32;
  std::array<uint64_t, 2> bits_{};
};

}  // namespace cairn::runtime
