// Small helpers over Linux for the command `cairn`: owned file descriptors, whole files, time, and the project's
// directories.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace cairn::cli {

// Owns an open file descriptor, which the destructor closes, or none (-1).
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    const int mine = std::exchange(fd_, std::exchange(other.fd_, -1));
    if (mine >= 0) close(mine);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  void reset() { *this = FileDescriptor(); }

 private:
  int fd_ = -1;
};

constexpr uint64_t kMaximumModule = uint64_t{1} << 30;   // the most bytes of a module or its text
constexpr uint64_t kMaximumSource = uint64_t{64} << 20;  // the most bytes of a C or C++ source

// Reads a whole regular file or pipe. Fails (io), naming the file, when it cannot be read, and (limit) when it is
// larger than `limit` bytes. A file whose stated size is larger than the limit is not read at all. Otherwise reading
// stops soon after the limit. A pipe that nobody opens for writing within some seconds is an error (io), too.
Result<std::string> read_file(const std::string& path, uint64_t limit = kMaximumModule);
// Replaces the contents of a file, or makes it. Fails (io), naming the file.
Result<void> write_file(const std::string& path, std::string_view contents);

// Makes a file without a path that holds `contents` and stays open in programs that replace this one. `name` is for
// lists of open files.
Result<FileDescriptor> file_in_memory(const char* name, std::string_view contents);

// Returns the names in a directory, without "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);
// Returns whether the path leads to a directory, perhaps through links.
bool is_directory(const std::string& path);
// Makes the directory and its missing parents. A failure shows when the directory is used.
void make_directories(const std::string& path);
// Returns whether the path leads to a regular file, perhaps through links.
bool is_regular_file(const std::string& path);

// Returns the top of the source tree: $CAIRN_ROOT, or else the directory above the build directory.
const std::string& root_directory();
// Returns the build directory, which contains the directories of the presets.
const std::string& build_directory();
// Returns the directory for files that are made from users' files. This is the first one that belongs to the user and
// can be written: the build directory's cache/, $XDG_CACHE_HOME/cairn, ~/.cache/cairn, or cairn-UID in $TMPDIR or /tmp.
// Makes the directory if it does not exist. Fails (io) if none can be used.
Result<std::string> cache_directory();

// Return the times of Linux's clocks CLOCK_MONOTONIC and CLOCK_REALTIME (since 1970), in nanoseconds.
uint64_t monotonic_nanoseconds();
uint64_t wall_clock_nanoseconds();

}  // namespace cairn::cli
