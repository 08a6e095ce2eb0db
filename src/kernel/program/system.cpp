#include "kernel/program/system.hpp"

#include "base/assert.hpp"
#include "base/nothrow_memory.hpp"
#include "kernel/entropy/random.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/program/marked_output.hpp"
#include "kernel/time/clock.hpp"
#include "wasi/supervision/marked_file.hpp"

namespace cairn::kernel {

using wasi::Errno;
using wasi::WasiResult;

KernelSystem::KernelSystem() : maker_(current_fiber()), cpu_time_before_(kernel::cpu_time(maker_)) {}

uint64_t KernelSystem::now(wasi::ClockId clock) {
  switch (clock) {
    case wasi::ClockId::realtime: return wall_clock_nanoseconds();
    case wasi::ClockId::monotonic: return nanoseconds_since_boot();
    case wasi::ClockId::process_cputime:
    case wasi::ClockId::thread_cputime: {
      const Fiber& fiber = current_fiber();
      return kernel::cpu_time(fiber) - (&fiber == &maker_ ? cpu_time_before_ : 0);
    }
  }
  CAIRN_UNREACHABLE();
}

uint64_t KernelSystem::resolution(wasi::ClockId) { return 1000; }  // nanoseconds

Errno KernelSystem::fill_random(std::span<std::byte> bytes) {
  if (random_bytes(bytes)) return Errno::success;
  log_warning(Subsystem::entropy, "random bytes were asked for, but this machine has no source of entropy");
  return Errno::io;
}

void KernelSystem::sleep_until(uint64_t monotonic_nanoseconds) { kernel::sleep_until(monotonic_nanoseconds); }

void KernelSystem::yield() { kernel::yield(); }

namespace {

class ThreadFiber final : public Fiber, public wasi::Thread {
 public:
  explicit ThreadFiber(wasi::ThreadBody& body) : body_(body) {
    set_weight(current_fiber().weight());
    set_share(current_fiber().share());
  }
  void join() override { kernel::join(*this); }

 private:
  void run() override { body_.run(); }

  wasi::ThreadBody& body_;
};

}  // namespace

std::unique_ptr<wasi::Thread> KernelSystem::start_thread(wasi::ThreadBody& body) {
  auto fiber = try_make_unique<ThreadFiber>(body);
  if (!fiber || !start(*fiber)) return nullptr;
  return fiber;
}

wasi::CpuClock KernelSystem::cpu_clock() {
  return static_cast<wasi::CpuClock>(reinterpret_cast<uintptr_t>(&current_fiber()));
}

uint64_t KernelSystem::cpu_time(wasi::CpuClock clock) {
  return kernel::cpu_time(*reinterpret_cast<const Fiber*>(static_cast<uintptr_t>(clock)));
}

namespace {

// A port of the console as a file that a program can read or write.
class PortFile final : public wasi::File {
 public:
  PortFile(Port port, IsTerminal terminal) : port_(port), terminal_(terminal) {}

  [[nodiscard]] bool is_stream() const override { return true; }

  WasiResult<size_t> read(uint64_t, std::span<std::byte> buffer) override {
    if (port_ != Port::standard_input) return std::unexpected(Errno::badf);
    return in_wasi(console::read(buffer));
  }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override {
    if (port_ == Port::standard_input) return std::unexpected(Errno::badf);
    return in_wasi(console::write_through(port_, bytes));
  }
  WasiResult<wasi::FileStat> stat() override {
    wasi::FileStat stat;
    stat.inode = static_cast<uint64_t>(port_) + 1;
    stat.type = file_type_of(terminal_);
    return stat;
  }
  Errno set_size(uint64_t) override { return Errno::inval; }
  Errno allocate(uint64_t, uint64_t) override { return Errno::spipe; }
  Errno set_times(const wasi::SetTimes&) override { return Errno::success; }
  Errno sync() override {
    console::flush();
    return Errno::success;
  }
  bool wait_readable(std::optional<uint64_t> deadline) override {
    return port_ != Port::standard_input || console::wait_for_input(deadline);
  }
  uint64_t readable_bytes() override { return port_ == Port::standard_input ? console::readable_bytes() : 0; }

 private:
  Port port_;
  IsTerminal terminal_;
};

}  // namespace

std::unique_ptr<wasi::File> make_port_file(Port port, IsTerminal terminal, std::string_view name) {
  std::unique_ptr<wasi::File> file = try_make_unique<PortFile>(port, terminal);
  if (!file || name.empty() || port == Port::standard_input) return file;
  return try_make_unique<wasi::MarkedFile<PortLine>>(std::move(file), line_of(port), name);
}

wasi::FileType file_type_of(IsTerminal terminal) {
  return terminal == IsTerminal::yes ? wasi::FileType::character_device : wasi::FileType::unknown;
}

}  // namespace cairn::kernel
