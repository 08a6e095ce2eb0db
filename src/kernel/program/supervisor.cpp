#include "kernel/program/supervisor.hpp"

#include <optional>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "kernel/fibers/cpu_share.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/engine_config.hpp"
#include "kernel/program/marked_output.hpp"
#include "kernel/program/program_account.hpp"
#include "kernel/program/program_run.hpp"
#include "kernel/program/records.hpp"
#include "kernel/program/test_modes.hpp"
#include "kernel/time/clock.hpp"
#include "wasi/supervision/supervise.hpp"

namespace cairn::kernel {

// Runs one program, as often as its restart policy says.
//
// The account comes first among the bases, because it must outlive the fiber's stack, for which it pays.
class ProgramFiber final : private ProgramAccount, public Fiber {
 public:
  ProgramFiber(Supervisor& supervisor, uint32_t number, const BundledProgram& program)
      : supervisor_(supervisor),
        number_(number),
        job_{*supervisor.engine_,
             *supervisor.modules_[program.config.module],
             program,
             supervisor.bundle_.config,
             &supervisor,
             &stop_requested_},
        allowances_(program.config.limits) {
    allowances_[Limit::files].lower(memory_statistics().total / 2);
    if (program.config.limits.is_given(Limit::cpu_share))
      set_share(&share_.emplace(program.config.limits[Limit::cpu_share]));
    set_weight(job_.program.config.weight);
  }
  // Runs a program that is no program of the bundle.
  ProgramFiber(Supervisor& supervisor, uint32_t number, std::unique_ptr<BundledProgram> program, ProgramStreams streams)
      : ProgramFiber(supervisor, number, *program) {
    own_program_ = std::move(program);
    streams_ = std::move(streams);
  }

  // Makes the program's account, and promises its minimum of memory. Called before the fiber is started.
  [[nodiscard]] Result<void> open_account() {
    const ProgramConfig& config = job_.program.config;
    set_account(&ProgramAccount::get());
    if (!open(config.name, config.limits[Limit::memory])) return fail(cairn::out_of_memory("a program"));
    if (promise_minimum(config.minimum_memory)) return {};
    return fail(Error::of(ErrorKind::resource, "the machine cannot promise the program its minimum of " +
                                                   limit_text(kind_of(Limit::memory), config.minimum_memory) +
                                                   " of memory"));
  }
  [[nodiscard]] const ProgramJob& job() const { return job_; }
  void kill() {
    kill_switch_.kill();
    request_stop();
  }
  void request_stop() {
    stop_requested_.store(1, std::memory_order_release);
    unpark(stop_requested_);
  }
  [[nodiscard]] std::optional<uint64_t> use_of(Limit limit) {
    switch (limit) {
      case Limit::memory: return state_of(ProgramAccount::get()).total << kPageBits;
      case Limit::table_elements:
      case Limit::fibers:
      case Limit::descriptors:
      case Limit::files:
      case Limit::instances: return allowances_[limit].used();
      default: return std::nullopt;
    }
  }
  // Tells the user which limits have kept the program from going on.
  void report_limits() {
    if (has_reached_limit()) {
      allowances_[Limit::memory].note_refusal();
      allowances_[Limit::gc_heap].forget_refusal();  // there was no memory for managed objects
    }
    write_message(Port::standard_error, job_.mark(), allowances_.describe_refusals());
  }
  [[nodiscard]] ProgramStatus status() const {
    const ProgramConfig& config = job_.program.config;
    return {.number = number_,
            .name = config.name,
            .state = has_ended() ? ProgramState::ended : state_.load(),
            .runs = runs_,
            .status = status_,
            .cpu_nanoseconds = cpu_time(*this),
            .weight = config.weight,
            .restart = config.restart};
  }

 private:
  void run() override {
    KernelSystem system;
    const ProgramConfig& config = job_.program.config;
    const wasi::ProgramEnd end = wasi::supervise(
        system, config.restart, [&] { return run_program(); },
        [&](const wasi::ProgramEnd& ended, std::optional<uint64_t> delay) { note_run(ended, delay); },
        [&](uint64_t delay) { return wait_for_next_run(delay); });
    forget_minimum();
    if (own_program_ == nullptr) supervisor_.note_end(number_, end.status);
  }

