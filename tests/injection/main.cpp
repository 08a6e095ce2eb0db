// Runs guests again and again with the n-th allocation failing, for each n until no allocation fails. README.md
// describes the allowed outcomes.
//
//   cairn-injection [--every N] [--only n] GUEST...
//
// --every counts only each N-th allocation of an operation (Injection::operation_stride). --only tests one n.
//
// A guest is a module in text form, or a folder of such modules. The modules are instantiated in the order of their
// names. Each can import from the earlier ones under the names of their files. Then `run` of the last module is called.
// `run` returns 0 if its results are right, and 2 if it was refused something and continued. Other results are wrong.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "host/cli/files.hpp"
#include "platform/injection.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "wasm/text/text.hpp"

namespace cairn {
namespace {

struct Guest {
  std::string name;
  struct Part {
    std::string name;
    std::vector<std::byte> bytes;
  };
  std::vector<Part> parts;
};

// The progress of the process that runs a guest. Its parent reads it if the process ended badly.
struct Progress {
  uint64_t n = 0;            // the number of the allocation that fails, from 1 on
  bool goes_on = false;      // whether all later allocations fail, too
  bool is_finished = false;  // whether no further n is to be tested
  uint64_t runs = 0, refusals = 0;
};

enum class Outcome : uint8_t { right, refused, wrong };

struct Verdict {
  Outcome outcome = Outcome::right;
  std::string why;
};

// These functions judge how a guest ended after an injected failure: the error or trap must say that a resource is
// missing or a limit was reached.
Verdict judge(const Error& error) {
  if (error.kind == ErrorKind::resource || error.kind == ErrorKind::limit) return {Outcome::refused, {}};
  return {Outcome::wrong, "error: " + error.message};
}

Verdict judge(const runtime::Trap& trap) {
  if (trap.kind == wasm::TrapKind::allocation_failure) return {Outcome::refused, {}};
  return {Outcome::wrong, trap.what()};
}

Verdict run_guest(const runtime::EngineConfig& config, const Guest& guest) {
  auto engine = runtime::Engine::create(config);
  if (!engine) return judge(engine.error());
  auto store = runtime::Store::create(**engine);
  if (!store) return judge(store.error());
  runtime::Linker linker(**store);
  std::optional<runtime::Instance> last;
  for (const Guest::Part& part : guest.parts) {
    TryVector<std::byte> copy;
    if (!copy.try_append(part.bytes)) return {Outcome::refused, {}};
    Result<std::vector<std::byte>> bytes =
        run_operation([&] { return std::vector<std::byte>(copy.begin(), copy.end()); });
    if (!bytes) return judge(bytes.error());
    auto module = runtime::Module::create(**engine, *std::move(bytes));
    if (!module) return judge(module.error());
    auto instance = linker.instantiate(*module);
    if (!instance) return instance.error().trap ? judge(*instance.error().trap) : judge(instance.error().error);
    last = *instance;
    if (auto defined = linker.define_instance(part.name, *instance); !defined) return judge(defined.error());
  }
  const auto run = runtime::get_export_as<runtime::Func>(**store, *last, "run");
  if (!run) return {Outcome::wrong, "there is no function run"};
  const auto function = runtime::TypedFunc<int32_t()>::create(**store, *run);
  if (!function) return judge(function.error());
  const auto result = function->call(**store);
  if (!result) return judge(result.error());
  if (*result == 0) return {Outcome::right, {}};
  if (*result == 2) return {Outcome::refused, {}};
  return {Outcome::wrong, "run gave " + decimal(*result)};
}

[[noreturn]] void end(const Guest& guest, const Progress& progress, const std::string& why) {
  std::printf("FAIL %s, allocation %llu%s: %s\n", guest.name.c_str(), static_cast<unsigned long long>(progress.n),
              progress.goes_on ? " and all from there on" : "", why.c_str());
  std::fflush(stdout);
  _exit(1);
}

// Runs the guest for each n from progress.n on, until no allocation fails. Then ends the process, which test_guest()
// has forked for this. With `only_one`, runs it for progress.n only.
[[noreturn]] void run_all(const runtime::EngineConfig& config, const Guest& guest, Progress& progress, bool only_one) {
  (void)run_guest(config, guest);  // makes the objects that a process makes only once, before any counting
  const int64_t allocations = injection.allocations.load();
  const int64_t mappings = injection.mappings.load();
  while (true) {
    alarm(60);
    injection.goes_on = progress.goes_on;
    injection.has_failed = false;
    injection.fails_at = progress.n;
    Verdict verdict = run_guest(config, guest);
    injection.fails_at = 0;
    ++progress.runs;
    const bool failed = injection.has_failed;
    if (verdict.outcome == Outcome::refused) ++progress.refusals;
    if (verdict.outcome == Outcome::refused && !failed) end(guest, progress, "refused without a failure");
    if (verdict.outcome == Outcome::wrong) end(guest, progress, verdict.why);
    verdict.why = {};
    if (injection.allocations != allocations) {
      end(guest, progress, decimal(int64_t{injection.allocations} - allocations) + " allocations are left");
    }
    if (injection.mappings != mappings)
      end(guest, progress, decimal(int64_t{injection.mappings} - mappings) + " mappings are left");
    if (!failed || only_one) break;
    ++progress.n;
  }
  progress.is_finished = true;
  _exit(0);
}

// Runs the guest for each n, or for `only` if it is not 0. Returns the number of faults that were found.
int test_guest(const runtime::EngineConfig& config, const Guest& guest, bool goes_on, uint64_t only) {
  constexpr int kMostFaults = 10;
  void* shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& progress = *std::construct_at(static_cast<Progress*>(shared));
  progress.n = only != 0 ? only : 1;
  progress.goes_on = goes_on;
  int faults = 0;
  while (!progress.is_finished && faults < kMostFaults) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) run_all(config, guest, progress, only != 0);
    int status = 0;
    waitpid(child, &status, 0);
    if (progress.is_finished && status == 0) break;
    ++faults;
    if (WIFSIGNALED(status)) {
      std::printf("FAIL %s, allocation %llu%s: ended by signal %d%s\n", guest.name.c_str(),
                  static_cast<unsigned long long>(progress.n), goes_on ? " and all from there on" : "",
                  WTERMSIG(status), WTERMSIG(status) == SIGALRM ? " (it hangs)" : "");
    } else if (WEXITSTATUS(status) != 1) {
      std::printf("FAIL %s, allocation %llu%s: ended with status %d\n", guest.name.c_str(),
                  static_cast<unsigned long long>(progress.n), goes_on ? " and all from there on" : "",
                  WEXITSTATUS(status));
    }
    if (only != 0) break;
    ++progress.n;
  }
  std::printf("%s%s: %llu runs, %llu refused, %d faults\n", guest.name.c_str(), goes_on ? " (all from n on)" : "",
              static_cast<unsigned long long>(progress.runs), static_cast<unsigned long long>(progress.refusals),
              faults);
  munmap(shared, sizeof(Progress));
  return faults;
}

