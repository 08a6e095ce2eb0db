#include "host/cli/accelerator.hpp"

#include <sys/utsname.h>

#include <cstdio>

#include "host/cli/bundle.hpp"
#include "host/cli/files.hpp"
#include "host/cli/machine.hpp"
#include "host/cli/systems.hpp"
#include "wasm/text/text.hpp"

namespace cairn::cli {
namespace {

// Whether KVM runs the machine of the options. Only a machine that runs to its end proves this: KVM may fail although
// its device exists and can be opened.
bool runs_under_kvm(const Options& options) {
  constexpr uint64_t kPatience = 10'000'000'000;  // nanoseconds
  Options trial;
  trial.target = options.target;
  trial.machine = options.machine;
  trial.cpu = options.cpu;
  trial.accelerator = Accelerator::kvm;
  trial.memory_bytes = uint64_t{128} << 20;
  const auto module =
      wasm::text::assemble(R"((module (memory (export "memory") 1) (func (export "_start"))))", "trial");
  if (!module) return false;
  const auto bundle = make_bundle(
      trial, single_program("trial", std::string(reinterpret_cast<const char*>(module->data()), module->size())));
  if (!bundle) return false;
  const Result<MachineReport> report = run_machine(trial, *bundle, kPatience);
  return report && report->exited && report->status == 0;
}

}  // namespace

Result<Accelerator> choose_accelerator(const Options& options) {
  if (options.accelerator != Accelerator::automatic) return options.accelerator;
  utsname host{};
  uname(&host);
  bool works = false;
  // KVM runs only machines of the host's architecture.
  if (to_string(options.target) == host.machine) {
    const Result<std::string> cache = cache_directory();
    const std::string kept = (cache ? *cache : std::string()) + "/accelerator-" + host.nodename + "-" + host.release +
                             "-" + std::string(to_string(options.target)) + "-" + options.cpu;
    const Result<std::string> known = cache ? read_file(kept) : Result<std::string>(fail(cache.error()));
    works = known ? *known == "kvm\n" : runs_under_kvm(options);
    // Without a cache, KVM is tried again the next time.
    if (cache && !known) (void)write_file(kept, works ? "kvm\n" : "tcg\n");
  }
  if (!works) std::fputs("cairn: KVM does not run this machine here; it is emulated (--accel tcg)\n", stderr);
  return works ? Accelerator::kvm : Accelerator::tcg;
}

}  // namespace cairn::cli
