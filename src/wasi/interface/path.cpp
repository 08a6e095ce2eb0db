#include "wasi/interface/path.hpp"

#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "base/try_vector.hpp"

namespace cairn::wasi {

namespace {
constexpr size_t kMaximumLinks = 40;    // links that one walk follows, as on Linux
constexpr size_t kMaximumDepth = 2048;  // limit on directories that are open at once; no path without links is deeper

// The part of a path, and of the targets of links in it, that is still to be walked.
class Pending {
 public:
  struct Component {
    std::string_view text;
    bool is_last = false;
    bool has_slash = false;  // a slash follows it
  };

  explicit Pending(std::string_view path) { texts_[0].rest = path; }

  // Returns the next component. Must not be called after the last component. Components are never empty, because
  // check() accepts only texts that begin with one.
  Component take() {
    while (depth_ != 0 && texts_[depth_].rest.empty()) texts_[depth_--].memory.reset();
    std::string_view& rest = texts_[depth_].rest;
    Component component;
    const size_t end = rest.find('/');
    component.text = rest.substr(0, end);
    component.has_slash = end != std::string_view::npos;
    rest.remove_prefix(component.text.size());
    skip_slashes(rest);
    component.is_last = true;
    for (size_t i = 0; i <= depth_; ++i) component.is_last &= texts_[i].rest.empty();
    return component;
  }

  // Puts the target of a link before the rest of the path, which is not walked yet.
  Errno follow(std::string_view target) {
    if (++links_ > kMaximumLinks) return Errno::loop;
    std::unique_ptr<char[]> copy(new (std::nothrow) char[target.size()]);
    if (copy == nullptr) return Errno::nomem;
    std::memcpy(copy.get(), target.data(), target.size());
    ++depth_;
    texts_[depth_].rest = {copy.get(), target.size()};
    texts_[depth_].memory = std::move(copy);
    return Errno::success;
  }

 private:
  static void skip_slashes(std::string_view& text) {
    while (text.starts_with('/')) text.remove_prefix(1);
  }

  struct Text {
    std::unique_ptr<char[]> memory;  // bytes of a link's target; null for the path itself
    std::string_view rest;
  };
  std::array<Text, kMaximumLinks + 1> texts_;
  size_t depth_ = 0;
  size_t links_ = 0;
};

// Why a path is walked: to look up a file, to open a file that may be created, or to find the directory of a name that
// will be made or removed.
enum class Purpose : uint8_t { look_up, create, parent };

// The place that a walk has reached.
struct Walk {
  std::unique_ptr<Directory> directory;
  TryVector<std::unique_ptr<Directory>> above;  // from the base down to the parent of `directory`

  Errno enter(const Name& name) {
    if (above.size() == kMaximumDepth) return Errno::nametoolong;
    auto next = directory->open_directory(name);
    if (!next) return next.error();
    if (!above.try_push_back(std::move(directory))) return Errno::nomem;
    directory = *std::move(next);
    return Errno::success;
  }
  Errno leave() {
    if (above.empty()) return Errno::notcapable;
    directory = std::move(above.back());
    above.pop_back();
    return Errno::success;
  }
};

// Checks a path or the target of a link.
Errno check(std::string_view path) {
  if (path.size() > kMaximumPath) return Errno::nametoolong;
  if (path.empty()) return Errno::noent;
  if (path.front() == '/') return Errno::notcapable;
  return path.find('\0') == std::string_view::npos ? Errno::success : Errno::ilseq;
}

// Walks the path. Returns the directory that it leads to, and the last component unless that is "." or "..".
WasiResult<ResolvedParent> walk(Directory& base, std::string_view path, LastLink last, Purpose purpose) {
  if (const Errno error = check(path); error != Errno::success) return std::unexpected(error);
  auto opened = base.duplicate();
  if (!opened) return std::unexpected(opened.error());
  Walk at{std::move(*opened), {}};
  const auto pending = try_make_unique<Pending>(path);
  const auto target = try_make_unique<std::array<char, kMaximumPath + 1>>();
  if (pending == nullptr || target == nullptr) return std::unexpected(Errno::nomem);

  ResolvedParent result;
  for (bool is_last = false; !is_last;) {
    const Pending::Component component = pending->take();
    is_last = component.is_last;
    if (is_last && component.has_slash) result.ends_in_slash = true;
    const bool stops = is_last && purpose == Purpose::parent;
    if (component.text == "." || component.text == "..") {
      if (stops && component.text == "..") {
        // The last component is not walked, but it must not lead outside either.
        if (at.above.empty()) return std::unexpected(Errno::notcapable);
        result.last = LastComponent::dot_dot;
      } else if (component.text == "..") {
        if (const Errno error = at.leave(); error != Errno::success) return std::unexpected(error);
      }
      if (is_last && result.last == LastComponent::name) result.last = LastComponent::dot;
      continue;
    }
    const auto name = Name::create(component.text);
    if (!name) return std::unexpected(name.error());
    if (is_last) {
      result.name = *name;
      if (stops) break;
      if (component.has_slash && purpose == Purpose::create) return std::unexpected(Errno::isdir);
      if (last == LastLink::keep && !result.ends_in_slash) break;
    }
    // A component that is a link is replaced by the link's target. Any other component is the end of the walk, or the
    // next directory.
    const auto length = at.directory->read_link(*name, *target);
    if (!length) {
      if (is_last) break;
      if (const Errno error = at.enter(*name); error != Errno::success) return std::unexpected(error);
      continue;
    }
    const std::string_view text(target->data(), *length);
    if (const Errno error = check(text); error != Errno::success) return std::unexpected(error);
    if (const Errno error = pending->follow(text); error != Errno::success) return std::unexpected(error);
    is_last = false;
  }
  result.directory = std::move(at.directory);
  return result;
}

WasiResult<ResolvedPath> to_path(WasiResult<ResolvedParent> walked) {
  if (!walked) return std::unexpected(walked.error());
  const bool is_name = walked->last == LastComponent::name;
  return ResolvedPath{std::move(walked->directory), is_name ? walked->name : Name(), walked->ends_in_slash || !is_name};
}

}  // namespace

WasiResult<ResolvedPath> resolve_path(Directory& base, std::string_view path, LastLink last) {
  return to_path(walk(base, path, last, Purpose::look_up));
}
WasiResult<ResolvedPath> resolve_to_create(Directory& base, std::string_view path, LastLink last) {
  return to_path(walk(base, path, last, Purpose::create));
}
WasiResult<ResolvedParent> resolve_parent(Directory& base, std::string_view path) {
  return walk(base, path, LastLink::keep, Purpose::parent);
}

}  // namespace cairn::wasi
