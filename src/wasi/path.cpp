#include "wasi/path.hpp"

#include <vector>

namespace cairn::wasi {

namespace {
constexpr size_t kMaximumLinks = 40;
constexpr size_t kMaximumDepth = 1024;

// The components of `path` in front of what is still to be walked, last one first.
void push_components(std::vector<std::string>& pending, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  for (size_t i = parts.size(); i-- > 0;) pending.push_back(std::move(parts[i]));
}

bool ends_as_directory(std::string_view path) {
  return path.ends_with('/') || path == "." || path.ends_with("/.") || path == ".." || path.ends_with("/..");
}

}  // namespace

WasiResult<ResolvedPath> resolve_path(Directory& base, std::string_view path, LastLink last) {
  if (path.size() > kMaximumPath) return std::unexpected(Errno::nametoolong);
  if (path.empty()) return std::unexpected(Errno::noent);
  if (path.front() == '/') return std::unexpected(Errno::notcapable);
  if (path.find('\0') != std::string_view::npos) return std::unexpected(Errno::ilseq);

  ResolvedPath result;
  result.must_be_directory = ends_as_directory(path);
  std::vector<std::unique_ptr<Directory>> above;  // from the base down to the parent of `directory`
  auto opened = base.duplicate();
  if (!opened) return std::unexpected(opened.error());
  std::unique_ptr<Directory> directory = std::move(*opened);
  std::vector<std::string> pending;
  push_components(pending, path);
  size_t links = 0;

  while (!pending.empty()) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (name == "..") {
      if (above.empty()) return std::unexpected(Errno::notcapable);
      directory = std::move(above.back());
      above.pop_back();
      continue;
    }
    const bool is_last = pending.empty();
    if (is_last && last == LastLink::keep && !result.must_be_directory) {
      result.name = name;
      break;
    }
    WasiResult<std::string> target = directory->read_link(name);
    if (target) {
      if (++links > kMaximumLinks) return std::unexpected(Errno::loop);
      if (target->size() > kMaximumPath) return std::unexpected(Errno::nametoolong);
      if (target->empty()) return std::unexpected(Errno::noent);
      if (target->front() == '/') return std::unexpected(Errno::notcapable);
      if (is_last && ends_as_directory(*target)) result.must_be_directory = true;
      push_components(pending, *target);
      continue;
    }
    if (is_last) {
      result.name = name;
      break;
    }
    if (above.size() == kMaximumDepth) return std::unexpected(Errno::nametoolong);
    auto next = directory->open_directory(name);
    if (!next) return std::unexpected(next.error());
    above.push_back(std::move(directory));
    directory = std::move(*next);
  }
  result.directory = std::move(directory);
  return result;
}

}  // namespace cairn::wasi
