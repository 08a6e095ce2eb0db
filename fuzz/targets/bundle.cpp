// Fuzzes the reader of boot bundles: the input is the archive that the kernel gets.
//
// The parts of an accepted bundle lie inside it, its files fit into a file system of limited capacity or are refused,
// and its configuration is the same after it was encoded and read back.
#include "kernel/program/bundle.hpp"

#include "runtime/configure.hpp"
#include "support/check.hpp"
#include "support/input.hpp"
#include "wasi/fake_system.hpp"
#include "wasi/memory_files/memory_file_system.hpp"

using namespace cairn;

namespace {

void fill(const kernel::Bundle& bundle) {
  wasi::FakeSystem system;
  const auto files = *wasi::MemoryFileSystem::create(system, 1 << 20);
  for (const CpioEntry& entry : bundle.files) {
    Result<void> added;
    switch (entry.kind) {
      case CpioKind::directory: added = files->add_directory(entry.name); break;
      case CpioKind::file: added = files->add_file(entry.name, entry.data); break;
      case CpioKind::symlink:
        added = files->add_link(entry.name, {reinterpret_cast<const char*>(entry.data.data()), entry.data.size()});
        break;
    }
    if (!added) return;
  }
  for (const Preopen& preopen : bundle.config.preopens) (void)files->open(preopen.path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto archive = std::as_bytes(std::span(data, size));
  const Result<kernel::Bundle> bundle = kernel::read_bundle(archive);
  if (!bundle) return 0;
  const auto is_inside = [&](std::span<const std::byte> part) {
    return part.empty() || (part.data() >= archive.data() && part.size() <= archive.size() &&
                            static_cast<size_t>(part.data() - archive.data()) <= archive.size() - part.size());
  };
  fuzz::check(is_inside(bundle->program), "the program lies outside of the bundle");
  for (const CpioEntry& entry : bundle->files) {
    fuzz::check(is_inside(entry.data) && is_inside(std::as_bytes(std::span(entry.name))),
                "a file lies outside of the bundle");
  }
  const std::string encoded = bundle->config.encode();
  const Result<BootConfig> again = BootConfig::parse(std::as_bytes(std::span(encoded)));
  fuzz::check(again && *again == bundle->config, "a configuration changes when it is encoded");
  (void)runtime::configure_engine(bundle->config);
  fill(*bundle);
  return 0;
}
