// Walks along a guest's path inside a preopened directory; wasi/paths.cpp has the functions path_* that call this. No
// path or link reaches anything outside: a path or link that is absolute or climbs above the directory gives
// Errno::notcapable.
//
// The result depends on the path's end, as on Linux. With a slash at the end, the last component is a directory, and
// operations that look up a file follow links to it. Operations that make or remove a name never follow its last
// component.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "wasi/interface/file.hpp"

namespace cairn::wasi {

enum class LastLink : uint8_t { follow, keep };

// The result of resolving a path: an open directory, and the last name in it, which need not exist.
struct ResolvedPath {
  std::unique_ptr<Directory> directory;
  Name name;                       // empty: the directory itself
  bool must_be_directory = false;  // the path, or the last link that was followed, ended in a slash
};

// Resolves a path to look up a file. With LastLink::follow, links in the last component are followed too, as far as
// their targets exist. With a slash at the end they are always followed.
WasiResult<ResolvedPath> resolve_path(Directory& base, std::string_view path, LastLink last);
// Resolves a path to open a file that may be created: like resolve_path, but a name that ends
// in a slash cannot be created (Errno::isdir).
WasiResult<ResolvedPath> resolve_to_create(Directory& base, std::string_view path, LastLink last);

enum class LastComponent : uint8_t { name, dot, dot_dot };

// The directory of a path without its last component, and that component.
struct ResolvedParent {
  std::unique_ptr<Directory> directory;
  Name name;  // valid when `last` says that there is one
  LastComponent last = LastComponent::name;
  bool ends_in_slash = false;
};

// Resolves a path to make or remove a name.
WasiResult<ResolvedParent> resolve_parent(Directory& base, std::string_view path);

}  // namespace cairn::wasi
