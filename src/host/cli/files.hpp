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

// The whole file; an Error of kind io that names it when it cannot be read.
Result<std::string> read_file(const std::string& path);
Result<void> write_file(const std::string& path, std::string_view contents);

// The names in a directory but "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);
bool is_directory(const std::string& path);

// The top of the source tree, where build/ is.
const std::string& root_directory();

uint64_t monotonic_nanoseconds();
uint64_t wall_clock_nanoseconds();

}  // namespace cairn::cli
