// The registers of x86-64 and their roles (codegen/calling_convention.hpp).
#pragma once

#include <array>

#include "compiler/codegen/calling_convention.hpp"
#include "compiler/codegen/registers.hpp"

namespace cairn::x64 {

using codegen::PReg;
using codegen::PRegSet;

// The general registers, by their numbers in encodings.
enum Gpr : uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

constexpr PReg gpr(unsigned number) { return PReg::integer(number); }
constexpr PReg xmm(unsigned number) { return PReg::floating(number); }

inline constexpr unsigned kContext = r14;    // holds the VMContext
inline constexpr unsigned kMemory = r15;     // holds the base of memory 0
inline constexpr unsigned kScratch = r11;    // never allocated; moves and instruction sequences use it
inline constexpr unsigned kScratchXmm = 15;  // xmm15, used like kScratch

// The allocatable registers, in order of preference.
inline constexpr std::array kAllocatableGpr = {gpr(rax), gpr(rcx), gpr(rdx), gpr(rsi), gpr(rdi), gpr(r8),
                                               gpr(r9),  gpr(r10), gpr(rbx), gpr(rbp), gpr(r12), gpr(r13)};
// The allocatable general registers that calls destroy. A reference to a managed object is in one of these registers or
// in a stack slot.
inline constexpr std::span<const PReg> kReferenceGpr = std::span<const PReg>(kAllocatableGpr).first(8);
inline constexpr std::array kAllocatableXmm = {xmm(0), xmm(1), xmm(2),  xmm(3),  xmm(4),  xmm(5),  xmm(6), xmm(7),
                                               xmm(8), xmm(9), xmm(10), xmm(11), xmm(12), xmm(13), xmm(14)};
// The order is that of the bits of FunctionRecord::saved_registers.
inline constexpr std::array kCalleeSaved = {gpr(rbx), gpr(rbp), gpr(r12), gpr(r13)};
inline constexpr PRegSet kCalleeSavedSet = {gpr(rbx), gpr(rbp), gpr(r12), gpr(r13)};
// All allocatable registers that calls destroy.
inline constexpr PRegSet kCallClobbers = [] {
  PRegSet set;
  for (const PReg r : kAllocatableGpr) set.add(r);
  for (const PReg r : kAllocatableXmm) set.add(r);
  for (const PReg r : kCalleeSaved) set.remove(r);
  return set;
}();

inline constexpr codegen::RegisterFile kRegisterFile = {
    .allocatable = {std::span<const PReg>(kAllocatableGpr), std::span<const PReg>(kAllocatableXmm),
                    std::span<const PReg>(kAllocatableXmm), kReferenceGpr},
    .callee_saved = kCalleeSavedSet,
    .scratch = {gpr(kScratch), xmm(kScratchXmm), xmm(kScratchXmm), gpr(kScratch)},
    .spill_size = {8, 8, 16, 8},  // bytes, by class
    .saved_references = -16,      // bytes: the first slot below the return address (emit_keep_stub in trampolines.cpp)
};

inline constexpr std::array kIntegerArguments = {gpr(rdi), gpr(rsi), gpr(rdx), gpr(rcx),
                                                 gpr(r8),  gpr(r9),  gpr(rax), gpr(r10)};
inline constexpr std::array kIntegerResults = {gpr(rax), gpr(rdx), gpr(rcx), gpr(rsi), gpr(rdi), gpr(r8)};
inline constexpr codegen::ConventionRegisters kConvention = {
    .integer_arguments = kIntegerArguments,
    .floating_arguments = std::span<const PReg>(kAllocatableXmm).first(8),
    .vector_arguments = std::span<const PReg>(kAllocatableXmm).first(8),
    .integer_results = kIntegerResults,
    .floating_results = std::span<const PReg>(kAllocatableXmm).first(6),
    .vector_results = std::span<const PReg>(kAllocatableXmm).first(6),
    .vectors_share_floating = true,
    .exception = gpr(r9),
};

}  // namespace cairn::x64