  wasi::ProgramEnd run_program() {
    log_info(Subsystem::program, "program ", number_, " `", job_.program.config.name, "` starts");
    ++runs_;
    state_ = ProgramState::running;
    wasi::PhaseTimes times;
    begin_run();
    allowances_.forget_refusals();
    running_ = try_make_unique<RunningProgram>(allowances_);
    if (running_) running_->streams = std::move(streams_);
    const auto run = running_ ? run_once(job_, *running_, times, kill_switch_)
                              : wasi::LimitedRun::failed(cairn::out_of_memory("a program"));
    streams_ = {};  // if the program has not got them, others must see their ends
    if (!run.result || run.result->trap) {
      running_.reset();  // the message may need the memory
      if (!run.time_end || run.time_end == runtime::TimeEnd::memory_limit) report_limits();
    }
    report_end(run, job_.mark());
    if (supervisor_.is_main(number_)) supervisor_.main_times_ = times;
    wasi::ProgramEnd end = wasi::program_end(run);
    if (is_asked_to_stop() && end.kind != wasi::EndKind::killed) end.kind = wasi::EndKind::stopped;
    return end;
  }

  [[nodiscard]] bool is_asked_to_stop() const { return stop_requested_.load(std::memory_order_acquire) != 0; }
  // Waits for this number of nanoseconds. Returns false at once when the program is killed or asked to stop.
  bool wait_for_next_run(uint64_t delay) {
    const uint64_t deadline = nanoseconds_since_boot() + delay;
    while (!is_asked_to_stop() && nanoseconds_since_boot() < deadline) (void)park(stop_requested_, deadline);
    return !is_asked_to_stop();
  }

  void note_run(const wasi::ProgramEnd& end, std::optional<uint64_t> delay) {
    status_ = end.status;
    state_ = ProgramState::waiting;
    const std::string_view name = job_.program.config.name;
    if (delay) {
      log_info(Subsystem::program, "program ", number_, " `", name, "` ended with status ", end.status,
               " and starts again in ", *delay / 1'000'000, " ms");
    } else {
      log_info(Subsystem::program, "program ", number_, " `", name, "` ended with status ", end.status);
    }
    if (!delay && supervisor_.is_main(number_) && !checks_accounts()) {
      // The machine ends with this program, so destroying its parts first would only cost time.
      (void)running_.release();
    } else {
      running_.reset();
      end_run();
    }
  }

  Supervisor& supervisor_;
  uint32_t number_;
  std::atomic<uint32_t> stop_requested_ = 0;
  ProgramJob job_;
  Allowances allowances_;
  std::optional<CpuShare> share_;
  ProgramStreams streams_;  // for the first run
  std::unique_ptr<RunningProgram> running_;
  wasi::KillSwitch kill_switch_;
  std::unique_ptr<BundledProgram> own_program_;  // null for a program of the bundle
  std::atomic<ProgramState> state_ = ProgramState::running;
  std::atomic<uint32_t> runs_ = 0;
  std::atomic<int> status_ = 0;
};

Supervisor::Supervisor(const Bundle& bundle)
    : bundle_(bundle), outcome_(static_cast<uint32_t>(bundle.programs.size()), bundle.config.main) {}

Supervisor::~Supervisor() = default;

Result<std::unique_ptr<Supervisor>> Supervisor::create(const Bundle& bundle) {
  std::unique_ptr<Supervisor> supervisor(new (std::nothrow) Supervisor(bundle));
  if (!supervisor || !supervisor->modules_.try_reserve(bundle.modules.size()) ||
      !supervisor->fibers_.try_reserve(bundle.programs.size())) {
    return fail(cairn::out_of_memory("the system's programs"));
  }
  supervisor->engine_ = CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(engine_config(bundle.config))));
  for (const std::span<const std::byte> bytes : bundle.modules) {
    auto module = try_make_unique<wasi::SharedModule>(bytes);
    if (!module) return fail(cairn::out_of_memory("a module"));
    supervisor->modules_.push_back_within_capacity(std::move(module));
  }
  return supervisor;
}

wasi::SharedModule* Supervisor::find_module(std::string_view name) {
  for (const BundledProgram& program : bundle_.programs) {
    if (program.config.name == name) return modules_[program.config.module].get();
  }
  return nullptr;
}

