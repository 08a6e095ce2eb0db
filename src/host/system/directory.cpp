// Implements WASI's directories with directories of Linux.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "base/ref.hpp"
#include "host/system/errors.hpp"
#include "host/system/file.hpp"
#include "host/system/linux_system.hpp"
#include "host/system/stat.hpp"
#include "runtime/guarded.hpp"

namespace cairn::host {

using wasi::Errno;
using wasi::Name;
using wasi::WasiResult;

namespace {

const int kFileSystemIdentity = 0;  // its address is the result of file_system()

Errno result_of(int returned) { return returned == 0 ? Errno::success : last_errno(); }

// The beginning of an entry that Linux writes to a buffer ([man 2 getdents64]). The name continues after this struct.
struct KernelEntry {
  uint64_t inode;
  int64_t next;
  uint16_t size;
  uint8_t type;
  char name[1];
};
constexpr size_t kNameOffset = offsetof(KernelEntry, name);
static_assert(kNameOffset == 19);

wasi::FileType type_of(uint8_t d_type) {
  return d_type == DT_UNKNOWN ? wasi::FileType::unknown : to_file_type(DTTOIF(d_type));
}

// An open directory of the process, which all duplicates of a LinuxDirectory share.
class OpenDirectory final : public RefCounted {
 public:
  OpenDirectory() = default;
  ~OpenDirectory() {
    if (descriptor >= 0) close(descriptor);
  }

  // Reads entries from `position` on into the buffer. Returns the number of bytes, or -1 with errno.
  long read_entries(uint64_t position, std::span<std::byte> buffer) {
    return position_.with([&](Position&) -> long {
      if (lseek(descriptor, static_cast<off_t>(position), SEEK_SET) < 0) return -1;
      return syscall(SYS_getdents64, descriptor, buffer.data(), buffer.size());
    });
  }

  int descriptor = -1;

 private:
  // Empty, because Linux keeps the position. The lock makes setting the position and reading a single step.
  struct Position {};
  runtime::Guarded<Position, LockRank::directory_position> position_;
};

class LinuxDirectory final : public wasi::Directory {
 public:
  explicit LinuxDirectory(Ref<OpenDirectory> opened) : opened_(std::move(opened)), descriptor_(opened_->descriptor) {}

  // Makes a directory of the descriptor that `open` returns. Fails with the errno of `open`, or with Errno::nomem.
  template <class Open>
  static WasiResult<std::unique_ptr<wasi::Directory>> make(Open&& open) {
    auto* const made = new (std::nothrow) OpenDirectory;
    if (made == nullptr) return std::unexpected(Errno::nomem);
    Ref<OpenDirectory> opened(made);
    auto directory = try_make_unique<LinuxDirectory>(std::move(opened));
    if (directory == nullptr) return std::unexpected(Errno::nomem);
    made->descriptor = directory->descriptor_ = open();
    if (made->descriptor < 0) return std::unexpected(last_errno());
    return directory;
  }

  [[nodiscard]] const void* file_system() const override { return &kFileSystemIdentity; }

  WasiResult<std::unique_ptr<wasi::Directory>> duplicate() override {
    auto directory = try_make_unique<LinuxDirectory>(opened_);
    if (directory == nullptr) return std::unexpected(Errno::nomem);
    return directory;
  }

  WasiResult<std::unique_ptr<wasi::Directory>> open_directory(const Name& name) override {
    return make([&] { return openat(descriptor_, name.c_str(), O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC); });
  }

  WasiResult<std::unique_ptr<wasi::File>> open_file(const Name& name, const wasi::OpenOptions& options) override {
    int flags = O_NOFOLLOW;
    flags |= options.write ? (options.read ? O_RDWR : O_WRONLY) : O_RDONLY;
    if (options.create) flags |= O_CREAT;
    if (options.exclusive) flags |= O_EXCL;
    if (options.truncate) flags |= O_TRUNC;
    return open_file_at(descriptor_, name.c_str(), flags);
  }

  WasiResult<wasi::FileStat> stat(const Name& name) override {
    struct stat result{};
    if (fstatat(descriptor_, name.c_str(), &result, AT_SYMLINK_NOFOLLOW) != 0) return std::unexpected(last_errno());
    return to_file_stat(result);
  }

