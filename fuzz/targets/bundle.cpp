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

void fill(const kernel::BundledProgram& program) {
  wasi::FakeSystem system;
  const auto files = *wasi::MemoryFileSystem::create(system, 1 << 20);
  for (const CpioEntry& entry : program.files) {
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
  for (const Preopen& preopen : program.config.preopens) (void)files->open(preopen.path);
}

template <class Config>
void check_round_trip(const Config& config) {
  const std::string encoded = config.encode();
  const Result<Config> again = Config::parse(std::as_bytes(std::span(encoded)));
  fuzz::check(again && *again == config, "a configuration changes when it is encoded");
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
  const auto check_files = [&](std::span<const CpioEntry> files) {
    for (const CpioEntry& entry : files) {
      fuzz::check(is_inside(entry.data) && is_inside(std::as_bytes(std::span(entry.name))),
                  "a file lies outside of the bundle");
    }
  };
  for (const auto module : bundle->modules) fuzz::check(is_inside(module), "a module lies outside of the bundle");
  check_files(bundle->files);
  check_round_trip(bundle->config);
  fuzz::check(!bundle->config.main || *bundle->config.main < bundle->programs.size(), "there is no main program");
  (void)runtime::configure_engine(bundle->config);
  for (const kernel::BundledProgram& program : bundle->programs) {
    fuzz::check(program.config.module < bundle->modules.size(), "a program has no module");
    check_files(program.files);
    check_round_trip(program.config);
    fill(program);
  }
  return 0;
}
