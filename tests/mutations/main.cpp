// Runs the engine on mutated modules, which must cause no crash, no hang and no report of a sanitizer.
//   cairn-mutate run COUNT FILES...             decodes, compiles and runs COUNT mutations in worker processes
//   cairn-mutate write COUNT DIRECTORY FILES... writes COUNT mutations as DIRECTORY/N.wasm
// FILES are programs that `cairn run` takes, and scripts. The programs and the scripts' small modules are the seeds.
// Both commands make the same mutation N. If N is even, bytes of the seed are damaged (mutator.hpp). If N is odd, the
// seed is changed so that it stays valid, where that is possible (fuzz/support/module_mutator.hpp).
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
#include "runtime/time_limit.hpp"
#include "support/check.hpp"
#include "support/module_mutator.hpp"
#include "wasi/program.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::mutations {
namespace {

constexpr unsigned kSeconds = 60;                   // enough for one mutation, under sanitizers on a busy machine
constexpr uint64_t kGuestNanoseconds = 50'000'000;  // time limit of a program, since a mutated one may run for ever
constexpr unsigned kBatch = 200;                    // mutations per worker process

using Bytes = std::vector<std::byte>;

// What the worker processes tell their parent, in shared memory.
struct Progress {
  std::atomic<uint64_t> current;  // the mutation that is being worked on
  std::atomic<uint64_t> ran;      // the number of mutations that compiled and were run
};

// Adds the small modules of a script to the seeds.
void add_script(const std::string& path, std::vector<Bytes>& seeds) {
  constexpr size_t kLargest = 4000;  // bytes of a module
  const Result<std::string> source = cli::read_file(path);
  if (!source) return;
  const auto script = wasm::text::parse_script(*source, path);
  if (!script) return;
  for (const wasm::text::Directive& directive : script->directives) {
    const auto* define = std::get_if<wasm::text::DefineModule>(&directive.what);
    if (define != nullptr && define->module.bytes && define->module.bytes->size() <= kLargest) {
      seeds.push_back(*define->module.bytes);
    }
  }
}

std::vector<Bytes> load_seeds(char** files, int count) {
  std::vector<Bytes> seeds;
  for (int i = 0; i < count; ++i) {
    // A .wat file is read like a script, so that its module is a seed even if it is not valid.
    if (const std::string_view name = files[i]; name.ends_with(".wast") || name.ends_with(".wat")) {
      add_script(files[i], seeds);
      continue;
    }
    const Result<std::string> program = cli::load_program(files[i]);
    if (!program) {
      std::fprintf(stderr, "cairn-mutate: %s\n", program.error().to_string().c_str());
      std::exit(exit_status::kUsage);
    }
    seeds.push_back(cli::bytes_of(*program));
  }
  return seeds;
}

// Changes the module once, by fuzz::mutate_module().
void change(Bytes& bytes, Random& random) {
  constexpr size_t kRoom = 4096;  // bytes by which the module may grow
  const size_t size = bytes.size();
  bytes.resize(size + kRoom);
  bytes.resize(fuzz::mutate_module(reinterpret_cast<uint8_t*>(bytes.data()), size, bytes.size(),
                                   static_cast<unsigned>(random.next())));
}

Bytes mutation(const std::vector<Bytes>& seeds, uint64_t number) {
  // The seed does not depend on number % 2, which chooses the kind of mutation.
  const Bytes& seed = seeds[number / 2 % seeds.size()];
  if (number % 2 == 0) return mutate(seed, number);
  // Modules that stay valid are of more interest, so there are several attempts to make one.
  Bytes bytes;
  Random random(number);
  for (int attempts = 0; attempts < 16; ++attempts) {
    bytes = seed;
    for (uint64_t rounds = 1 + random.below(6); rounds > 0; --rounds) change(bytes, random);
    if (wasm::decode_and_validate(bytes, wasm::Features::all())) break;
  }
  return bytes;
}

// Runs the program without streams or directories. A limit on time ends its own code, but not the engine's.
void run_program(const Bytes& module) {
  host::LinuxSystem system;
  wasi::Context context(system);
  wasi::PhaseTimes times;
  const Result<runtime::EngineConfig> config = runtime::configure_engine(BootConfig{});
  fuzz::check(config.has_value(), "no configuration of an engine");
  const auto engine = runtime::Engine::create(*config);
  fuzz::check(engine.has_value(), "no engine");
  const auto program = wasi::Program::load(**engine, module, context, {}, times);
  if (!program) return;
  runtime::TimeLimit limit(kGuestNanoseconds);
  (void)(*program)->run(limit, times);
}

// Ends the process: with status 0 if nothing is wrong, by SIGALRM if a mutation takes too long.
[[noreturn]] void work(const std::vector<Bytes>& seeds, uint64_t begin, uint64_t end, Progress& progress) {
  for (uint64_t number = begin; number < end; ++number) {
    progress.current = number;
    const Bytes module = mutation(seeds, number);
    alarm(kSeconds);
    const std::string text(reinterpret_cast<const char*>(module.data()), module.size());
    if (!cli::compile_object(cli::Options{.target = cli::Target::host}, text)) continue;
    ++progress.ran;
    run_program(module);
  }
  _exit(0);
}

int run(uint64_t count, const std::vector<Bytes>& seeds) {
  void* shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fuzz::check(shared != MAP_FAILED, "no shared memory");
  auto* progress = static_cast<Progress*>(shared);
  uint64_t failed = 0;
  for (uint64_t next = 0; next < count;) {
    const uint64_t end = std::min<uint64_t>(count, next + kBatch);
    const pid_t worker = fork();
    fuzz::check(worker >= 0, "no process for the next mutations");
    if (worker == 0) work(seeds, next, end, *progress);
    int status = 0;
    fuzz::check(waitpid(worker, &status, 0) == worker, "a process is lost");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      next = end;
      continue;
    }
    const uint64_t number = progress->current;
    const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    std::printf("FAIL mutation %llu of input %llu %s\n", static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(number / 2 % seeds.size()), hung ? "hangs" : "crashes");
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
