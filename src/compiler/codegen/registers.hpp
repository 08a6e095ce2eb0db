// Physical and virtual registers, as the shared part of code generation sees them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/id.hpp"

namespace cairn::codegen {

// The kind of value that a virtual register holds. A target maps each class to the physical registers that may hold it.
// Two classes may share registers (on x86-64, floating and vector are both xmm). A class may have no registers at all
// (vector on RV64 without V); its virtual registers are then in stack slots only.
//
// `reference` is for references into the managed heap (ir::Type::gcref). Its registers are the integer registers that
// calls destroy, so references that live across a call are in stack slots, where the collector finds them (StackMap).
enum class RegClass : uint8_t { integer, floating, vector, reference };
inline constexpr unsigned kRegClasses = 4;
constexpr bool in_integer_registers(RegClass reg_class) {
  return reg_class == RegClass::integer || reg_class == RegClass::reference;
}

using VReg = Id<struct VRegTag>;

// A physical register, or none (valid() is false). The numbers are 0-31 for integer, 32-63 for floating (x86-64: xmm)
// and 64-95 for vector registers (RV64 with V).
class PReg {
 public:
  static constexpr unsigned kCount = 96;
  constexpr PReg() = default;
  constexpr explicit PReg(unsigned number) : number_(static_cast<uint8_t>(number)) {}
  static constexpr PReg integer(unsigned encoding) { return PReg(encoding); }
  static constexpr PReg floating(unsigned encoding) { return PReg(32 + encoding); }
  static constexpr PReg vector(unsigned encoding) { return PReg(64 + encoding); }
  [[nodiscard]] constexpr unsigned number() const { return number_; }
  [[nodiscard]] constexpr unsigned encoding() const { return number_ & 31; }  // the number in machine instructions
  [[nodiscard]] constexpr bool valid() const { return number_ != 0xff; }
  constexpr bool operator==(const PReg&) const = default;

 private:
  uint8_t number_ = 0xff;
};

// A set of physical registers.
class PRegSet {
 public:
  constexpr PRegSet() = default;
  constexpr PRegSet(std::initializer_list<PReg> registers) {
    for (PReg r : registers) add(r);
  }
  constexpr void add(PReg r) { words_[r.number() / 32] |= uint32_t{1} << (r.number() % 32); }
  constexpr void remove(PReg r) { words_[r.number() / 32] &= ~(uint32_t{1} << (r.number() % 32)); }
  [[nodiscard]] constexpr bool has(PReg r) const { return (words_[r.number() / 32] >> (r.number() % 32) & 1) != 0; }
  [[nodiscard]] constexpr bool empty() const { return (words_[0] | words_[1] | words_[2]) == 0; }
  [[nodiscard]] constexpr unsigned count() const {
    return static_cast<unsigned>(std::popcount(words_[0]) + std::popcount(words_[1]) + std::popcount(words_[2]));
  }
  constexpr PRegSet operator|(const PRegSet& other) const {
    return combine(other, [](auto a, auto b) { return a | b; });
  }
  constexpr PRegSet operator&(const PRegSet& other) const {
    return combine(other, [](auto a, auto b) { return a & b; });
  }
  constexpr PRegSet operator-(const PRegSet& other) const {
    return combine(other, [](auto a, auto b) { return a & ~b; });
  }
  constexpr bool operator==(const PRegSet&) const = default;
  // Calls f for each register of the set, in the order of their numbers.
  template <class F>
  constexpr void for_each(F&& f) const {
    for (unsigned w = 0; w < 3; ++w)
      for (uint32_t bits = words_[w]; bits != 0; bits &= bits - 1)
        f(PReg(w * 32 + static_cast<unsigned>(std::countr_zero(bits))));
  }

 private:
  template <class Op>
  constexpr PRegSet combine(const PRegSet& other, Op op) const {
    PRegSet result;
    for (unsigned i = 0; i < 3; ++i) result.words_[i] = op(words_[i], other.words_[i]);
    return result;
  }
  std::array<uint32_t, 3> words_{};
};

// The properties of a target that the register allocator needs. Pinned registers (memory base, VMContext), the stack
// pointer and the scratch registers are not allocatable.
struct RegisterFile {
  // By class: the registers that the allocator may use, in order of preference, with caller-saved ones first.
  std::array<std::span<const PReg>, kRegClasses> allocatable;
  PRegSet callee_saved;
  // By class: one register is reserved for parallel moves (a memory-to-memory move, a cycle) and never allocated. It is
  // invalid for a class without registers; the target expands the memory-to-memory moves of that class.
  std::array<PReg, kRegClasses> scratch;
  std::array<uint8_t, kRegClasses> spill_size;  // bytes of a spill slot, which is also its alignment: 8, 8, 16, 8
  // The place where the stub of a builtin of the kind `keep` (abi/builtins.def) saves the first register of the class
  // `reference`, in bytes from the caller's stack pointer while the caller's body runs. The other registers of the
  // class follow below, 8 bytes each.
  int32_t saved_references = 0;
};

}  // namespace cairn::codegen
