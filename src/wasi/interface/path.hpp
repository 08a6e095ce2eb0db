// Walks along a guest's path inside a directory, for the functions path_* in wasi/paths.cpp. No path or link reaches
// anything outside: a path or link that is absolute or climbs above the directory gives Errno::notcapable.
//
// The result depends on the path's end, as on Linux. With a slash at the end, the last component must be a directory,
// and operations that look up a file follow it if it is a link. Operations that make or remove a name never follow a
// link in the last component.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "wasi/interface/file.hpp"

namespace cairn::wasi {

// Whether a symbolic link in the last component of a path is followed.
enum class LastLink : uint8_t { follow, keep };

// The result of resolving a path: an open directory, and the last name in it, which need not exist.
struct ResolvedPath {
  std::unique_ptr<Directory> directory;
  Name name;                       // empty: the directory itself
  bool must_be_directory = false;  // the path, or the last link that was followed, ended in a slash
};

// Resolves a path to look up a file. With LastLink::follow, a link in the last component is followed too, even if its
// target does not exist. With a slash at the end of the path, a link there is always followed.
WasiResult<ResolvedPath> resolve_path(Directory& base, std::string_view path, LastLink last);
// Resolves a path to open a file that may be created, like resolve_path(). A name that ends in a slash gives
// Errno::isdir, because it cannot be created.
WasiResult<ResolvedPath> resolve_to_create(Directory& base, std::string_view path, LastLink last);

enum class LastComponent : uint8_t { name, dot, dot_dot };

// The result of resolving a path without its last component: an open directory, and the last component.
struct ResolvedParent {
  std::unique_ptr<Directory> directory;
  Name name;  // valid if `last` is LastComponent::name
  LastComponent last = LastComponent::name;
  bool ends_in_slash = false;
};

// Resolves a path to make or remove a name.
WasiResult<ResolvedParent> resolve_parent(Directory& base, std::string_view path);

}  // namespace cairn::wasi
