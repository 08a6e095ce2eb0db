// The interfaces through which WASI uses files, directories and the machine. memory_files implements File and Directory
// in memory. host/system implements all three interfaces on Linux. kernel/program implements System in the kernel, and
// File for the standard streams of programs there.
//
// Directory operations take single names, never paths, and never follow a symbolic link. Only path.hpp walks paths,
// with links and "..", so that this one place ensures that a path stays inside the directory where it begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "wasi/interface/name.hpp"
#include "wasi/interface/types.hpp"

namespace cairn::wasi {

struct SetTimes {
  std::optional<uint64_t> access_time;  // nanoseconds since 1970; none: unchanged
  std::optional<uint64_t> modification_time;
};

// An open file or stream. Streams (terminals, pipes, the console) ignore offsets.
class File {
 public:
  virtual ~File() = default;
  [[nodiscard]] virtual bool is_stream() const = 0;
  // A file gives fewer bytes than asked for only at its end. A stream gives the bytes that it has now, and blocks until
  // there are some. Both return 0 at the end.
  virtual WasiResult<size_t> read(uint64_t offset, std::span<std::byte> buffer) = 0;
  virtual WasiResult<size_t> write(uint64_t offset, std::span<const std::byte> bytes) = 0;
  virtual WasiResult<FileStat> stat() = 0;
  virtual Errno set_size(uint64_t size) = 0;
  // Allocates the memory for a range, so that writing there does not fail for lack of memory. Extends the file at least
  // to the end of the range.
  virtual Errno allocate(uint64_t offset, uint64_t length) = 0;
  virtual Errno set_times(const SetTimes& times) = 0;
  virtual Errno sync() = 0;  // writes the file's data and attributes to its device, if it has one
  // Waits until a read would not block, at most until `deadline` (monotonic nanoseconds; none: no limit). Returns false
  // on timeout.
  virtual bool wait_readable(std::optional<uint64_t> deadline) = 0;
  // Returns the number of bytes that can be read without blocking, as far as it is known.
  virtual uint64_t readable_bytes() = 0;
  // Whether a write would not block.
  virtual bool is_writable() { return true; }
};

struct OpenOptions {
  bool create = false;
  bool exclusive = false;
  bool truncate = false;
  bool read = true;
  bool write = false;
};

struct DirectoryEntry {
  std::string_view name;
  uint64_t inode = 0;
  FileType type = FileType::unknown;
  uint64_t next = 0;  // the position after this entry
};

// Receives a directory's entries one after the other until it returns false.
class EntrySink {
 public:
  virtual bool take(const DirectoryEntry& entry) = 0;

 protected:
  ~EntrySink() = default;
};

class Directory {
 public:
  virtual ~Directory() = default;
  // The identity of the directory's file system. Directories with the same identity have the same implementation and
  // may be used together in link and rename; others give Errno::xdev.
  [[nodiscard]] virtual const void* file_system() const = 0;
  virtual WasiResult<std::unique_ptr<Directory>> duplicate() = 0;
  virtual WasiResult<std::unique_ptr<Directory>> open_directory(const Name& name) = 0;
  // Opens a file. A symbolic link gives Errno::loop, a directory Errno::isdir.
  virtual WasiResult<std::unique_ptr<File>> open_file(const Name& name, const OpenOptions& options) = 0;
  virtual WasiResult<FileStat> stat(const Name& name) = 0;  // describes a link itself, not its target
  virtual WasiResult<FileStat> stat_self() = 0;
  // Copies the target into the buffer as far as it fits. Returns the number of bytes copied.
  virtual WasiResult<size_t> read_link(const Name& name, std::span<char> buffer) = 0;
  virtual Errno create_directory(const Name& name) = 0;
  virtual Errno remove_directory(const Name& name) = 0;
  virtual Errno unlink(const Name& name) = 0;
  virtual Errno symlink(std::string_view target, const Name& name) = 0;
  virtual Errno link(const Name& name, Directory& to, const Name& to_name) = 0;
  virtual Errno rename(const Name& name, Directory& to, const Name& to_name) = 0;
  virtual Errno set_times(const Name& name, const SetTimes& times) = 0;
  virtual Errno set_times_self(const SetTimes& times) = 0;
  virtual Errno sync() = 0;
  // Lists the entries from `position` on, without "." and "..". 0 is the start; other positions come from entries. An
  // entry that exists during the whole listing is listed once, whatever is added or removed between two calls.
  virtual Errno list(uint64_t position, EntrySink& sink) = 0;
};

// The code that a thread runs after a System has started it.
class ThreadBody {
 public:
  virtual void run() = 0;

 protected:
  ~ThreadBody() = default;
};

// A thread that a System has started. It must be joined before the object is destroyed.
class Thread {
 public:
  virtual ~Thread() = default;
  // Waits until the thread has ended. Time limits of the calling thread do not end this wait.
  virtual void join() = 0;
};

// The name of a thread's clock of CPU time. It is valid until the thread has been joined.
enum class CpuClock : uint64_t {};

// The machine as WASI needs it: clocks, entropy, waiting and threads. Several threads may use it at the same time.
class System {
 public:
  virtual ~System() = default;
  virtual uint64_t now(ClockId clock) = 0;         // nanoseconds
  virtual uint64_t resolution(ClockId clock) = 0;  // nanoseconds
  // Fills the span with bytes that nobody can guess. Waits for entropy, or fails when there is none.
  virtual Errno fill_random(std::span<std::byte> bytes) = 0;
  virtual void sleep_until(uint64_t monotonic_nanoseconds) = 0;
  virtual void yield() = 0;

  // Starts a thread that calls body.run(), which must outlive the thread. Returns null if there is no memory for the
  // thread, or if the system has no threads.
  virtual std::unique_ptr<Thread> start_thread(ThreadBody& /*body*/) { return nullptr; }
  // Returns the clock of the calling thread.
  virtual CpuClock cpu_clock() { return CpuClock(0); }
  // Returns the CPU time that the thread of this clock has used, in nanoseconds.
  virtual uint64_t cpu_time(CpuClock /*clock*/) { return 0; }
};

}  // namespace cairn::wasi
