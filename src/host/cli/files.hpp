// Small things that the command needs of Linux: owned file descriptors, whole files, time, and where the project lies.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace cairn::cli {

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

// What the command reads of a module or its text, and of other sources.
constexpr uint64_t kMaximumModule = uint64_t{1} << 30;
constexpr uint64_t kMaximumSource = uint64_t{64} << 20;

// The whole of a regular file or of a pipe. An Error of kind io that names it when it cannot be read, or of kind limit
// when it is larger than `limit` bytes; a file that says its size is not read then, and of one that does not no more
// than that. A pipe that nobody has opened for writing after some seconds is an Error, too.
Result<std::string> read_file(const std::string& path, uint64_t limit = kMaximumModule);
Result<void> write_file(const std::string& path, std::string_view contents);

// The names in a directory but "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);
bool is_directory(const std::string& path);
// The directory and those above it, as far as they are not there; what cannot be made shows when it is used.
void make_directories(const std::string& path);
bool is_regular_file(const std::string& path);

// The top of the source tree, and where it was built: usually its build/.
const std::string& root_directory();
const std::string& build_directory();
// Where what is made of users' files is kept: in the build's cache/ if that can be written, else in the user's cache
// ($XDG_CACHE_HOME/cairn), else where temporary files go ($TMPDIR). Error (io): nowhere.
Result<std::string> cache_directory();

uint64_t monotonic_nanoseconds();
uint64_t wall_clock_nanoseconds();

}  // namespace cairn::cli
