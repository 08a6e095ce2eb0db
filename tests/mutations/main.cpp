// Runs the engine on mutated modules: no crash, no hang, no sanitizer's report.
//   cairn-mutate run COUNT FILES...             decodes, compiles and runs COUNT mutations in processes of its own
//   cairn-mutate write COUNT DIRECTORY FILES... writes them as DIRECTORY/N.wasm
// FILES are what `cairn run` takes. Mutation N is the same in both.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/boot_protocol.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/program.hpp"
#include "host/system/linux_system.hpp"
#include "mutator.hpp"
#include "runtime/configure.hpp"
#include "wasi/program.hpp"

namespace cairn::mutations {
namespace {

constexpr unsigned kCompileSeconds = 60;  // under sanitizers, on a busy machine
constexpr unsigned kRunSeconds = 2;       // a mutated program may well run for ever; that is its right
constexpr unsigned kBatch = 200;          // mutations a process

using Bytes = std::vector<std::byte>;

// Shared with the processes that do the work.
struct Progress {
  std::atomic<uint64_t> current;
  std::atomic<uint64_t> ran;  // how many were valid enough to run
};

std::vector<Bytes> load_seeds(char** files, int count) {
  std::vector<Bytes> seeds;
  for (int i = 0; i < count; ++i) {
    const Result<std::string> program = cli::load_program(files[i]);
    if (!program) {
      std::fprintf(stderr, "cairn-mutate: %s\n", program.error().to_string().c_str());
      std::exit(exit_status::kUsage);
    }
    seeds.push_back(cli::bytes_of(*program));
  }
  return seeds;
}

Bytes mutation(const std::vector<Bytes>& seeds, uint64_t number) {
  return mutate(seeds[number % seeds.size()], number);
}

// Runs the program without streams or directories, in a process of its own that may not take long. Whether it crashed.
bool run_crashes(const Bytes& module) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(kRunSeconds);
    host::LinuxSystem system;
    wasi::Context context(system);
    wasi::PhaseTimes times;
    const Result<runtime::EngineConfig> config = runtime::configure_engine(BootConfig{});
    if (config) (void)wasi::run_program(*config, module, context, times);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 0) && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

[[noreturn]] void work(const std::vector<Bytes>& seeds, uint64_t begin, uint64_t end, Progress& progress) {
  for (uint64_t number = begin; number < end; ++number) {
    progress.current = number;
    const Bytes module = mutation(seeds, number);
    alarm(kCompileSeconds);
    const bool compiles = cli::compile_object(cli::Options{.target = cli::Target::host},
                                              std::string(reinterpret_cast<const char*>(module.data()), module.size()))
                              .has_value();
    alarm(0);
    if (!compiles) continue;
    ++progress.ran;
    if (run_crashes(module)) _exit(1);
  }
  _exit(0);
}

int run(uint64_t count, const std::vector<Bytes>& seeds) {
  auto* progress = static_cast<Progress*>(
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  uint64_t failed = 0;
  for (uint64_t next = 0; next < count;) {
    const uint64_t end = std::min<uint64_t>(count, next + kBatch);
    const pid_t worker = fork();
    if (worker == 0) work(seeds, next, end, *progress);
    int status = 0;
    waitpid(worker, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      next = end;
      continue;
    }
    const uint64_t number = progress->current;
    const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    std::printf("FAIL mutation %llu of input %llu %s\n", static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(number % seeds.size()), hung ? "hangs the compiler" : "crashes");
    ++failed;
    next = number + 1;
  }
  std::printf("%llu of them could run\n", static_cast<unsigned long long>(progress->ran.load()));
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(count - failed),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}

int write(uint64_t count, const std::string& directory, const std::vector<Bytes>& seeds) {
  for (uint64_t number = 0; number < count; ++number) {
    const Bytes module = mutation(seeds, number);
    const std::string path = directory + "/" + std::to_string(number) + ".wasm";
    if (!cli::write_file(path, std::string_view(reinterpret_cast<const char*>(module.data()), module.size()))) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace cairn::mutations

int main(int argc, char** argv) {
  using namespace cairn::mutations;
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  const bool writes = argc > 1 && std::strcmp(argv[1], "write") == 0;
  const int first_file = writes ? 4 : 3;
  if (argc <= first_file) return cairn::exit_status::kUsage;
  const uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const std::vector<Bytes> seeds = load_seeds(argv + first_file, argc - first_file);
  return writes ? write(count, argv[3], seeds) : run(count, seeds);
}
