// Val is a value that crosses between host and guest. Handles name objects of a store (INV-11).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <variant>

#include "abi/vmcontext.hpp"
#include "base/id.hpp"
#include "wasm/types/types.hpp"

namespace cairn::runtime {

class Store;

// The handle of a function of a store. Func and the handles below are small and copyable, and are valid as long as
// their store lives. Using one with another store is a programming error and is detected at once.
struct Func {
  uint32_t store = 0;
  abi::VMFuncRef* reference = nullptr;
  bool operator==(const Func&) const = default;
};
// The handle of a table, memory, global, tag or instance: its number in the store.
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

// A WebAssembly value. Numbers, vectors and function references have the same bits as in a 16-byte slot: little-endian
// in the low bytes, and the other bytes zero. Other references are null, an i31, a number that the host has chosen (an
// externref, or an anyref made from one), or a handle. A handle is the position of an entry in the store's list of
// roots, which keeps the object alive and follows it when it moves. A handle lives until the HandleScope (store.hpp)
// that was innermost when the handle was made ends, or until its store is destroyed.
//
// If a store hands out a reference of the hierarchy of any, its type is precise: the canonical concrete type of the
// object, i31, or any for a number of the host.
class Val {
 public:
  enum class Form : uint8_t { word, host, handle };

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
  static Val externref(std::optional<uint64_t> host) {
    return host ? host_reference(wasm::HeapType::extern_, *host) : null(wasm::HeapType::extern_);
  }
  // Makes a reference of the hierarchy of any from a number of the host: the result of any.convert_extern for an
  // externref.
  static Val host_anyref(uint64_t host) { return host_reference(wasm::HeapType::any, host); }
  // Makes an i31 of the low 31 bits.
  static Val i31(int32_t value) {
    return Val(wasm::ValType::reference(wasm::Nullability::non_null, wasm::HeapType::i31),
               (static_cast<uint32_t>(value) << 1) | 1);
  }
  static Val null(wasm::HeapType heap) { return Val(wasm::ValType::reference(wasm::Nullability::nullable, heap), 0); }
  // Makes a value whose form is `word` from the bits of its slot.
  static Val from_bits(wasm::ValType type, uint64_t low, uint64_t high = 0) { return Val(type, low, high); }

  [[nodiscard]] wasm::ValType type() const { return type_; }
  [[nodiscard]] int32_t as_i32() const { return static_cast<int32_t>(bits_[0]); }
  [[nodiscard]] int64_t as_i64() const { return static_cast<int64_t>(bits_[0]); }
  [[nodiscard]] float as_f32() const { return std::bit_cast<float>(static_cast<uint32_t>(bits_[0])); }
  [[nodiscard]] double as_f64() const { return std::bit_cast<double>(bits_[0]); }
  [[nodiscard]] uint64_t low() const { return bits_[0]; }
  [[nodiscard]] uint64_t high() const { return bits_[1]; }
  [[nodiscard]] bool is_null() const { return type_.is_ref() && form_ == Form::word && bits_[0] == 0; }
  // Returns the number of the host that the reference stands for; nothing for null and for other references.
  [[nodiscard]] std::optional<uint64_t> as_externref() const {
    return form_ == Form::host ? std::optional(bits_[0]) : std::nullopt;
  }
  // Returns the value of an i31, sign-extended.
  [[nodiscard]] int32_t as_i31() const { return static_cast<int32_t>(bits_[0]) >> 1; }

  // Says what low() holds: the bits of a slot (word), a number of the host (host), or the position of a root in the
  // store (handle).
  [[nodiscard]] Form form() const { return form_; }
  // Makes a handle of the object in the root at `position`.
  static Val handle(wasm::ValType type, uint64_t position) {
    Val value(type, position);
    value.form_ = Form::handle;
    return value;
  }
  // Makes a reference that stands for a number of the host.
  static Val host_reference(wasm::HeapType heap, uint64_t number) {
    Val value(wasm::ValType::reference(wasm::Nullability::non_null, heap), number);
    value.form_ = Form::host;
    return value;
  }

  // These functions copy values whose form is `word`. Store::load and Store::save handle values of all forms.
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
  Form form_ = Form::word;
  std::array<uint64_t, 2> bits_{};
};

}  // namespace cairn::runtime
