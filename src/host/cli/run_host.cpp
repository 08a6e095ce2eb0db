// `cairn run` with the target host: runs the programs of a system in this process, each on a thread.
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/format.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/process_program.hpp"
#include "host/cli/thread.hpp"
#include "platform/platform.hpp"
#include "runtime/configure.hpp"
#include "wasi/supervision/supervise.hpp"
#include "wasi/supervision/system_outcome.hpp"

namespace cairn::cli {

namespace {

void print_milliseconds(const char* name, uint64_t nanoseconds) {
  std::fprintf(stderr, "%-12s %8.1f ms\n", name, static_cast<double>(nanoseconds) / 1e6);
}

void print_heap(const runtime::HeapStatistics& heap) {
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  const auto milliseconds = [](uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; };
  std::fprintf(stderr, "%-12s %llu minor, %llu major (%llu at once); MB: %.1f allocated, %.1f promoted, %.1f live\n",
               "collections", number(heap.minor_collections), number(heap.major_collections),
               number(heap.full_collections), megabytes(heap.allocated_bytes), megabytes(heap.promoted_bytes),
               megabytes(heap.live_bytes));
  std::fprintf(stderr, "%-12s %.3f ms maximum, %.3f ms for 99 %%, %.1f ms in all (%llu pauses)\n", "pauses",
               milliseconds(heap.pauses.maximum()), milliseconds(heap.pauses.quantile(990)),
               milliseconds(heap.pauses.total()), number(heap.pauses.count()));
}

void print_times(const wasi::PhaseTimes& times) {
  print_milliseconds("decode", times.decode);
  print_milliseconds("compile", times.compile);
  print_milliseconds("instantiate", times.instantiate);
  print_milliseconds("run", times.run);
  if (times.heap) print_heap(*times.heap);
}

// Runs the programs of a system until it has ended.
class ProcessSupervisor final : private wasi::ProgramServices {
 public:
  ProcessSupervisor(const Options& options, const LoadedSystem& system, runtime::Engine& engine)
      : options_(options),
        system_(system),
        engine_(engine),
        outcome_(static_cast<uint32_t>(system.description.programs.size()), system.description.main),
        left_(system.description.programs.size()) {
    for (const std::string& module : system.modules)
      modules_.push_back(std::make_unique<wasi::SharedModule>(std::as_bytes(std::span(module))));
  }

  // Returns the system's exit status. Some programs may still run then.
  int run() {
    const size_t count = system_.description.programs.size();
    joins_.reserve(count);
    for (uint32_t number = 0; number < count; ++number) joins_.push_back(start_thread([this, number] { run(number); }));
    while (has_ended_.load(std::memory_order_acquire) == 0) (void)platform::Platform::park(has_ended_, std::nullopt);
    if (options_.report_times && system_.description.main) print_times(main_times_);
    return outcome_.with([](wasi::SystemOutcome& outcome) { return outcome.status(); });
  }

  // Waits until all threads have ended. Returns false at once if a program still runs.
  bool join_all() {
    if (left_.load(std::memory_order_acquire) != 0) return false;
    for (const std::function<void()>& join : joins_) join();
    return true;
  }

 private:
  // Runs one program until it has ended for good.
  void run(uint32_t number) {
    const host::ProgramDescription& program = system_.description.programs[number];
    const bool is_main = system_.description.main == number;
    const ProcessJob job{engine_,
                         *modules_[program.config.module],
                         program,
                         options_.memory_bytes / 2,
                         system_.marks_output(options_) ? &lines_ : nullptr,
                         this};
    const auto run_program = [&] {
      log(number, "starts");
      wasi::PhaseTimes times;
      const wasi::ProgramEnd end = run_once(job, times);
      if (is_main) main_times_ = times;
      return end;
    };
    const auto note_run = [&](const wasi::ProgramEnd& end, std::optional<uint64_t> delay) {
      const std::string restart = delay ? " and starts again in " + decimal(*delay / 1'000'000) + " ms" : "";
      log(number, "ended with status " + decimal(end.status) + restart);
    };
    host::LinuxSystem clock;
    const auto wait = [&](uint64_t delay) {
      clock.sleep_until(clock.now(wasi::ClockId::monotonic) + delay);
      return true;
    };
    const wasi::ProgramEnd end = wasi::supervise(clock, program.config.restart, run_program, note_run, wait);
    const bool has_ended = outcome_.with([&](wasi::SystemOutcome& outcome) {
      outcome.note_end(number, end.status);
      return outcome.has_ended();
    });
    left_.fetch_sub(1, std::memory_order_release);
    if (!has_ended) return;
    has_ended_.store(1, std::memory_order_release);
    platform::Platform::unpark(has_ended_);
  }

  wasi::SharedModule* find_module(std::string_view name) override {
    for (const host::ProgramDescription& program : system_.description.programs) {
      if (program.config.name == name) return modules_[program.config.module].get();
    }
    return nullptr;
  }
  void log(std::string_view program, std::string_view text) override {
    std::fputs(("log of `" + std::string(program) + "`: " + std::string(text) + "\n").c_str(), stderr);
  }

  // With --verbose, writes the line that a kernel would write to its log.
  void log(uint32_t number, const std::string& what) const {
    if (!options_.verbose) return;
    const std::string& name = system_.description.programs[number].config.name;
    std::fputs(("program " + decimal(number) + " `" + name + "` " + what + "\n").c_str(), stderr);
  }

  const Options& options_;
  const LoadedSystem& system_;
  runtime::Engine& engine_;
  std::vector<std::unique_ptr<wasi::SharedModule>> modules_;
  std::array<StreamLine, 2> lines_;
  runtime::Guarded<wasi::SystemOutcome, LockRank::system_outcome> outcome_;
  std::atomic<uint32_t> has_ended_ = 0;  // 1 once the system has ended; run() waits for it
  std::atomic<size_t> left_;             // the number of programs that have not ended for good
  std::vector<std::function<void()>> joins_;
  wasi::PhaseTimes main_times_;  // the times of the main program's last run
};

}  // namespace

BootConfig engine_settings(const Options& options) {
  BootConfig config;
  config.bounds = options.bounds;
  config.disabled_features = options.disabled_features;
  config.engine_options = options.engine_options;
  return config;
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Result<int> run_on_host(const Options& options, const LoadedSystem& system) {
  const auto engine =
      CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(runtime::configure_engine(engine_settings(options)))));
  ProcessSupervisor supervisor(options, system, *engine);
  const int status = supervisor.run();
  if (supervisor.join_all()) return status;
  // Other threads still use the engine, so nothing is destroyed.
  std::fflush(stdout);
  _exit(status);
}

}  // namespace cairn::cli
