#include "measure.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>

#include "compiler/codegen/object/object_reader.hpp"
#include "compiler/compile.hpp"
#include "host/system/linux_system.hpp"
#include "platform/platform.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "wasi/wasi.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::bombs {
namespace {

constexpr unsigned kSeconds = 300;  // after this time a process counts as hanging

// Returns the CPU time of this process.
uint64_t cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Returns the number in the line of /proc/self/status that begins with `key`, in bytes.
uint64_t memory_status(const char* key) {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  char line[256];
  unsigned long long kilobytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, key, std::strlen(key)) == 0) std::sscanf(line + std::strlen(key), " %llu", &kilobytes);
  }
  std::fclose(file);
  return kilobytes * 1024;
}

// Makes the peak of resident memory what is in use now.
void forget_peak() {
  if (std::FILE* file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);  // resets VmHWM, the peak of resident memory
    std::fclose(file);
  }
}

// Measures CPU time: lap() returns the time since the last lap.
class Laps {
 public:
  uint64_t lap() {
    const uint64_t now = cpu_nanoseconds();
    return now - std::exchange(last_, now);
  }

 private:
  uint64_t last_ = cpu_nanoseconds();
};

void keep(Cost& cost, const Error& error) {
  std::snprintf(cost.error, sizeof cost.error, "%s", error.to_string().c_str());
}

// Runs `prepare` and `work` in a child process, and counts the peak of memory from the beginning of `work`.
Cost in_child(const std::function<void(Cost&)>& prepare, const std::function<void(Cost&)>& work) {
  auto* shared =
      static_cast<Cost*>(mmap(nullptr, sizeof(Cost), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::construct_at(shared);
  const pid_t child = fork();
  if (child == 0) {
    alarm(kSeconds);
    prepare(*shared);
    malloc_trim(0);
    forget_peak();
    const uint64_t before = memory_status("VmRSS:");
    work(*shared);
    const uint64_t peak = memory_status("VmHWM:");
    shared->memory_bytes = peak > before ? peak - before : 0;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Cost cost = *shared;
  cost.is_alive = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  munmap(shared, sizeof(Cost));
  return cost;
}

Result<std::vector<std::byte>> timed_compile(wasm::Module& module, const compiler::Options& options, uint64_t& time) {
  Laps laps;
  auto object = compiler::compile_module(module, options);
  time += laps.lap();
  return object;
}

Result<void> compile(std::vector<std::byte> bytes, compiler::Architecture architecture, bool optimize, Cost& cost) {
  Laps laps;
  auto decoded = wasm::decode_module(std::move(bytes), wasm::Features::all());
  cost.front = laps.lap();
  wasm::Module module = CAIRN_TRY(std::move(decoded));
  runtime::EngineConfig config = CAIRN_TRY(runtime::configure_engine(BootConfig{}));
  config.compiler.features = wasm::Features::all();
  config.compiler.optimize = optimize;
  const bool is_native = config.compiler.architecture == architecture;
  if (!is_native) {
    config.compiler.architecture = architecture;
    config.compiler.cpu = {};
  }
  const auto object = CAIRN_TRY(timed_compile(module, config.compiler, cost.compile));
  cost.object_bytes = object.size();
  laps.lap();
  if (!is_native) {
    CAIRN_TRY(codegen::read_object(object));
    cost.load = laps.lap();
    return {};
  }
  const auto engine = CAIRN_TRY(runtime::Engine::create(config));
  laps.lap();
  auto loaded = CAIRN_TRY(runtime::Module::load(*engine, std::move(module), object, config.compiler.bounds));
  auto store = CAIRN_TRY(runtime::Store::create(*engine));
  runtime::Linker linker(*store);
  host::LinuxSystem system;
  wasi::Context context(system);
  CAIRN_TRY(wasi::define_wasi(linker, context));
  CAIRN_TRY(linker.define_function("", "", [](runtime::Caller&) -> std::expected<void, runtime::Trap> { return {}; }));
  const auto instance = linker.instantiate(loaded);
  cost.load = laps.lap();
  if (!instance && !instance.error().trap) return fail(instance.error().error);
  return {};
}

Result<void> read_and_print(const std::string& source, Cost& cost) {
  Laps laps;
  const std::vector<std::byte> bytes = CAIRN_TRY(wasm::text::assemble(source, "bomb"));
  cost.front = laps.lap();
  cost.object_bytes = bytes.size();
  const wasm::Module module = CAIRN_TRY(wasm::decode_module(bytes, wasm::Features::all()));
  laps.lap();
  CAIRN_TRY(wasm::text::disassemble(module));
  cost.load = laps.lap();
  return {};
}

}  // namespace

Cost measure_module(const MakeModule& make, compiler::Architecture architecture, bool optimize) {
  std::vector<std::byte> bytes;
  return in_child(
      [&](Cost& cost) {
        bytes = make();
        cost.input_bytes = bytes.size();
      },
      [&](Cost& cost) {
        if (const Result<void> done = compile(std::move(bytes), architecture, optimize, cost); !done)
          keep(cost, done.error());
      });
}

Cost measure_text(const MakeText& make) {
  std::string source;
  return in_child(
      [&](Cost& cost) {
        source = make();
        cost.input_bytes = source.size();
      },
      [&](Cost& cost) {
        if (const Result<void> done = read_and_print(source, cost); !done) keep(cost, done.error());
      });
}

}  // namespace cairn::bombs
