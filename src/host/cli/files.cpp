#include "host/cli/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace cairn::cli {
namespace {

std::unexpected<Error> file_error(const char* what, const std::string& path) {
  return fail(Error::of(ErrorKind::io, std::string(what) + " " + path + ": " + std::strerror(errno)));
}

std::string find_root() {
  if (const char* given = std::getenv("CAIRN_ROOT")) return given;
  // build/PRESET/cairn-cli
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  std::string root(path, length > 0 ? static_cast<size_t>(length) : 0);
  for (int level = 0; level < 3; ++level) root.resize(std::min(root.size(), root.rfind('/')));
  return root;
}

uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return file_error("cannot open", path);
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return file_error("cannot read", path);
  if (S_ISDIR(info.st_mode)) return fail(Error::of(ErrorKind::io, "cannot read " + path + ": it is a directory"));
  std::string contents;
  size_t filled = 0;
  while (true) {
    if (filled == contents.size())
      contents.resize(filled + std::max<size_t>(static_cast<size_t>(info.st_size) + 1, 1 << 16));
    const ssize_t length = read(file.get(), contents.data() + filled, contents.size() - filled);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return file_error("cannot read", path);
    if (length == 0) break;
    filled += static_cast<size_t>(length);
  }
  contents.resize(filled);
  return contents;
}

Result<void> write_file(const std::string& path, std::string_view contents) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.is_open()) return file_error("cannot create", path);
  while (!contents.empty()) {
    const ssize_t length = write(file.get(), contents.data(), contents.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return file_error("cannot write", path);
    contents.remove_prefix(static_cast<size_t>(length));
  }
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return file_error("cannot read", path);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

const std::string& root_directory() {
  static const std::string& root = *new std::string(find_root());
  return root;
}

uint64_t monotonic_nanoseconds() { return nanoseconds(CLOCK_MONOTONIC); }
uint64_t wall_clock_nanoseconds() { return nanoseconds(CLOCK_REALTIME); }

}  // namespace cairn::cli
