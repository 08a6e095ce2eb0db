#include "wasi/system/children.hpp"

#include <algorithm>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "wasi/null_file.hpp"
#include "wasi/program.hpp"
#include "wasi/supervision/limited_run.hpp"
#include "wasi/system/stop_file.hpp"

namespace cairn::wasi {

using platform::Platform;

namespace {

// A wait is repeated after this many nanoseconds, so the platform does not take it for a deadlock.
constexpr uint64_t kTurn = 1'000'000'000;

constexpr Limit kCounted[] = {Limit::fibers,    Limit::descriptors,    Limit::files,
                              Limit::instances, Limit::table_elements, Limit::types};

Errno errno_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::resource: return Errno::nomem;
    case ErrorKind::limit: return Errno::dquot;
    default: return Errno::noexec;
  }
}

ChildEnd end_of(const LimitedRun& run) {
  using enum ChildEndKind;
  if (run.time_end == runtime::TimeEnd::cpu_limit) return {limited, static_cast<uint32_t>(Limit::cpu_time), 0};
  if (run.time_end == runtime::TimeEnd::wall_limit) return {limited, static_cast<uint32_t>(Limit::wall_time), 0};
  if (run.time_end) return {killed, 0, 0};
  if (!run.result) return {refused, static_cast<uint32_t>(errno_of(run.result.error().kind)), 0};
  if (run.result->trap) return {trapped, 0, 0};
  return {exited, run.result->exit_status, 0};
}

}  // namespace

ProgramCounters read_counters(Context& context) {
  Allowances& allowances = context.allowances();
  return {context.threads().cpu_time(),          allowances[Limit::fibers].used(),
          allowances[Limit::descriptors].used(), allowances[Limit::files].used(),
          allowances[Limit::instances].used(),   allowances[Limit::table_elements].used()};
}

Errno Child::wait(uint64_t deadline) {
  while (has_ended_.load(std::memory_order_acquire) == 0) {
    if (runtime::TimeLimit::is_over()) return Errno::intr;
    const uint64_t now = Platform::nanoseconds();
    if (now >= deadline) return Errno::timedout;
    (void)Platform::park(has_ended_, std::min(kTurn, deadline - now));
  }
  return Errno::success;
}

std::optional<ProgramCounters> Child::counters() {
  return context_.with(
      [](Context* context) { return context == nullptr ? std::nullopt : std::optional(read_counters(*context)); });
}

void Child::thread_ended() {
  has_ended_.store(1, std::memory_order_release);
  Platform::unpark(has_ended_);
}

// Runs a child on a thread of its parent.
class ChildJob final : public ThreadGroup::Job {
 public:
  ChildJob(Children& parent, Ref<Child> child, const Limits& limits, uint64_t extra_fibers)
      : parent_(parent),
        child_(std::move(child)),
        extra_fibers_(extra_fibers),
        allowances_(limits),
        context_(std::in_place, parent.context_.system(), allowances_) {
    Allowances& parents = parent.context_.allowances();
    for (const Limit limit : kCounted) {
      if (limit != Limit::fibers) allowances_[limit].lower(parents[limit].limit());
    }
  }
  // Frees all that the child has. Others see that it has ended when its thread counts no more.
  ~ChildJob() override {
    child_->context_.with([](Context*& context) { context = nullptr; });
    context_.reset();
    module_ = {};
    request_ = {};
    parent_.context_.allowances()[Limit::fibers].give_back(extra_fibers_);
    child_->end_ = end_;
  }

  // Takes the request. Returns an error if the child cannot have its descriptors.
  Errno prepare(SpawnRequest request) {
    request_ = std::move(request);
    context_->arguments = std::move(request_.arguments);
    context_->environment = std::move(request_.environment);
    context_->set_stop_flag(child_->stop_requested);
    if (request_.has_system) {
      auto own = try_make_unique<Children>(*context_, parent_.engine_, parent_.services_, request_.name);
      if (!own) return Errno::nomem;
      context_->set_children(std::move(own));
    }
    // A stream that is standard input ends when the child is asked to stop.
    if (Ref<Descriptor>& input = request_.standard[0]; input && input->file->is_stream()) {
      Ref<Descriptor> descriptor = make_descriptor();
      if (!descriptor) return Errno::nomem;
      descriptor->rights = input->rights.load();
      descriptor->flags = input->flags.load();
      descriptor->type = input->type;
      descriptor->file = try_make_unique<StopFile>(input, child_->stop_requested);
      if (!descriptor->file) return Errno::nomem;
      input = std::move(descriptor);
    }
    for (Ref<Descriptor>& stream : request_.standard) {
      const bool added = stream ? context_->add(std::move(stream))
                                : context_->add_stream(try_make_unique<NullFile>(), FileType::unknown);
      if (!added) return Errno::mfile;
    }
    for (Ref<Descriptor>& directory : request_.directories) {
      if (!context_->add(std::move(directory))) return Errno::mfile;
    }
    child_->context_.with([&](Context*& context) { context = &*context_; });
    return Errno::success;
  }

