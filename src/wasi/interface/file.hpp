// What WASI needs of files, directories and the machine. Each build brings its own: a file system in memory for the
// kernels, the real one for Linux processes.
//
// Directory operations take single names, never paths, and never follow a symbolic link: walking a path inside a
// preopened directory, with every link and "..", is done in one place (path.hpp), so that staying inside is decided in
// one place.
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
  std::optional<uint64_t> access_time;  // nanoseconds since 1970; none: leave as it is
  std::optional<uint64_t> modification_time;
};

// An open file or stream. Streams (terminals, pipes, the console) ignore offsets.
class File {
 public:
  virtual ~File() = default;
  [[nodiscard]] virtual bool is_stream() const = 0;
  // Fewer bytes than asked for only at the end (0: end of file), for streams whenever some are there. Streams block.
  virtual WasiResult<size_t> read(uint64_t offset, std::span<std::byte> buffer) = 0;
  virtual WasiResult<size_t> write(uint64_t offset, std::span<const std::byte> bytes) = 0;
  virtual WasiResult<FileStat> stat() = 0;
  virtual Errno set_size(uint64_t size) = 0;
  // Takes the memory for a range, so that writing there does not fail for want of it, and lets the file reach at least
  // to its end.
  virtual Errno allocate(uint64_t offset, uint64_t length) = 0;
  virtual Errno set_times(const SetTimes& times) = 0;
  virtual Errno sync() = 0;
  // Waits until a read would not block, at most until `deadline` (monotonic nanoseconds; none: for ever). False on
  // timeout.
  virtual bool wait_readable(std::optional<uint64_t> deadline) = 0;
  // Bytes that can be read without blocking, as far as known.
  virtual uint64_t readable_bytes() = 0;
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
  uint64_t next = 0;  // the position behind it
};

// Takes a directory's entries one after the other, as long as it answers true.
class EntrySink {
 public:
  virtual bool take(const DirectoryEntry& entry) = 0;

 protected:
  ~EntrySink() = default;
};

class Directory {
 public:
  virtual ~Directory() = default;
  // Which file system it belongs to: directories with the same identity have the same implementation and may be used
  // together in link and rename; others give Errno::xdev.
  [[nodiscard]] virtual const void* file_system() const = 0;
  virtual WasiResult<std::unique_ptr<Directory>> duplicate() = 0;
  virtual WasiResult<std::unique_ptr<Directory>> open_directory(const Name& name) = 0;
  // A symbolic link gives Errno::loop, a directory Errno::isdir.
  virtual WasiResult<std::unique_ptr<File>> open_file(const Name& name, const OpenOptions& options) = 0;
  virtual WasiResult<FileStat> stat(const Name& name) = 0;  // of a link: the link itself
  virtual WasiResult<FileStat> stat_self() = 0;
  // How many bytes of the target were put into the buffer: not more than it takes.
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
  // The entries from `position` on, without "." and "..": 0 is the start, others come from entries. Entries that stay
  // are listed once, whatever is added or removed between two calls.
  virtual Errno list(uint64_t position, EntrySink& sink) = 0;
};

// Clocks, entropy and waiting.
class System {
 public:
  virtual ~System() = default;
  virtual uint64_t now(ClockId clock) = 0;         // nanoseconds
  virtual uint64_t resolution(ClockId clock) = 0;  // nanoseconds
  // Bytes that nobody can guess: waits for entropy, or fails when there is none. Never a success without.
  virtual Errno fill_random(std::span<std::byte> bytes) = 0;
  virtual void sleep_until(uint64_t monotonic_nanoseconds) = 0;
  virtual void yield() = 0;
};

}  // namespace cairn::wasi
