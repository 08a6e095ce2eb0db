// `cairn try`: tries modules that nobody knows, in this process or all in one boot of a machine (wasi/trial.hpp).
#include <algorithm>
#include <cstdio>

#include "base/cpio.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/system/linux_system.hpp"
#include "platform/time_limit.hpp"
#include "runtime/configure.hpp"
#include "wasi/trial.hpp"

namespace cairn::cli {
namespace {

constexpr uint64_t kTime = 200'000'000;  // nanoseconds that a module's guest code may take in all

// Sleeping takes no time; the rest is the machine's.
class TrialSystem final : public wasi::System {
 public:
  uint64_t now(wasi::ClockId clock) override { return system_.now(clock); }
  uint64_t resolution(wasi::ClockId clock) override { return system_.resolution(clock); }
  void fill_random(std::span<std::byte> bytes) override { system_.fill_random(bytes); }
  void sleep_until(uint64_t) override {}
  void yield() override {}

 private:
  host::LinuxSystem system_;
};

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
  TrialSystem system;
  for (const std::string& path : modules) {
    const std::string bytes = CAIRN_TRY(read_file(path));
    const std::string outcome = wasi::try_module(config, bytes_of(bytes), system, {}, [](const std::function<void()>& body) {
      const platform::TimeLimit limit(kTime);
      body();
    });
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
