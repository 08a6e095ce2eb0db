// The programs that a program has started. docs/decisions/0026-children.md gives the reasons.
//
// A child's main thread is a thread of its parent (ThreadGroup): it takes one of the parent's fibers, its CPU time
// counts as the parent's, and it is ended and joined when the parent ends. All its memory is on the parent's account.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/ref.hpp"
#include "base/try_vector.hpp"
#include "runtime/guarded.hpp"
#include "wasi/context.hpp"
#include "wasi/supervision/kill_switch.hpp"
#include "wasi/system/services.hpp"

namespace cairn::wasi {

// How a child has ended. The numbers are those that guests see.
enum class ChildEndKind : uint32_t {
  exited = 0,   // code: the exit status
  trapped = 1,  // code: 0
  killed = 2,   // code: 0
  limited = 3,  // a limit on time has ended it; code: the number of the limit (base/limits.hpp)
  refused = 4,  // the module could not be run; code: the Errno that says why
};
struct ChildEnd {
  ChildEndKind kind = ChildEndKind::exited;
  uint32_t code = 0;
  uint64_t cpu_nanoseconds = 0;  // the CPU time of its main thread
};

// The counters of a program, in the order in which guests see them.
using ProgramCounters = std::array<uint64_t, 6>;
ProgramCounters read_counters(Context& context);

class ChildJob;

class Child final : public ThreadGroup::Notice {
 public:
  KillSwitch kill_switch;
  std::atomic<uint32_t> stop_requested = 0;

  // Waits until the child has ended and all that it had is free, but not after `deadline` (nanoseconds of
  // Platform::nanoseconds()). Returns Errno::timedout, or Errno::intr when the time of the calling thread is over.
  Errno wait(uint64_t deadline);
  // Valid when wait() has returned success.
  [[nodiscard]] const ChildEnd& end() const { return end_; }
  // Returns nothing when the child has ended.
  std::optional<ProgramCounters> counters();

  void thread_ended() override;

 private:
  friend class ChildJob;
  ChildEnd end_;
  std::atomic<uint32_t> has_ended_ = 0;
  runtime::Guarded<Context*, LockRank::children> context_{nullptr};  // set while the child exists
};

// A program that is to be started.
struct SpawnRequest {
  SharedModule* shared_module = nullptr;  // the module, unless `bytes` has it
  std::vector<std::byte> bytes;
  std::string name;  // the first argument, for the log
  std::vector<std::string> arguments, environment;
  Limits limits;                            // those that the parent has asked for
  bool has_system = false;                  // whether the child gets the capability `system`
  std::array<Ref<Descriptor>, 3> standard;  // standard streams; an empty one becomes a null file
  TryVector<Ref<Descriptor>> directories;   // in the order of their numbers
};

class Children {
 public:
  // Handles of children are below this, so that a program has at most this many that were not waited for.
  static constexpr size_t kMaximum = 1024;

  // All but `name`, which is copied, must outlive the object.
  Children(Context& context, runtime::Engine& engine, ProgramServices& services, std::string_view name)
      : context_(context), engine_(engine), services_(services) {
    name_size_ = name.copy(name_.data(), name_.size());
  }

  // Starts a program and returns its handle. Fails with Errno::notcapable if a limit is more than the parent's, with
  // notsup if a child cannot have the limit, with again if the parent has no fiber left, and with nomem.
  WasiResult<uint32_t> spawn(SpawnRequest request);
  WasiResult<Ref<Child>> find(uint32_t handle);
  // Forgets a child, whose handle may then be given again.
  void remove(uint32_t handle, const Child& child);
  [[nodiscard]] ProgramServices& services() { return services_; }
  [[nodiscard]] std::string_view name() const { return {name_.data(), name_size_}; }

 private:
  friend class ChildJob;
  using Table = TryVector<Ref<Child>>;

  WasiResult<Limits> carve(const Limits& asked);

  Context& context_;
  runtime::Engine& engine_;
  ProgramServices& services_;
  std::array<char, 64> name_{};
  size_t name_size_ = 0;
  runtime::Guarded<Table, LockRank::children> table_;
};

}  // namespace cairn::wasi
