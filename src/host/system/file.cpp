// Implements WASI's files with open descriptors of the process.
#include "host/system/file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/nothrow_memory.hpp"
#include "host/system/errors.hpp"
#include "host/system/linux_system.hpp"
#include "host/system/stat.hpp"
#include "runtime/time_limit.hpp"

namespace cairn::host {

using wasi::Errno;
using wasi::FileStat;
using wasi::FileType;
using wasi::WasiResult;

FileStat to_file_stat(const struct stat& from) {
  const auto time = [](const timespec& t) {
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
  };
  FileStat stat;
  stat.device = from.st_dev;
  stat.inode = from.st_ino;
  stat.type = to_file_type(from.st_mode);
  stat.links = from.st_nlink;
  stat.size = static_cast<uint64_t>(from.st_size);
  stat.access_time = time(from.st_atim);
  stat.modification_time = time(from.st_mtim);
  stat.change_time = time(from.st_ctim);
  return stat;
}

FileType to_file_type(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFBLK: return FileType::block_device;
    case S_IFCHR: return FileType::character_device;
    case S_IFDIR: return FileType::directory;
    case S_IFREG: return FileType::regular_file;
    case S_IFLNK: return FileType::symbolic_link;
    case S_IFSOCK: return FileType::socket_stream;
    default: return FileType::unknown;
  }
}

void to_timespecs(const wasi::SetTimes& times, struct timespec (&result)[2]) {
  const auto convert = [](std::optional<uint64_t> time) {
    struct timespec t{};
    if (!time) {
      t.tv_nsec = UTIME_OMIT;
    } else {
      t.tv_sec = static_cast<time_t>(*time / 1'000'000'000);
      t.tv_nsec = static_cast<long>(*time % 1'000'000'000);
    }
    return t;
  };
  result[0] = convert(times.access_time);
  result[1] = convert(times.modification_time);
}

namespace {

// The most bytes that Linux moves in one call ([man 2 read]).
constexpr size_t kMaximumTransfer = 0x7fff'f000;

class LinuxFile final : public wasi::File {
 public:
  LinuxFile() = default;
  ~LinuxFile() override {
    if (ownership_ == Ownership::owned && descriptor_ >= 0) close(descriptor_);
  }

  // Takes an open descriptor. Inherited descriptors share their position with other processes, so they are streams.
  // Only regular files that this process opened are read and written at offsets.
  void set(int descriptor, Ownership ownership, std::atomic<int>* write_error) {
    descriptor_ = descriptor;
    write_error_ = write_error;
    ownership_ = ownership;
    is_stream_ = ownership == Ownership::borrowed || file_type_of(descriptor) != FileType::regular_file;
  }

  [[nodiscard]] bool is_stream() const override { return is_stream_; }

  WasiResult<size_t> read(uint64_t offset, std::span<std::byte> buffer) override {
    return transfer([&] {
      const size_t count = std::min(buffer.size(), kMaximumTransfer);
      return is_stream_ ? ::read(descriptor_, buffer.data(), count)
                        : ::pread(descriptor_, buffer.data(), count, static_cast<off_t>(offset));
    });
  }

  WasiResult<size_t> write(uint64_t offset, std::span<const std::byte> bytes) override {
    const WasiResult<size_t> written = transfer([&] {
      const size_t count = std::min(bytes.size(), kMaximumTransfer);
      return is_stream_ ? ::write(descriptor_, bytes.data(), count)
                        : ::pwrite(descriptor_, bytes.data(), count, static_cast<off_t>(offset));
    });
    // EAGAIN is no failure: a nonblocking descriptor may be full only for a while.
    int none = 0;
    if (!written && write_error_ != nullptr && errno != EAGAIN) write_error_->compare_exchange_strong(none, errno);
    return written;
  }

  WasiResult<FileStat> stat() override {
    struct stat result{};
    if (fstat(descriptor_, &result) != 0) return std::unexpected(last_errno());
    return to_file_stat(result);
  }

  Errno set_size(uint64_t size) override {
    return ftruncate(descriptor_, static_cast<off_t>(size)) == 0 ? Errno::success : last_errno();
  }
  Errno allocate(uint64_t offset, uint64_t length) override {
    for (;;) {
      if (fallocate(descriptor_, 0, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) return Errno::success;
      if (errno != EINTR || runtime::TimeLimit::is_over()) return last_errno();
    }
  }
  Errno set_times(const wasi::SetTimes& times) override {
    struct timespec converted[2];
    to_timespecs(times, converted);
    return futimens(descriptor_, converted) == 0 ? Errno::success : last_errno();
  }
  Errno sync() override {
    if (fsync(descriptor_) == 0 || errno == EINVAL) return Errno::success;
    return last_errno();
  }

  bool wait_readable(std::optional<uint64_t> deadline) override {
    for (;;) {
      pollfd poll{descriptor_, POLLIN, 0};
      timespec timeout{};
      if (deadline) {
        LinuxSystem system;
        const uint64_t now = system.now(wasi::ClockId::monotonic);
        const uint64_t wait = *deadline > now ? *deadline - now : 0;
        timeout.tv_sec = static_cast<time_t>(wait / 1'000'000'000);
        timeout.tv_nsec = static_cast<long>(wait % 1'000'000'000);
      }
      const int ready = ppoll(&poll, 1, deadline ? &timeout : nullptr, nullptr);
      if (ready >= 0) return ready > 0;
      if (errno != EINTR) return true;
      if (runtime::TimeLimit::is_over()) return false;
    }
  }

  uint64_t readable_bytes() override {
    int count = 0;
    if (ioctl(descriptor_, FIONREAD, &count) != 0 || count < 0) return 0;
    return static_cast<uint64_t>(count);
  }

 private:
  template <class F>
  static WasiResult<size_t> transfer(F&& f) {
    for (;;) {
      const ssize_t count = f();
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR || runtime::TimeLimit::is_over()) return std::unexpected(last_errno());
    }
  }

  int descriptor_ = -1;
  Ownership ownership_ = Ownership::owned;
  bool is_stream_ = true;
  std::atomic<int>* write_error_ = nullptr;
};

}  // namespace

FileType file_type_of(int descriptor) {
  struct stat result{};
  return fstat(descriptor, &result) == 0 ? to_file_type(result.st_mode) : FileType::unknown;
}

std::unique_ptr<wasi::File> make_file(int descriptor, Ownership ownership, std::atomic<int>* write_error) {
  auto file = try_make_unique<LinuxFile>();
  if (file != nullptr) file->set(descriptor, ownership, write_error);
  return file;
}

WasiResult<std::unique_ptr<wasi::File>> open_file_at(int directory, const char* name, int flags) {
  // Memory is allocated first, so that nothing is created or truncated in vain.
  auto file = try_make_unique<LinuxFile>();
  if (file == nullptr) return std::unexpected(Errno::nomem);
  // O_NONBLOCK: opening a pipe must not wait for its other end.
  const int opened = openat(directory, name, flags | O_CLOEXEC | O_NONBLOCK, 0666);
  if (opened < 0) return std::unexpected(last_errno());
  file->set(opened, Ownership::owned, nullptr);
  struct stat status{};
  if (fstat(opened, &status) != 0) return std::unexpected(last_errno());
  if (S_ISDIR(status.st_mode)) return std::unexpected(Errno::isdir);
  fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK);
  return file;
}

}  // namespace cairn::host
