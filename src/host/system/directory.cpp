// Real directories as WASI directories.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "host/system/errors.hpp"
#include "host/system/linux_system.hpp"
#include "host/system/stat.hpp"

namespace cairn::host {

using wasi::Errno;
using wasi::WasiResult;

namespace {

const int kFileSystemIdentity = 0;

Errno result_of(int returned) { return returned == 0 ? Errno::success : last_errno(); }

// Names come from the path walk, which never lets a slash or ".." through; this is the last line of defence.
bool is_single_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

class LinuxDirectory final : public wasi::Directory {
 public:
  explicit LinuxDirectory(int descriptor) : descriptor_(descriptor) {}
  ~LinuxDirectory() override { close(descriptor_); }

  [[nodiscard]] const void* file_system() const override { return &kFileSystemIdentity; }

  WasiResult<std::unique_ptr<wasi::Directory>> duplicate() override {
    const int copy = fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return std::unexpected(last_errno());
    return std::make_unique<LinuxDirectory>(copy);
  }

  WasiResult<std::unique_ptr<wasi::Directory>> open_directory(const std::string& name) override {
    if (!is_single_name(name)) return std::unexpected(Errno::notcapable);
    const int opened = openat(descriptor_, name.c_str(), O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
    if (opened < 0) return std::unexpected(last_errno());
    return std::make_unique<LinuxDirectory>(opened);
  }

  WasiResult<std::unique_ptr<wasi::File>> open_file(const std::string& name, const wasi::OpenOptions& options) override {
    if (!is_single_name(name)) return std::unexpected(Errno::notcapable);
    // O_NONBLOCK: opening a pipe must not wait for its other end.
    int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    flags |= options.write ? (options.read ? O_RDWR : O_WRONLY) : O_RDONLY;
    if (options.create) flags |= O_CREAT;
    if (options.exclusive) flags |= O_EXCL;
    if (options.truncate) flags |= O_TRUNC;
    const int opened = openat(descriptor_, name.c_str(), flags, 0666);
    if (opened < 0) return std::unexpected(last_errno());
    auto file = make_file(opened, Ownership::owned);
    struct stat status{};
    if (fstat(opened, &status) != 0) return std::unexpected(last_errno());
    if (S_ISDIR(status.st_mode)) return std::unexpected(Errno::isdir);
    fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK);
    return file;
  }

  WasiResult<wasi::FileStat> stat(const std::string& name) override {
    if (!is_single_name(name)) return std::unexpected(Errno::notcapable);
    struct stat result{};
    if (fstatat(descriptor_, name.c_str(), &result, AT_SYMLINK_NOFOLLOW) != 0) return std::unexpected(last_errno());
    return to_file_stat(result);
  }

  WasiResult<wasi::FileStat> stat_self() override {
    struct stat result{};
    if (fstat(descriptor_, &result) != 0) return std::unexpected(last_errno());
    return to_file_stat(result);
  }

  WasiResult<std::string> read_link(const std::string& name) override {
    if (!is_single_name(name)) return std::unexpected(Errno::notcapable);
    std::string target(PATH_MAX, '\0');
    const ssize_t length = readlinkat(descriptor_, name.c_str(), target.data(), target.size());
    if (length < 0) return std::unexpected(last_errno());
    target.resize(static_cast<size_t>(length));
    return target;
  }

  Errno create_directory(const std::string& name) override {
    return is_single_name(name) ? result_of(mkdirat(descriptor_, name.c_str(), 0777)) : Errno::notcapable;
  }
  Errno remove_directory(const std::string& name) override {
    return is_single_name(name) ? result_of(unlinkat(descriptor_, name.c_str(), AT_REMOVEDIR)) : Errno::notcapable;
  }
  Errno unlink(const std::string& name) override {
    return is_single_name(name) ? result_of(unlinkat(descriptor_, name.c_str(), 0)) : Errno::notcapable;
  }
  Errno symlink(const std::string& target, const std::string& name) override {
    return is_single_name(name) ? result_of(symlinkat(target.c_str(), descriptor_, name.c_str())) : Errno::notcapable;
  }
  Errno link(const std::string& name, wasi::Directory& to, const std::string& to_name) override {
    const auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    if (!is_single_name(name) || !is_single_name(to_name)) return Errno::notcapable;
    return result_of(linkat(descriptor_, name.c_str(), target->descriptor_, to_name.c_str(), 0));
  }
  Errno rename(const std::string& name, wasi::Directory& to, const std::string& to_name) override {
    const auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    if (!is_single_name(name) || !is_single_name(to_name)) return Errno::notcapable;
    return result_of(renameat(descriptor_, name.c_str(), target->descriptor_, to_name.c_str()));
  }
  Errno set_times(const std::string& name, const wasi::SetTimes& times) override {
    if (!is_single_name(name)) return Errno::notcapable;
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

  WasiResult<std::vector<wasi::DirectoryEntry>> list() override {
    // A descriptor of its own, so that its position is its own too.
    const int copy = openat(descriptor_, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (copy < 0) return std::unexpected(last_errno());
    DIR* stream = fdopendir(copy);
    if (stream == nullptr) {
      close(copy);
      return std::unexpected(last_errno());
    }
    std::vector<wasi::DirectoryEntry> entries;
    while (const dirent* entry = readdir(stream)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      struct stat status{};
      const bool known = fstatat(descriptor_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
      entries.push_back({name, entry->d_ino, known ? to_file_type(status.st_mode) : wasi::FileType::unknown});
    }
    closedir(stream);
    std::ranges::sort(entries, {}, &wasi::DirectoryEntry::name);
    return entries;
  }

 private:
  LinuxDirectory* as_own(wasi::Directory& other) const {
    return other.file_system() == file_system() ? static_cast<LinuxDirectory*>(&other) : nullptr;
  }

  int descriptor_;
};

}  // namespace

Result<std::unique_ptr<wasi::Directory>> open_host_directory(const std::string& path) {
  const int opened = open(path.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
  if (opened < 0) return fail(Error::of(ErrorKind::io, "cannot open directory " + path + ": " + std::strerror(errno)));
  return std::make_unique<LinuxDirectory>(opened);
}

}  // namespace cairn::host