void Supervisor::log(std::string_view program, std::string_view text) {
  log_info(Subsystem::program, "`", program, "` says: ", text);
}

std::unique_ptr<ProgramFiber> Supervisor::make_program(uint32_t number) {
  auto fiber = try_make_unique<ProgramFiber>(*this, number, bundle_.programs[number]);
  const Result<void> opened = fiber ? fiber->open_account() : fail(cairn::out_of_memory("a program"));
  if (opened) return fiber;
  note_refusal(number, opened.error());
  return nullptr;
}

bool Supervisor::start_program(ProgramFiber& fiber) {
  const Result<void> started = start(fiber);
  if (started) return true;
  fiber.report_limits();
  note_refusal(fiber.status().number, started.error());
  return false;
}

void Supervisor::note_refusal(uint32_t number, const Error& error) {
  const BundledProgram& program = bundle_.programs[number];
  report_end(wasi::LimitedRun::failed(error),
             bundle_.config.marks_output ? std::string_view(program.config.name) : std::string_view());
  note_end(number, exit_status_of(error.kind));
}

void Supervisor::note_end(uint32_t number, int status) {
  const bool has_ended = outcome_.with([&](wasi::SystemOutcome& outcome) {
    outcome.note_end(number, status);
    return outcome.has_ended();
  });
  if (!has_ended) return;
  has_ended_.store(1, std::memory_order_release);
  unpark(has_ended_);
}

void Supervisor::start_all() {
  // The minimums of all programs are promised before one of them can take the memory.
  while (started_ < bundle_.programs.size()) {
    if (auto fiber = make_program(started_++)) fibers_.push_back_within_capacity(std::move(fiber));
  }
  for (size_t i = 0; i < fibers_.size();) {
    if (start_program(*fibers_[i])) {
      ++i;
    } else {
      fibers_.erase_at(i);
    }
  }
}

Result<uint32_t> Supervisor::start_another(const BundledProgram& program, std::span<const std::string_view> arguments,
                                           ProgramStreams streams) {
  std::unique_ptr<BundledProgram> copy = try_make_unique<BundledProgram>(program);
  if (!copy || !fibers_.try_reserve(fibers_.size() + 1)) return fail(cairn::out_of_memory("a program"));
  copy->config.arguments = {copy->config.name};
  copy->config.arguments.insert(copy->config.arguments.end(), arguments.begin(), arguments.end());
  copy->config.restart = Restart::never;
  const uint32_t number = started_++;
  auto fiber = try_make_unique<ProgramFiber>(*this, number, std::move(copy), std::move(streams));
  if (!fiber) return fail(cairn::out_of_memory("a program"));
  CAIRN_TRY(fiber->open_account());
  // The text of an error would lie on the program's account, which must be empty when the fiber is destroyed.
  if (!start(*fiber)) return fail(cairn::out_of_memory("a program"));
  fibers_.push_back_within_capacity(std::move(fiber));
  return number;
}

ProgramStatus Supervisor::status(size_t index) const { return fibers_[index]->status(); }

std::optional<uint64_t> Supervisor::use_of(size_t index, Limit limit) const { return fibers_[index]->use_of(limit); }

void Supervisor::kill(size_t index) { fibers_[index]->kill(); }

void Supervisor::request_stop(size_t index) { fibers_[index]->request_stop(); }

bool Supervisor::wait(size_t index, uint64_t deadline) { return join(*fibers_[index], deadline); }

void Supervisor::forget(size_t index) { fibers_.erase_at(index); }

int Supervisor::run() {
  const uint64_t booted = nanoseconds_since_boot();
  start_all();
  while (has_ended_.load(std::memory_order_acquire) == 0) (void)park(has_ended_, std::nullopt);
  if (bundle_.config.report_times) send_times(booted, bundle_.config.main ? &main_times_ : nullptr);
  return outcome_.with([](wasi::SystemOutcome& outcome) { return outcome.status(); });
}

int run_programs(const Bundle& bundle) {
  auto supervisor = Supervisor::create(bundle);
  if (!supervisor) {
    const int status = exit_status_of(supervisor.error().kind);
    report_end(wasi::LimitedRun::failed(std::move(supervisor).error()), {});
    return status;
  }
  // The machine ends with the system, and programs may still run, so the supervisor is not destroyed.
  return supervisor->release()->run();
}

}  // namespace cairn::kernel