Result<Guest> load_guest(const std::string& path) {
  std::vector<std::string> files;
  if (cli::is_directory(path)) {
    for (const std::string& name : CAIRN_TRY(cli::list_directory(path))) files.push_back(path + "/" + name);
    std::ranges::sort(files);
  } else {
    files.push_back(path);
  }
  Guest guest;
  guest.name = path.substr(path.rfind('/') + 1);
  for (const std::string& file : files) {
    const std::string source = CAIRN_TRY(cli::read_file(file));
    std::string name = file.substr(file.rfind('/') + 1);
    name.resize(name.rfind('.'));
    guest.parts.push_back({std::move(name), CAIRN_TRY(wasm::text::assemble(source, file))});
  }
  return guest;
}

int main_of(std::vector<std::string> arguments) {
  uint64_t only = 0;
  std::vector<std::string> paths;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--every" && i + 1 < arguments.size()) {
      injection.operation_stride = std::strtoull(arguments[++i].c_str(), nullptr, 10);
    } else if (arguments[i] == "--only" && i + 1 < arguments.size()) {
      only = std::strtoull(arguments[++i].c_str(), nullptr, 10);
    } else {
      paths.push_back(arguments[i]);
    }
  }
  const Result<runtime::EngineConfig> config = runtime::configure_engine(BootConfig{});
  if (!config) return std::printf("%s\n", config.error().message.c_str()), 1;
  int passed = 0, failed = 0;
  for (const std::string& path : paths) {
    const Result<Guest> guest = load_guest(path);
    if (!guest) {
      std::printf("FAIL %s: %s\n", path.c_str(), guest.error().message.c_str());
      ++failed;
      continue;
    }
    for (const bool goes_on : {false, true}) (test_guest(*config, *guest, goes_on, only) == 0 ? passed : failed) += 1;
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}

}  // namespace
}  // namespace cairn

int main(int count, char** arguments) { return cairn::main_of({arguments + 1, arguments + count}); }
