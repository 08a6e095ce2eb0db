// `cairn try`: tries unknown modules, each in a process of its own, or many in one boot of a machine
// (testing/trial/trial.hpp).
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/format.hpp"
#include "host/cli/batch.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/program.hpp"
#include "host/system/linux_system.hpp"
#include "runtime/configure.hpp"
#include "testing/trial/trial.hpp"

namespace cairn::cli {
namespace {

constexpr unsigned kPatienceSeconds = 120;  // limit on each module; its guest code is ended much earlier

// Finds the files .wasm and .wat in directories; a path that is not a directory stands for itself. Within a directory,
// shorter names come first, so that numbered files are in the order of their numbers.
Result<std::vector<std::string>> find_modules(const std::vector<std::string>& paths) {
  std::vector<std::string> modules;
  for (const std::string& path : paths) {
    if (!is_directory(path)) {
      modules.push_back(path);
      continue;
    }
    std::vector<std::string> names = CAIRN_TRY(list_directory(path));
    std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
    const size_t before = modules.size();
    for (const std::string& name : names) {
      if (name.ends_with(".wasm") || name.ends_with(".wat")) modules.push_back(path + "/" + name);
    }
    if (modules.size() == before) {
      return fail(Error::of(ErrorKind::usage, "there is no .wasm or .wat file in " + path));
    }
  }
  return modules;
}

void print_outcome(const std::string& name, const std::string& outcome) {
  std::printf("%s: %s\n", name.c_str(), outcome.c_str());
  std::fflush(stdout);
}

// Reads the modules. The result of a text that does not assemble is printed here. A file that cannot be read ends the
// command before anything runs.
Result<std::vector<BatchFile>> read_modules(const std::vector<std::string>& paths) {
  std::vector<BatchFile> modules;
  for (const std::string& path : CAIRN_TRY(find_modules(paths))) {
    Result<std::string> contents = load_program(path, Validation::off);
    if (contents) {
      modules.push_back({path, *std::move(contents)});
    } else if (contents.error().kind == ErrorKind::io) {
      return fail(std::move(contents).error());
    } else {
      print_outcome(path, "not run: " + contents.error().to_string());
    }
  }
  return modules;
}

// Returns how a child has ended, for a message; nothing if it has ended normally.
std::optional<std::string> bad_end(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "takes too long, and its process was ended";
  if (WIFSIGNALED(status)) return std::string("ended its process: ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "ended its process with status " + decimal(WEXITSTATUS(status));
  return std::nullopt;
}

Result<int> try_on_host(const Options& options, const std::vector<BatchFile>& modules) {
  const runtime::EngineConfig config = CAIRN_TRY(runtime::configure_engine(engine_settings(options)));
  int result = 0;
  for (const auto& [path, bytes] : modules) {
    const pid_t child = fork();
    if (child < 0)
      return fail(Error::of(ErrorKind::io, std::string("cannot start a process: ") + std::strerror(errno)));
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      alarm(kPatienceSeconds);
      host::LinuxSystem machine;
      wasi::SleeplessSystem system(machine);
      print_outcome(path, wasi::try_module(config, bytes_of(bytes), system, {}, wasi::within(wasi::kTrialNanoseconds)));
      _exit(std::ferror(stdout) != 0 ? exit_status::kSystem : 0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (const auto end = bad_end(status)) {
      print_outcome("FAIL " + path, *end);
      result = 1;
    }
  }
  return std::ferror(stdout) != 0 ? exit_status::kSystem : result;
}

Result<int> try_on_machine(const Options& options, const std::vector<BatchFile>& modules) {
  BootConfig config = engine_settings(options);
  config.mode = BootMode::trial;
  return run_batch(options, config, modules, uint64_t{kPatienceSeconds} * 1'000'000'000, "FAIL ");
}

}  // namespace

Result<int> try_modules(const Options& options) {
  const std::vector<BatchFile> modules = CAIRN_TRY(read_modules(options.operands));
  if (options.target == Target::host || options.target == Target::host_riscv64) return try_on_host(options, modules);
  return try_on_machine(options, modules);
}

}  // namespace cairn::cli
