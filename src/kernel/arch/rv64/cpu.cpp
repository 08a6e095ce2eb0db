// Finds out which features the CPUs have.
#include "port/cpu.hpp"

#include "kernel/cpu_features.hpp"
#include "kernel/firmware/boot_tree.hpp"
#include "kernel/machine.hpp"

namespace cairn::kernel {

// No ratified extension of RISC-V has an instruction that clears branch predictors.
void machine::forget_branches() {}

// Sets the field VS of sstatus to "initial". The field stays 0 on a CPU without V.
void enable_vector_state() { CAIRN_CSR_SET(sstatus, uint64_t{1} << 9); }

compiler::CpuFeatures detect_cpu_features() {
  compiler::CpuFeatures features;
  const auto tree = boot_tree(boot_info());
  const auto cpus = tree ? tree->root()->child("cpus") : std::nullopt;
  if (!cpus) return features;
  // Reports only features that every CPU in the device tree has, because a program may run on any of them.
  bool first = true;
  for (auto cpu = cpus->first_child(); cpu; cpu = cpu->next_sibling()) {
    if (cpu->text("device_type") != "cpu") continue;
    // "rv64imafdcvh_zba_zbb": single letters up to the first underscore, then names.
    const std::string_view isa = cpu->text("riscv,isa");
    const std::string_view letters = isa.substr(0, isa.find('_'));
    auto has = [&](std::string_view name) {
      for (size_t at = isa.find('_'); at != std::string_view::npos;) {
        const size_t end = isa.find('_', at + 1);
        if (isa.substr(at + 1, end == std::string_view::npos ? end : end - at - 1) == name) return true;
        at = end;
      }
      return false;
    };
    const compiler::CpuFeatures before = features;
    features.zba = has("zba") && (first || before.zba);
    features.zbb = has("zbb") && (first || before.zbb);
    features.zbs = has("zbs") && (first || before.zbs);
    features.v = letters.size() > 4 && letters.substr(4).contains('v') && (first || before.v);
    first = false;
  }
  return features;
}

}  // namespace cairn::kernel