  WasiResult<wasi::FileStat> stat_self() override {
    struct stat result{};
    if (fstat(descriptor_, &result) != 0) return std::unexpected(last_errno());
    return to_file_stat(result);
  }

  WasiResult<size_t> read_link(const Name& name, std::span<char> buffer) override {
    const ssize_t length = readlinkat(descriptor_, name.c_str(), buffer.data(), buffer.size());
    if (length < 0) return std::unexpected(last_errno());
    return static_cast<size_t>(length);
  }

  Errno create_directory(const Name& name) override { return result_of(mkdirat(descriptor_, name.c_str(), 0777)); }
  Errno remove_directory(const Name& name) override {
    return result_of(unlinkat(descriptor_, name.c_str(), AT_REMOVEDIR));
  }
  Errno unlink(const Name& name) override { return result_of(unlinkat(descriptor_, name.c_str(), 0)); }
  Errno symlink(std::string_view target, const Name& name) override {
    const auto text = try_make_unique<std::array<char, wasi::kMaximumPath + 1>>();
    if (text == nullptr) return Errno::nomem;
    if (target.size() > wasi::kMaximumPath) return Errno::nametoolong;
    std::memcpy(text->data(), target.data(), target.size());
    (*text)[target.size()] = '\0';
    return result_of(symlinkat(text->data(), descriptor_, name.c_str()));
  }
  Errno link(const Name& name, wasi::Directory& to, const Name& to_name) override {
    const auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    return result_of(linkat(descriptor_, name.c_str(), target->descriptor_, to_name.c_str(), 0));
  }
  Errno rename(const Name& name, wasi::Directory& to, const Name& to_name) override {
    const auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    return result_of(renameat(descriptor_, name.c_str(), target->descriptor_, to_name.c_str()));
  }
  Errno set_times(const Name& name, const wasi::SetTimes& times) override {
    struct timespec converted[2];
    to_timespecs(times, converted);
    return result_of(utimensat(descriptor_, name.c_str(), converted, AT_SYMLINK_NOFOLLOW));
  }
  Errno set_times_self(const wasi::SetTimes& times) override {
    struct timespec converted[2];
    to_timespecs(times, converted);
    return result_of(futimens(descriptor_, converted));
  }
  Errno sync() override { return result_of(fsync(descriptor_)); }

  Errno list(uint64_t position, wasi::EntrySink& sink) override {
    // Positions are Linux's own, which stay valid while names are added and removed.
    constexpr size_t kBuffer = 16384;
    const std::unique_ptr<std::byte[]> buffer(new (std::nothrow) std::byte[kBuffer]);
    if (buffer == nullptr) return Errno::nomem;
    for (;;) {
      const long got = opened_->read_entries(position, {buffer.get(), kBuffer});
      if (got <= 0) return got == 0 ? Errno::success : last_errno();
      for (size_t at = 0; at < static_cast<size_t>(got);) {
        KernelEntry entry;
        std::memcpy(&entry, buffer.get() + at, kNameOffset);
        const std::string_view name(reinterpret_cast<const char*>(buffer.get() + at + kNameOffset));
        at += entry.size;
        position = static_cast<uint64_t>(entry.next);
        if (name == "." || name == "..") continue;
        wasi::FileType type = type_of(entry.type);
        if (entry.type == DT_UNKNOWN) {
          struct stat status{};
          if (fstatat(descriptor_, name.data(), &status, AT_SYMLINK_NOFOLLOW) == 0) type = to_file_type(status.st_mode);
        }
        if (!sink.take({name, entry.inode, type, static_cast<uint64_t>(entry.next)})) return Errno::success;
      }
    }
  }

 private:
  LinuxDirectory* as_own(wasi::Directory& other) const {
    return other.file_system() == file_system() ? static_cast<LinuxDirectory*>(&other) : nullptr;
  }

  Ref<OpenDirectory> opened_;
  int descriptor_;  // the descriptor of opened_
};

}  // namespace

Result<std::unique_ptr<wasi::Directory>> open_host_directory(const std::string& path) {
  auto directory = LinuxDirectory::make([&] { return open(path.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC); });
  if (directory) return *std::move(directory);
  if (directory.error() == Errno::nomem) return fail(Error::of(ErrorKind::resource, "no memory for directory " + path));
  return fail(Error::of(ErrorKind::io, "cannot open directory " + path + ": " + std::strerror(errno)));
}

}  // namespace cairn::host
