#include "compiler/codegen/calling_convention.hpp"

namespace cairn::codegen {
namespace {

// Hands out the registers of one direction (arguments or results) in order.
class RegisterSequence {
 public:
  RegisterSequence(std::span<const PReg> integers, std::span<const PReg> floats, std::span<const PReg> vectors,
                   bool vectors_share_floating)
      : integers_(integers), floats_(floats), vectors_(vectors), shared_(vectors_share_floating) {}

  // Returns the next register for a value of the type, or an invalid one if all are used up.
  PReg take(ir::Type type) {
    if (ir::is_integer(type)) return next(integers_);
    if (ir::is_float(type)) {
      const PReg reg = next(floats_);
      if (shared_) next(vectors_);
      return reg;
    }
    const PReg reg = next(vectors_);
    if (shared_) next(floats_);
    return reg;
  }

 private:
  static PReg next(std::span<const PReg>& registers) {
    if (registers.empty()) return PReg();
    const PReg reg = registers.front();
    registers = registers.subspan(1);
    return reg;
  }
  std::span<const PReg> integers_, floats_, vectors_;
  bool shared_;
};

constexpr uint32_t align_up(uint32_t value, uint32_t alignment) { return (value + alignment - 1) & ~(alignment - 1); }

}  // namespace

CallLayout layout_call(const ir::Signature& signature, const ConventionRegisters& registers, Arena& arena) {
  CallLayout layout;
  layout.arguments = arena.make_span<ArgLocation>(signature.params.size());
  layout.results = arena.make_span<ArgLocation>(signature.results.size());

  RegisterSequence results(registers.integer_results, registers.floating_results, registers.vector_results,
                           registers.vectors_share_floating);
  for (size_t i = 0; i < signature.results.size(); ++i) {
    const PReg reg = results.take(signature.results[i]);
    layout.results[i].reg = reg;
    if (reg.valid()) continue;
    layout.results[i].offset = layout.result_area_bytes;
    layout.result_area_bytes += 16;
  }

  RegisterSequence arguments(registers.integer_arguments, registers.floating_arguments, registers.vector_arguments,
                             registers.vectors_share_floating);
  if (layout.result_area_bytes != 0) layout.result_pointer = arguments.take(ir::Type::i64);
  for (size_t i = 0; i < signature.params.size(); ++i) {
    const PReg reg = arguments.take(signature.params[i]);
    layout.arguments[i].reg = reg;
    if (reg.valid()) continue;
    const uint32_t size = signature.params[i] == ir::Type::v128 ? 16 : 8;
    layout.stack_bytes = align_up(layout.stack_bytes, size);
    layout.arguments[i].offset = layout.stack_bytes;
    layout.stack_bytes += size;
  }
  layout.stack_bytes = align_up(layout.stack_bytes, 16);
  return layout;
}

}  // namespace cairn::codegen
