// `cairn try`: tries modules that nobody knows, in this process or all in one boot of a machine (wasi/trial.hpp).
#include <algorithm>
#include <cstdio>

#include "base/cpio.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/system/linux_system.hpp"
#include "runtime/configure.hpp"
#include "wasi/trial.hpp"

namespace cairn::cli {
namespace {

// The modules below directories, in order of their names; a file is itself. Shorter names first, so that numbers are in order.
Result<std::vector<std::string>> find_modules(const std::vector<std::string>& paths) {
  std::vector<std::string> modules;
  for (const std::string& path : paths) {
    if (!is_directory(path)) {
      modules.push_back(path);
      continue;
    }
    std::vector<std::string> names = CAIRN_TRY(list_directory(path));
    std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
    for (const std::string& name : names) {
      if (name.ends_with(".wasm")) modules.push_back(path + "/" + name);
    }
  }
  return modules;
}

Result<int> try_on_host(const Options& options, const std::vector<std::string>& modules) {
  const runtime::EngineConfig config = CAIRN_TRY(runtime::configure_engine(engine_settings(options)));
  host::LinuxSystem machine;
  wasi::SleeplessSystem system(machine);
  for (const std::string& path : modules) {
    const std::string bytes = CAIRN_TRY(read_file(path));
    const std::string outcome =
        wasi::try_module(config, bytes_of(bytes), system, {}, wasi::within(wasi::kTrialNanoseconds));
    std::printf("%s: %s\n", path.c_str(), outcome.c_str());
    std::fflush(stdout);
  }
  return 0;
}

Result<int> try_on_machine(const Options& options, const std::vector<std::string>& modules) {
  BootConfig config = engine_settings(options);
  config.mode = BootMode::trial;
  CpioWriter archive;
  const std::string encoded = config.encode();
  archive.add({.name = bundle_member::kConfig, .data = std::as_bytes(std::span(encoded))});
  for (const std::string& path : modules) {
    const std::string bytes = CAIRN_TRY(read_file(path));
    const std::string name = std::string(bundle_member::kRoot) + (path.starts_with('/') ? "" : "/") + path;
    archive.add({.name = name, .data = std::as_bytes(std::span(bytes))});
  }
  return report_machine(options, CAIRN_TRY(run_machine(options, archive.finish())));
}

}  // namespace

Result<int> try_modules(const Options& options) {
  const std::vector<std::string> modules = CAIRN_TRY(find_modules(options.operands));
  if (options.target == Target::host || options.target == Target::host_riscv64) return try_on_host(options, modules);
  return try_on_machine(options, modules);
}

}  // namespace cairn::cli
