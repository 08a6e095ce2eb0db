#include "host/cli/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/format.hpp"

namespace cairn::cli {
namespace {

std::unexpected<Error> file_error(const char* what, const std::string& path) {
  return fail(Error::of(ErrorKind::io, std::string(what) + " " + path + ": " + std::strerror(errno)));
}

std::unexpected<Error> too_large(const std::string& path, const std::string& why, uint64_t limit) {
  return fail(
      Error::of(ErrorKind::limit, path + " is too large: " + why + ", and the limit is " + decimal(limit) + " bytes"));
}

// Waits after a read from a pipe has given no bytes. Returns true when the pipe may have bytes, and false when its
// writers have closed it. If no writer has opened the pipe yet, waits for a writer, but not longer than kPatience.
Result<bool> wait_for_writer(int fd, bool has_writer, const std::string& path) {
  constexpr int kPatience = 5000;  // milliseconds
  pollfd pipe{fd, POLLIN, 0};
  const int ready = poll(&pipe, 1, has_writer ? -1 : kPatience);
  if (ready < 0 && errno != EINTR) return file_error("cannot read", path);
  if (ready == 0) return fail(Error::of(ErrorKind::io, "cannot read " + path + ": nobody writes to this pipe"));
  return (pipe.revents & POLLIN) != 0 || ready < 0;
}

Result<void> write_all(int file, const std::string& path, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t length = write(file, contents.data(), contents.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return file_error("cannot write", path);
    contents.remove_prefix(static_cast<size_t>(length));
  }
  return {};
}

// Returns the path of this program, BUILD/PRESET/cairn-cli, without its last `levels` parts.
std::string above_program(int levels) {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  std::string result(path, length > 0 ? static_cast<size_t>(length) : 0);
  for (int level = 0; level < levels; ++level) result.resize(std::min(result.size(), result.rfind('/')));
  return result;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Makes the directory if it does not exist. Returns whether it can be written and belongs to this user; for root, the
// owner does not matter.
bool is_usable(const std::string& path) {
  make_directories(path);
  struct stat info{};
  return lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && access(path.c_str(), W_OK) == 0 &&
         (info.st_uid == geteuid() || geteuid() == 0);
}

Result<std::string> find_cache() {
  std::vector<std::string> places = {build_directory() + "/cache"};
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) places.push_back(cache + "/cairn");
  if (const std::string home = environment("HOME"); !home.empty()) places.push_back(home + "/.cache/cairn");
  const std::string temporary = environment("TMPDIR");
  places.push_back((temporary.empty() ? "/tmp" : temporary) + "/cairn-" + decimal(geteuid()));
  for (const std::string& place : places) {
    if (is_usable(place)) return place;
  }
  return fail(Error::of(ErrorKind::io, "cannot write " + places.front() +
                                           ": set XDG_CACHE_HOME or TMPDIR to a directory that can be written"));
}

uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

Result<std::string> read_file(const std::string& path, uint64_t limit) {
  // With O_NONBLOCK, opening a pipe does not wait for a writer. Reads of everything else wait as usual.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return file_error("cannot open", path);
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return file_error("cannot read", path);
  if (S_ISDIR(info.st_mode)) return fail(Error::of(ErrorKind::io, "cannot read " + path + ": it is a directory"));
  if (S_ISBLK(info.st_mode) || (S_ISCHR(info.st_mode) && isatty(file.get()) == 0)) {
    return fail(Error::of(ErrorKind::io, "cannot read " + path + ": it is a device"));
  }
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > limit) return too_large(path, "it has " + decimal(size) + " bytes", limit);
  const bool is_pipe = S_ISFIFO(info.st_mode);
  if (!is_pipe) fcntl(file.get(), F_SETFL, 0);
  std::string contents;
  size_t filled = 0;
  while (true) {
    // The buffer is larger than the stated size, so that a file that is longer than it states is read to its end.
    if (filled == contents.size()) contents.resize(std::max({filled * 2, size + 1, size_t{1} << 16}));
    const ssize_t length = read(file.get(), contents.data() + filled, contents.size() - filled);
    if (length < 0 && errno == EINTR) continue;
    const bool has_writer = length < 0 && errno == EAGAIN;
    if (is_pipe && (has_writer || (length == 0 && filled == 0))) {
      if (CAIRN_TRY(wait_for_writer(file.get(), has_writer, path))) continue;
      break;
    }
    if (length < 0) return file_error("cannot read", path);
    if (length == 0) break;
    filled += static_cast<size_t>(length);
    if (filled > limit) return too_large(path, "it does not end", limit);
  }
  contents.resize(filled);
  return contents;
}

Result<void> write_file(const std::string& path, std::string_view contents) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.is_open()) return file_error("cannot create", path);
  return write_all(file.get(), path, contents);
}

Result<FileDescriptor> file_in_memory(const char* name, std::string_view contents) {
  FileDescriptor file(memfd_create(name, 0));
  if (!file.is_open()) return file_error("cannot create a file in memory:", name);
  CAIRN_TRY(write_all(file.get(), name, contents));
  return file;
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

bool is_regular_file(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

void make_directories(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0777);
  }
  mkdir(path.c_str(), 0777);
}

const std::string& root_directory() {
  static const std::string& root =
      *new std::string(environment("CAIRN_ROOT").empty() ? above_program(3) : environment("CAIRN_ROOT"));
  return root;
}

const std::string& build_directory() {
  static const std::string& build = *new std::string(above_program(2));
  return build;
}

Result<std::string> cache_directory() {
  static const Result<std::string>& cache = *new Result<std::string>(find_cache());
  return cache;
}

uint64_t monotonic_nanoseconds() { return nanoseconds(CLOCK_MONOTONIC); }
uint64_t wall_clock_nanoseconds() { return nanoseconds(CLOCK_REALTIME); }

}  // namespace cairn::cli
