// The first C++ function of the kernel, which entry.S calls. It fills BootInfo from the device tree, makes the firmware
// start the other harts, and enters kernel_main().
#include "base/boot_protocol.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/tree_boot_info.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

extern "C" {
extern const std::byte cpu_start[];
extern std::byte trap_stacks[];
}

namespace cairn::kernel {
namespace {

constinit BootInfo first_boot_info;

// Whether the first CPU of the tree has all extensions of RV64GC, for which the kernel itself is compiled. If not,
// writes the name of a missing one to the console. Without this check, an instruction of that extension would fault,
// and the handler of the fault would fault, too.
bool has_all_extensions(const DeviceTree& tree) {
  const char missing = missing_extension(tree);
  if (missing == 0) return true;
  const char name[] = {missing, '\n', 0};
  write_raw(kBelowFloor);
  write_raw(": it lacks ");
  write_raw(name);
  return false;
}

// Makes the firmware start all other harts, which wait in entry.S until the kernel uses them. They could wait in the
// firmware instead, but would spin there: an interrupt that nothing takes stays pending while OpenSBI waits.
void gather_other_harts(const DeviceTree& tree, uint64_t own) {
  constexpr uint64_t kHartState = 0x48534d, kStart = 0;  // "HSM" [sbi 9]
  const auto cpus = tree.root()->child("cpus");
  for (auto cpu = cpus ? cpus->first_child() : std::nullopt; cpu; cpu = cpu->next_sibling()) {
    const auto hart = cpu->number("reg");
    if (cpu->text("device_type") != "cpu" || !hart || *hart == own) continue;
    sbi_call(kHartState, kStart, *hart, reinterpret_cast<uint64_t>(cpu_start) - layout::kImage);
  }
}

}  // namespace

extern "C" [[noreturn]] void cairn_boot(uint64_t hart, uint64_t tree_address) {
  BootInfo& info = first_boot_info;
  info.entry_ticks = machine::ticks();
  info.firmware = "SBI";
  boot_cpu().hardware_id = hart;
  boot_cpu().first_context.stack = boot_stack();
  machine::set_up_traps(boot_cpu(), trap_stacks);
  std::optional<DeviceTree> tree;
  // The tree is read through the direct map. Its size is not known yet, so the 16 MiB from its start on must lie there.
  if (tree_address != 0 && tree_address < layout::kDirectMapSize - (16 << 20)) {
    const DirectMap map(layout::kDirectMap);
    tree = DeviceTree::create({map.at({tree_address}), 16 << 20});
  }
  if (!tree || !read_boot_info(*tree, layout::kDirectMapSize, info)) {
    write_raw("cairn: no usable device tree\n");
    machine::power_off(71);  // exit_status::kSystem (base/boot_protocol.hpp)
  }
  if (!has_all_extensions(*tree)) machine::power_off(exit_status::kBadModule);
  info.device_tree = {{tree_address}, tree->size()};
  info.memory.reserve({{layout::kDirectMapSize}, ~uint64_t{0} >> 1});
  info.memory.reserve(image_range());
  info.memory.reserve(info.device_tree);
  info.memory.reserve(info.bundle);
  info.other_cpus = usable_harts(*tree).without(hart);
  gather_other_harts(*tree, hart);
  kernel_main(info);
}

}  // namespace cairn::kernel
