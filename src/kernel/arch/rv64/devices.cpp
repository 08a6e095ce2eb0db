#include "kernel/machine.hpp"
namespace cairn::kernel::machine {
void find_devices(const BootInfo&) {}
}
