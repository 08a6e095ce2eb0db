// Fuzzes the reader of the x86-64 kernel's boot information (PVH). The first two bytes of the input are the address of
// the start information. The other bytes are physical memory from address 0 on.
#include "kernel/firmware/pvh.hpp"

#include "kernel/boot/options.hpp"
#include "support/input.hpp"
#include "support/memory_map_check.hpp"

using namespace cairn;
using namespace cairn::kernel;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const auto start = input.take<uint16_t>();
  const auto memory = input.rest();
  BootInfo info;
  if (!read_pvh(memory, start, info)) return 0;
  fuzz::check_map(info.ram);
  fuzz::check_map(info.memory);
  fuzz::check(info.bundle.size == 0 || (info.bundle.start.value < memory.size() && info.bundle.size <= memory.size()),
              "the bundle lies out of sight");
  fuzz::check_taken(info.memory, info.bundle);
  fuzz::check_taken(info.memory, {{start}, 56});
  fuzz::check(info.command_line.size() <= 4096, "a command line without an end");
  (void)find_mistake(info.command_line, {});
  for (const char* key : {"paging", "log", "test", ""}) (void)boot_option(info.command_line, key);
  return 0;
}
