// Clocks, entropy, streams and directories of the Linux process, for WASI.
#pragma once

#include <pthread.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "wasi/interface/file.hpp"

namespace cairn::host {

// The clocks of CPU time are those of the calling thread. For the thread that makes the object, they begin at 0 when it
// is made; for other threads, they begin at 0 when the thread starts.
class LinuxSystem final : public wasi::System {
 public:
  LinuxSystem();
  uint64_t now(wasi::ClockId clock) override;
  uint64_t resolution(wasi::ClockId clock) override;
  wasi::Errno fill_random(std::span<std::byte> bytes) override;
  void sleep_until(uint64_t monotonic_nanoseconds) override;
  void yield() override;
  std::unique_ptr<wasi::Thread> start_thread(wasi::ThreadBody& body) override;
  wasi::CpuClock cpu_clock() override;
  uint64_t cpu_time(wasi::CpuClock clock) override;

 private:
  pthread_t maker_;           // the thread that made the object
  uint64_t cpu_time_before_;  // CPU time of the maker when it made the object, in nanoseconds
};

// Whether a file closes its descriptor when it is destroyed (owned) or not (borrowed).
enum class Ownership : uint8_t { borrowed, owned };
// Makes a file of an open descriptor of the process. `write_error`, if not null, must outlive the file and receives
// Linux's error number of the first failed write. Returns null if there is no memory.
std::unique_ptr<wasi::File> make_file(int descriptor, Ownership ownership, std::atomic<int>* write_error = nullptr);
wasi::FileType file_type_of(int descriptor);

// Opens a real directory. Fails (io), or (resource) without memory. A program reaches nothing outside the directory,
// because names are opened one at a time, without following links.
Result<std::unique_ptr<wasi::Directory>> open_host_directory(const std::string& path);

}  // namespace cairn::host
