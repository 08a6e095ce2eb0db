#include "host/cli/bundle.hpp"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "host/cli/files.hpp"

namespace cairn::cli {
namespace {

constexpr uint64_t kMaxBundle = uint64_t{2} << 30;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::unexpected<Error> file_error(const std::string& path) {
  return fail(Error::of(ErrorKind::io, "cannot read " + path + ": " + std::strerror(errno)));
}

class TreeWriter {
 public:
  explicit TreeWriter(CpioWriter& archive) : archive_(archive) {}

  // Copies the host's `path` to `name` in the archive. Links are copied, not followed; sockets and devices are left
  // out.
  Result<void> add(const std::string& path, const std::string& name) {
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) return file_error(path);
    CpioEntry entry{.name = name, .data = {}, .modified_seconds = static_cast<uint64_t>(info.st_mtime)};
    if (S_ISLNK(info.st_mode)) {
      char target[PATH_MAX];
      const ssize_t length = readlink(path.c_str(), target, sizeof target);
      if (length < 0) return file_error(path);
      entry.kind = CpioKind::symlink;
      entry.data = bytes_of(std::string_view(target, static_cast<size_t>(length)));
      archive_.add(entry);
    } else if (S_ISREG(info.st_mode)) {
      const std::string contents = CAIRN_TRY(read_file(path));
      total_ += contents.size();
      if (total_ > kMaxBundle)
        return fail(Error::of(ErrorKind::limit, "the directories given by --dir hold more than 2 GiB"));
      entry.data = bytes_of(contents);
      archive_.add(entry);
    } else if (S_ISDIR(info.st_mode)) {
      entry.kind = CpioKind::directory;
      archive_.add(entry);
      return add_children(path, name);
    }
    return {};
  }

  Result<void> add_children(const std::string& path, const std::string& name) {
    for (const std::string& child : CAIRN_TRY(list_directory(path))) CAIRN_TRY(add(path + "/" + child, name + "/" + child));
    return {};
  }

 private:
  CpioWriter& archive_;
  uint64_t total_ = 0;
};

// "/a//b/./c/" and "a/b/c" become "/a/b/c"; nothing climbs out with "..".
Result<std::string> absolute_guest_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(Error::of(ErrorKind::usage, "a guest directory of --dir must not contain `..`"));
    out += '/';
    out += part;
  }
  return out;
}

Result<void> add_directories(const Options& options, CpioWriter& archive) {
  const std::string root(bundle_member::kRoot);
  TreeWriter tree(archive);
  archive.add({.kind = CpioKind::directory, .name = root, .data = {}});
  for (const DirectoryMapping& mapping : options.directories) {
    struct stat info{};
    if (stat(mapping.host.c_str(), &info) != 0) return file_error(mapping.host);
    if (!S_ISDIR(info.st_mode)) return fail(Error::of(ErrorKind::io, mapping.host + " is not a directory"));
    const std::string guest = CAIRN_TRY(absolute_guest_path(mapping.guest));
    for (size_t slash = guest.find('/', 1); slash < guest.size(); slash = guest.find('/', slash + 1)) {
      archive.add({.kind = CpioKind::directory, .name = root + guest.substr(0, slash), .data = {}});
    }
    const std::string name = root + guest;
    if (!guest.empty()) archive.add({.kind = CpioKind::directory, .name = name, .data = {}});
    CAIRN_TRY(tree.add_children(mapping.host, name));
  }
  return {};
}

}  // namespace

Result<std::string> make_bundle(const Options& options, BootConfig config, const std::string& program) {
  config.environment = options.environment;
  config.preopens = {"/"};
  for (const DirectoryMapping& mapping : options.directories) {
    if (mapping.guest != "/") config.preopens.push_back(mapping.guest);
  }
  for (int fd = 0; fd < 3; ++fd) config.terminal[fd] = isatty(fd) != 0;
  config.bounds = options.bounds;
  config.disabled_features = options.disabled_features;
  config.engine_options = options.engine_options;
  config.report_times = options.report_times;
  config.wall_clock_nanoseconds = wall_clock_nanoseconds();

  CpioWriter archive;
  const std::string encoded = config.encode();
  archive.add({.name = bundle_member::kConfig, .data = bytes_of(encoded)});
  if (!program.empty()) archive.add({.name = bundle_member::kProgram, .data = bytes_of(program)});
  CAIRN_TRY(add_directories(options, archive));
  return archive.finish();
}

}  // namespace cairn::cli
