#include "compiler/rv64/registers.hpp"

namespace cairn::rv64 {
namespace {

using codegen::ConventionRegisters;
using codegen::RegisterFile;

// Argument registers last among the caller-saved ones, so that values that do not travel stay out of their way; of both
// kinds those first that compressed instructions can name (x8-x15, f8-f15).
constexpr PReg kInteger[] = {a(5), a(4), a(3), a(2), a(1), a(0), a(6), a(7), t(0), t(1), t(2), t(3),
                             t(4), s(0), s(1), s(2), s(3), s(4), s(5), s(6), s(7), s(8), s(9)};
// Those of them that calls destroy: for references of the managed heap.
constexpr std::span<const PReg> kReference = std::span<const PReg>(kInteger).first(13);
constexpr PReg kFloating[] = {fa(5), fa(4), fa(3), fa(2), fa(1), fa(0), fa(6), fa(7),  ft(0), ft(1), ft(2),
                              ft(3), ft(4), ft(5), ft(6), ft(7), ft(8), ft(9), ft(10), fs(0), fs(1), fs(2),
                              fs(3), fs(4), fs(5), fs(6), fs(7), fs(8), fs(9), fs(10), fs(11)};
constexpr PReg kVector[] = {v(15), v(14), v(13), v(12), v(11), v(10), v(9),  v(8),  v(16), v(17),
                            v(18), v(19), v(20), v(21), v(22), v(23), v(24), v(25), v(26), v(27),
                            v(28), v(29), v(1),  v(2),  v(3),  v(4),  v(5),  v(6),  v(7)};

constexpr PReg kIntegerArguments[] = {a(0), a(1), a(2), a(3), a(4), a(5), a(6), a(7)};
constexpr PReg kFloatingArguments[] = {fa(0), fa(1), fa(2), fa(3), fa(4), fa(5), fa(6), fa(7)};
constexpr PReg kVectorArguments[] = {v(8), v(9), v(10), v(11), v(12), v(13), v(14), v(15)};

constexpr PReg kCalleeSaved[] = {s(0),  s(1),  s(2),  s(3),  s(4),  s(5),  s(6),  s(7),  s(8),  s(9),   fs(0),
                                 fs(1), fs(2), fs(3), fs(4), fs(5), fs(6), fs(7), fs(8), fs(9), fs(10), fs(11)};

constexpr PRegSet callee_saved_set() {
  PRegSet set;
  for (PReg r : kCalleeSaved) set.add(r);
  return set;
}

constexpr RegisterFile make_register_file(Vectors vectors) {
  RegisterFile file;
  file.allocatable = {std::span<const PReg>(kInteger), std::span<const PReg>(kFloating),
                      vectors == Vectors::present ? std::span<const PReg>(kVector) : std::span<const PReg>(),
                      kReference};
  file.callee_saved = callee_saved_set();
  file.scratch = {kScratch, kFloatScratch, vectors == Vectors::present ? kVectorScratch : PReg(), kScratch};
  file.spill_size = {8, 8, 16, 8};
  file.saved_references = -8;
  return file;
}

constexpr ConventionRegisters make_convention(Vectors vectors) {
  const std::span<const PReg> vector(kVectorArguments);
  ConventionRegisters result;
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

constexpr RegisterFile kFiles[] = {make_register_file(Vectors::absent), make_register_file(Vectors::present)};
constexpr ConventionRegisters kConventions[] = {make_convention(Vectors::absent), make_convention(Vectors::present)};

}  // namespace

const RegisterFile& register_file(Vectors vectors) { return kFiles[vectors == Vectors::present]; }
const ConventionRegisters& convention(Vectors vectors) { return kConventions[vectors == Vectors::present]; }

PRegSet call_clobbers(Vectors vectors) {
  PRegSet set;
  for (const std::span<const PReg> registers : register_file(vectors).allocatable)
    for (PReg r : registers) set.add(r);
  return set - callee_saved_set();
}

std::span<const PReg> callee_saved_in_order() { return kCalleeSaved; }

}  // namespace cairn::rv64
