// The registers of RV64 and their roles (codegen/calling_convention.hpp has the table).
#pragma once

#include <span>

#include "compiler/codegen/calling_convention.hpp"
#include "compiler/codegen/registers.hpp"

namespace cairn::rv64 {

using codegen::PReg;
using codegen::PRegSet;

inline constexpr PReg kZero = PReg::integer(0);
inline constexpr PReg kReturnAddress = PReg::integer(1);
inline constexpr PReg kStackPointer = PReg::integer(2);
inline constexpr PReg kMemoryBase = PReg::integer(26);  // s10, pinned
inline constexpr PReg kVMContext = PReg::integer(27);   // s11, pinned
// The scratch registers are never allocated. Emission and the trampolines use them within one operation, and the
// parallel moves of the register allocator use t6, ft11 and v31.
inline constexpr PReg kScratch2 = PReg::integer(30);       // t5
inline constexpr PReg kScratch = PReg::integer(31);        // t6
inline constexpr PReg kFloatScratch = PReg::floating(31);  // ft11
inline constexpr PReg kVectorScratch = PReg::vector(31);   // v31
inline constexpr PReg kVectorMask = PReg::vector(0);       // v0, the only register that can be a mask; never allocated

// The registers by their ABI names, for example t(0) for t0.
constexpr PReg t(unsigned i) { return PReg::integer(i < 3 ? 5 + i : 25 + i); }
constexpr PReg a(unsigned i) { return PReg::integer(10 + i); }
constexpr PReg s(unsigned i) { return PReg::integer(i < 2 ? 8 + i : 16 + i); }
constexpr PReg ft(unsigned i) { return PReg::floating(i < 8 ? i : 20 + i); }
constexpr PReg fa(unsigned i) { return PReg::floating(10 + i); }
constexpr PReg fs(unsigned i) { return PReg::floating(i < 2 ? 8 + i : 16 + i); }
constexpr PReg v(unsigned i) { return PReg::vector(i); }

// Whether the CPU has the V extension, and so vector registers.
enum class Vectors : bool { absent, present };

// The allocatable registers, in order of preference. The caller-saved ones come before the callee-saved ones. Within
// each kind, the registers that compressed instructions can name (x8-x15, f8-f15) come first. Of the argument
// registers, a5 to a0, fa5 to fa0 and v15 to v8 are in descending order, so that values that are not arguments stay out
// of the way of the first arguments. v0, v30 and v31 are not in the list, because emission uses them as scratch
// registers.
inline constexpr PReg kAllocatableInteger[] = {a(5), a(4), a(3), a(2), a(1), a(0), a(6), a(7), t(0), t(1), t(2), t(3),
                                               t(4), s(0), s(1), s(2), s(3), s(4), s(5), s(6), s(7), s(8), s(9)};
// The allocatable integer registers that calls destroy. A reference to a managed object is in one of these registers or
// in a stack slot.
inline constexpr std::span<const PReg> kAllocatableReference = std::span<const PReg>(kAllocatableInteger).first(13);
inline constexpr PReg kAllocatableFloating[] = {
    fa(5), fa(4), fa(3),  fa(2), fa(1), fa(0), fa(6), fa(7), ft(0), ft(1), ft(2), ft(3), ft(4), ft(5),  ft(6), ft(7),
    ft(8), ft(9), ft(10), fs(0), fs(1), fs(2), fs(3), fs(4), fs(5), fs(6), fs(7), fs(8), fs(9), fs(10), fs(11)};
inline constexpr PReg kAllocatableVector[] = {v(15), v(14), v(13), v(12), v(11), v(10), v(9),  v(8),  v(16), v(17),
                                              v(18), v(19), v(20), v(21), v(22), v(23), v(24), v(25), v(26), v(27),
                                              v(28), v(29), v(1),  v(2),  v(3),  v(4),  v(5),  v(6),  v(7)};

inline constexpr PReg kIntegerArguments[] = {a(0), a(1), a(2), a(3), a(4), a(5), a(6), a(7)};
inline constexpr PReg kFloatingArguments[] = {fa(0), fa(1), fa(2), fa(3), fa(4), fa(5), fa(6), fa(7)};
inline constexpr PReg kVectorArguments[] = {v(8), v(9), v(10), v(11), v(12), v(13), v(14), v(15)};

// The order is that of the bits of FunctionRecord::saved_registers: s0-s9, then fs0-fs11.
inline constexpr PReg kCalleeSaved[] = {s(0),  s(1),  s(2),  s(3),  s(4),  s(5),  s(6),  s(7),  s(8),  s(9),   fs(0),
                                        fs(1), fs(2), fs(3), fs(4), fs(5), fs(6), fs(7), fs(8), fs(9), fs(10), fs(11)};

inline constexpr PRegSet kCalleeSavedSet = [] {
  PRegSet set;
  for (const PReg r : kCalleeSaved) set.add(r);
  return set;
}();

constexpr codegen::RegisterFile make_register_file(Vectors vectors) {
  codegen::RegisterFile file;
  file.allocatable = {std::span<const PReg>(kAllocatableInteger), std::span<const PReg>(kAllocatableFloating),
                      vectors == Vectors::present ? std::span<const PReg>(kAllocatableVector) : std::span<const PReg>(),
                      kAllocatableReference};
  file.callee_saved = kCalleeSavedSet;
  file.scratch = {kScratch, kFloatScratch, vectors == Vectors::present ? kVectorScratch : PReg(), kScratch};
  file.spill_size = {8, 8, 16, 8};  // bytes, by class
  file.saved_references = -8;       // bytes: the first slot below the stack pointer (emit_keep_stub in trampolines.cpp)
  return file;
}

constexpr codegen::ConventionRegisters make_convention(Vectors vectors) {
  const std::span<const PReg> vector(kVectorArguments);
  codegen::ConventionRegisters result;
  result.integer_arguments = kIntegerArguments;
  result.exception = a(6);
  result.floating_arguments = kFloatingArguments;
  result.integer_results = std::span<const PReg>(kIntegerArguments).first(6);
  result.floating_results = std::span<const PReg>(kFloatingArguments).first(6);
  if (vectors == Vectors::present) {
    result.vector_arguments = vector;
    result.vector_results = vector.first(6);
  }
  return result;
}

inline constexpr codegen::RegisterFile kRegisterFiles[] = {make_register_file(Vectors::absent),
                                                           make_register_file(Vectors::present)};
inline constexpr codegen::ConventionRegisters kConventions[] = {make_convention(Vectors::absent),
                                                                make_convention(Vectors::present)};

constexpr const codegen::RegisterFile& register_file(Vectors vectors) {
  return kRegisterFiles[vectors == Vectors::present];
}
constexpr const codegen::ConventionRegisters& convention(Vectors vectors) {
  return kConventions[vectors == Vectors::present];
}

// The allocatable registers that a call destroys.
constexpr PRegSet call_clobbers(Vectors vectors) {
  PRegSet set;
  for (const std::span<const PReg> registers : register_file(vectors).allocatable)
    for (PReg r : registers) set.add(r);
  return set - kCalleeSavedSet;
}

}  // namespace cairn::rv64
