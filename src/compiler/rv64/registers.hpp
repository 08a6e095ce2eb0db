// The registers of RV64 and their roles (codegen/calling_convention.hpp has the table).
#pragma once

#include "compiler/codegen/calling_convention.hpp"
#include "compiler/codegen/registers.hpp"

namespace cairn::rv64 {

using codegen::PReg;
using codegen::PRegSet;

inline constexpr PReg kZero = PReg::integer(0);
inline constexpr PReg kReturnAddress = PReg::integer(1);
inline constexpr PReg kStackPointer = PReg::integer(2);
inline constexpr PReg kMemoryBase = PReg::integer(26);     // s10, pinned
inline constexpr PReg kVMContext = PReg::integer(27);      // s11, pinned
inline constexpr PReg kScratch2 = PReg::integer(30);       // t5: the emitter's own
inline constexpr PReg kScratch = PReg::integer(31);        // t6: parallel moves, and the emitter's own
inline constexpr PReg kFloatScratch = PReg::floating(31);  // ft11
inline constexpr PReg kVectorScratch = PReg::vector(31);
inline constexpr PReg kVectorMask = PReg::vector(0);  // v0, the only register that can mask; never allocated

constexpr PReg t(unsigned i) { return PReg::integer(i < 3 ? 5 + i : 25 + i); }
constexpr PReg a(unsigned i) { return PReg::integer(10 + i); }
constexpr PReg s(unsigned i) { return PReg::integer(i < 2 ? 8 + i : 16 + i); }
constexpr PReg ft(unsigned i) { return PReg::floating(i < 8 ? i : 20 + i); }
constexpr PReg fa(unsigned i) { return PReg::floating(10 + i); }
constexpr PReg fs(unsigned i) { return PReg::floating(i < 2 ? 8 + i : 16 + i); }
constexpr PReg v(unsigned i) { return PReg::vector(i); }

enum class Vectors : bool { absent, present };

const codegen::RegisterFile& register_file(Vectors vectors);
const codegen::ConventionRegisters& convention(Vectors vectors);

// All registers that a call may change: what is not callee-saved, without the scratch registers.
PRegSet call_clobbers(Vectors vectors);

// The callee-saved registers in the order of FunctionRecord::saved_registers' bits: s0-s9, then fs0-fs11.
std::span<const PReg> callee_saved_in_order();

}  // namespace cairn::rv64
