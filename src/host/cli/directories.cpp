#include "host/cli/directories.hpp"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

#include "base/format.hpp"
#include "host/cli/files.hpp"

namespace cairn::cli {
namespace {

constexpr std::string_view kGuestRoot = "/0";  // path of a program's `/` in the machine's file system
constexpr uint64_t kEntryOverhead = 116;       // approximate bytes of an archive member besides its name and data

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::unexpected<Error> file_error(const std::string& path) {
  return fail(Error::of(ErrorKind::io, "cannot read " + path + ": " + std::strerror(errno)));
}

// "/a//b/./c/" and "a/b/x/../c" become "/a/b/c", "." and "/" become "". Nothing climbs above the root.
std::string normalized(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part == "..") {
      out.resize(out.empty() ? 0 : out.rfind('/'));
    } else if (!part.empty() && part != ".") {
      out.append("/").append(part);
    }
  }
  return out;
}

// Returns whether `path` is `directory` or lies in it. Both are absolute and have no parts `.` and `..`. The root is
// "" or "/".
bool is_within(std::string_view path, std::string_view directory) {
  if (directory == "/") directory = "";
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(realpath(path.c_str(), nullptr), free);
  if (!resolved) return fail(Error::of(ErrorKind::io, "cannot open directory " + path + ": " + std::strerror(errno)));
  if (!is_directory(resolved.get())) return fail(Error::of(ErrorKind::io, path + " is not a directory"));
  return std::string(resolved.get());
}

// Copies trees of the host's files into an archive, and subtracts their size from a budget.
class TreeWriter {
 public:
  TreeWriter(CpioWriter& archive, uint64_t& left) : archive_(archive), budget_(left), left_(left) {}

  // Makes a directory and its missing parents.
  void make_directory(const std::string& name) {
    for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      make_one(name.substr(0, slash));
    }
    make_one(name);
  }

  // Copies the contents of the host's directory `path` to the directory `name` of the archive.
  Result<void> add_children(const std::string& path, const std::string& name) {
    for (const std::string& child : CAIRN_TRY(list_directory(path))) {
      CAIRN_TRY(add(path + (path.ends_with('/') ? "" : "/") + child, name + "/" + child));
    }
    return {};
  }

 private:
  void make_one(const std::string& name) {
    if (made_.insert(name).second) archive_.add({.kind = CpioKind::directory, .name = name, .data = {}});
  }

  Result<void> add(const std::string& path, const std::string& name) {
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) return file_error(path);
    CpioEntry entry{.name = name, .data = {}, .modified_seconds = static_cast<uint64_t>(info.st_mtime)};
    if (S_ISLNK(info.st_mode)) {
      char target[PATH_MAX];
      const ssize_t length = readlink(path.c_str(), target, sizeof target);
      if (length < 0) return file_error(path);
      CAIRN_TRY(charge(path, static_cast<uint64_t>(length), name));
      entry.kind = CpioKind::symlink;
      entry.data = bytes_of(std::string_view(target, static_cast<size_t>(length)));
      archive_.add(entry);
    } else if (S_ISREG(info.st_mode)) {
      CAIRN_TRY(charge(path, static_cast<uint64_t>(info.st_size), name));
      // The read fails if the file has grown beyond the size that was charged for it.
      const std::string contents = CAIRN_TRY(read_file(path, static_cast<uint64_t>(info.st_size)));
      entry.data = bytes_of(contents);
      archive_.add(entry);
    } else if (S_ISDIR(info.st_mode)) {
      CAIRN_TRY(charge(path, 0, name));
      entry.kind = CpioKind::directory;
      archive_.add(entry);
      return add_children(path, name);
    }
    return {};
  }

  Result<void> charge(const std::string& path, uint64_t bytes, const std::string& name) {
    const uint64_t needed = bytes + kEntryOverhead + name.size();
    if (bytes > left_ || needed > left_) {
      return fail(Error::of(ErrorKind::limit, path + " (" + decimal(bytes) +
                                                  " bytes) is too large: the files of --dir may hold " +
                                                  decimal(budget_) + " bytes on this machine; --memory gives it more"));
    }
    left_ -= needed;
    return {};
  }

  CpioWriter& archive_;
  uint64_t budget_;
  uint64_t& left_;
  std::set<std::string> made_;
};

}  // namespace

Result<std::vector<PlacedDirectory>> place_directories(const std::vector<host::DirectoryMapping>& mappings) {
  std::vector<PlacedDirectory> placed;
  for (const host::DirectoryMapping& mapping : mappings) {
    placed.push_back({CAIRN_TRY(real_path(mapping.host)), mapping.guest, {}, true});
  }
  // Each directory is placed in the outermost one that contains it on the host. Of equal ones, the first counts.
  std::vector<size_t> holder(placed.size());
  for (size_t i = 0; i < placed.size(); ++i) {
    holder[i] = i;
    for (size_t j = 0; j < placed.size(); ++j) {
      const std::string &mine = placed[holder[i]].host, &other = placed[j].host;
      if (is_within(mine, other) && (other.size() < mine.size() || j < holder[i])) holder[i] = j;
    }
    placed[i].is_copied = holder[i] == i;
  }
  size_t own_trees = 0;
  std::vector<std::string> taken;
  for (PlacedDirectory& directory : placed) {
    if (!directory.is_copied) continue;
    const std::string wanted = std::string(kGuestRoot) + normalized(directory.name);
    // Only a directory named "/" replaces the default root; one named `.` gets a tree of its own.
    const bool is_given_root = wanted != kGuestRoot || directory.name == "/";
    const bool is_free = is_given_root && std::ranges::none_of(taken, [&](const std::string& other) {
                           return is_within(wanted, other) || is_within(other, wanted);
                         });
    directory.path = is_free ? wanted : "/" + decimal(++own_trees);
    taken.push_back(directory.path);
  }
  for (size_t i = 0; i < placed.size(); ++i) {
    const PlacedDirectory& outer = placed[holder[i]];
    if (placed[i].is_copied) continue;
    const size_t skipped = outer.host == "/" ? 0 : outer.host.size();
    placed[i].path = outer.path + placed[i].host.substr(skipped);
  }
  return placed;
}

bool has_default_root(const host::ProgramDescription& program) {
  return program.has_default_root &&
         std::ranges::none_of(program.directories, [](const auto& mapping) { return mapping.guest == "/"; });
}

std::vector<Preopen> preopens_of(const host::ProgramDescription& program,
                                 const std::vector<PlacedDirectory>& directories) {
  std::vector<Preopen> preopens;
  if (has_default_root(program)) preopens.push_back({"/", std::string(kGuestRoot)});
  for (const PlacedDirectory& directory : directories) preopens.push_back({directory.name, directory.path});
  return preopens;
}

Result<void> copy_directories(const std::vector<PlacedDirectory>& directories, const std::string& root,
                              uint64_t& budget, CpioWriter& archive) {
  TreeWriter tree(archive, budget);
  tree.make_directory(root + std::string(kGuestRoot));
  for (const PlacedDirectory& directory : directories) {
    if (!directory.is_copied) continue;
    tree.make_directory(root + directory.path);
    CAIRN_TRY(tree.add_children(directory.host, root + directory.path));
  }
  return {};
}

}  // namespace cairn::cli
