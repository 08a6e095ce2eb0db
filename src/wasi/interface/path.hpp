// Walking a guest's path inside a preopened directory. Nothing outside is reachable by any path or link: a path or a
// link that is absolute or climbs above the directory gives Errno::notcapable.
//
// What a path leads to depends on how it ends, as on Linux: behind a slash, the last component is a directory, and
// links are followed to it where the operation looks a file up; operations that make or remove a name never follow its
// last component.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "wasi/interface/file.hpp"

namespace cairn::wasi {

enum class LastLink : uint8_t { follow, keep };

// Where a path leads: a directory that has been opened, and the last name in it, which need not exist.
struct ResolvedPath {
  std::unique_ptr<Directory> directory;
  Name name;                       // empty: the directory itself
  bool must_be_directory = false;  // the path, or the last link that was followed, ended in a slash
};

// For looking a file up. With LastLink::follow the last component's links are followed too, as far as what they lead to
// exists; with a slash at the end they always are.
WasiResult<ResolvedPath> resolve_path(Directory& base, std::string_view path, LastLink last);
// For opening a file that is created if need be: as resolve_path, but nothing can be created behind a slash
// (Errno::isdir).
WasiResult<ResolvedPath> resolve_to_create(Directory& base, std::string_view path, LastLink last);

enum class LastComponent : uint8_t { name, dot, dot_dot };

// A path without its last component, and that.
struct ResolvedParent {
  std::unique_ptr<Directory> directory;
  Name name;  // when `last` says that there is one
  LastComponent last = LastComponent::name;
  bool ends_in_slash = false;
};

// For making and removing names.
WasiResult<ResolvedParent> resolve_parent(Directory& base, std::string_view path);

}  // namespace cairn::wasi
