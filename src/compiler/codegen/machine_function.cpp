#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

MachineFunction::MachineFunction(Arena& storage)
    : arena(storage),
      vregs(storage),
      insts(storage),
      operands(storage),
      clobber_sets(storage),
      blocks(storage),
      reg_lists(storage),
      block_lists(storage),
      jump_tables(storage),
      constants(storage) {
  clobber_sets.push_back(PRegSet());
}

}  // namespace cairn::codegen
