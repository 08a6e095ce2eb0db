// What WASI needs of files, directories and the machine. Each build brings its own: a file system in memory for the kernels,
// the real one for Linux processes.
//
// Directory operations take single names, never paths, and never follow a symbolic link: walking a path inside a preopened
// directory, with every link and "..", is done in one place (path.hpp), so that staying inside is decided in one place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/types.hpp"

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
  virtual Errno set_times(const SetTimes& times) = 0;
  virtual Errno sync() = 0;
  // Waits until a read would not block, at most until `deadline` (monotonic nanoseconds; none: for ever). False on timeout.
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
  std::string name;
  uint64_t inode = 0;
  FileType type = FileType::unknown;
};

class Directory {
 public:
  virtual ~Directory() = default;
  // Which file system it belongs to: directories with the same identity have the same implementation and may be used
  // together in link and rename; others give Errno::xdev.
  [[nodiscard]] virtual const void* file_system() const = 0;
  virtual WasiResult<std::unique_ptr<Directory>> duplicate() = 0;
  virtual WasiResult<std::unique_ptr<Directory>> open_directory(const std::string& name) = 0;
  // A symbolic link gives Errno::loop, a directory Errno::isdir.
  virtual WasiResult<std::unique_ptr<File>> open_file(const std::string& name, const OpenOptions& options) = 0;
  virtual WasiResult<FileStat> stat(const std::string& name) = 0;  // of a link: the link itself
  virtual WasiResult<FileStat> stat_self() = 0;
  virtual WasiResult<std::string> read_link(const std::string& name) = 0;
  virtual Errno create_directory(const std::string& name) = 0;
  virtual Errno remove_directory(const std::string& name) = 0;
  virtual Errno unlink(const std::string& name) = 0;
  virtual Errno symlink(const std::string& target, const std::string& name) = 0;
  virtual Errno link(const std::string& name, Directory& to, const std::string& to_name) = 0;
  virtual Errno rename(const std::string& name, Directory& to, const std::string& to_name) = 0;
  virtual Errno set_times(const std::string& name, const SetTimes& times) = 0;
  virtual Errno set_times_self(const SetTimes& times) = 0;
  virtual Errno sync() = 0;
  // All entries without "." and "..", in an order that stays the same while the directory does.
  virtual WasiResult<std::vector<DirectoryEntry>> list() = 0;
};

// Clocks, entropy and waiting.
class System {
 public:
  virtual ~System() = default;
  virtual uint64_t now(ClockId clock) = 0;         // nanoseconds
  virtual uint64_t resolution(ClockId clock) = 0;  // nanoseconds
  virtual void fill_random(std::span<std::byte> bytes) = 0;
  virtual void sleep_until(uint64_t monotonic_nanoseconds) = 0;
  virtual void yield() = 0;
};

}  // namespace cairn::wasi