  [[nodiscard]] runtime::TimeLimits time_limits() const override { return runtime::time_limits(allowances_.limits()); }
  Ref<ThreadGroup::Notice> notice() override { return Ref<ThreadGroup::Notice>(child_.get()); }
  void begin(runtime::TimeLimit& limit) override { limit_ = &limit; }

  std::expected<void, runtime::Trap> run(uint32_t) override {
    {
      const LimitedRun run = run_within(*limit_, child_->kill_switch, [&] { return run_program(); });
      end_ = end_of(run);
      if (run.result && run.result->trap && !run.time_end) tell([&] { return run.result->trap->to_string(); });
      if (!run.result) tell([&] { return "cairn: " + run.result.error().to_string() + "\n"; });
    }
    end_.cpu_nanoseconds = parent_.context_.system().now(ClockId::thread_cputime);
    return {};
  }

 private:
  Result<ProgramResult> run_program() {
    PhaseTimes times;
    System& system = context_->system();
    module_ = request_.shared_module != nullptr
                  ? CAIRN_TRY(request_.shared_module->get(parent_.engine_, system, allowances_, times))
                  : CAIRN_TRY(Program::compile(parent_.engine_, std::move(request_.bytes), system, allowances_, times));
    const auto program = CAIRN_TRY(Program::create(module_, *context_, ProgramOptions{}, times));
    return program->run(*limit_, times);
  }

  // Writes how the child has ended to its standard error.
  template <class Make>
  void tell(Make make) {
    const Result<std::string> text = run_operation(make);
    const auto stream = context_->get_file(2, rights::fd_write);
    if (text && stream) (void)(*stream)->file->write(0, std::as_bytes(std::span(*text)));
  }

  Children& parent_;
  Ref<Child> child_;
  uint64_t extra_fibers_;
  SpawnRequest request_;
  Allowances allowances_;
  std::optional<Context> context_;
  Ref<runtime::Module> module_;
  runtime::TimeLimit* limit_ = nullptr;
  ChildEnd end_{.kind = ChildEndKind::killed, .code = 0, .cpu_nanoseconds = 0};  // if it never runs
};

WasiResult<Limits> Children::carve(const Limits& asked) {
  const Allowances& own = context_.allowances();
  Limits limits;
  for (const LimitKind& kind : kLimitKinds) {
    const Limit limit = kind.limit;
    const bool is_given = asked.is_given(limit);
    if (is_given && !kind.is_of_process) return std::unexpected(Errno::notsup);
    if (is_given && asked[limit] > own[limit].limit()) return std::unexpected(Errno::notcapable);
    if (is_given) {
      limits.set(limit, asked[limit]);
    } else if (kind.is_of_process && limit != Limit::cpu_time && limit != Limit::wall_time &&
               own.limits().is_given(limit)) {
      limits.set(limit, own.limits()[limit]);
    }
  }
  // The threads that a child starts are not counted in the parent's CPU time.
  if (!asked.is_given(Limit::fibers)) limits.set(Limit::fibers, 1);
  if (limits[Limit::fibers] > 1 && own.limits().is_given(Limit::cpu_time)) return std::unexpected(Errno::notsup);
  return limits;
}

WasiResult<uint32_t> Children::spawn(SpawnRequest request) {
  const auto limits = carve(request.limits);
  if (!limits) return std::unexpected(limits.error());
  auto reservation = context_.threads().reserve();
  const uint64_t extra = (*limits)[Limit::fibers] - 1;
  if (!reservation || !context_.allowances()[Limit::fibers].try_take(extra)) return std::unexpected(Errno::again);
  const Ref<Child> child(new (std::nothrow) Child);
  auto job = child ? try_make_unique<ChildJob>(*this, child, *limits, extra) : nullptr;
  if (!job) {
    context_.allowances()[Limit::fibers].give_back(extra);
    return std::unexpected(Errno::nomem);
  }
  if (const Errno error = job->prepare(std::move(request)); error != Errno::success) return std::unexpected(error);
  const auto handle = table_.with([&](Table& table) -> WasiResult<uint32_t> {
    size_t free = 0;
    while (free < table.size() && table[free]) ++free;
    if (free == kMaximum) return std::unexpected(Errno::again);
    if (free == table.size() && !table.try_push_back({})) return std::unexpected(Errno::nomem);
    table[free] = child;
    return static_cast<uint32_t>(free);
  });
  if (!handle) return handle;
  if (!context_.threads().start(*std::move(reservation), std::move(job))) {
    remove(*handle, *child);
    child->thread_ended();  // another thread may have guessed the handle
    return std::unexpected(Errno::nomem);
  }
  return handle;
}

WasiResult<Ref<Child>> Children::find(uint32_t handle) {
  Ref<Child> child =
      table_.with([&](const Table& table) { return handle < table.size() ? table[handle] : Ref<Child>(); });
  if (!child) return std::unexpected(Errno::badf);
  return child;
}

void Children::remove(uint32_t handle, const Child& child) {
  const Ref<Child> removed = table_.with(
      [&](Table& table) { return table[handle].get() == &child ? std::exchange(table[handle], {}) : Ref<Child>(); });
}

}  // namespace cairn::wasi
