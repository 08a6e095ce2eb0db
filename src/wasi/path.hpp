// Walking a guest's path inside a preopened directory. Nothing outside is reachable by any path or link: a path or a link that
// is absolute or climbs above the directory gives Errno::notcapable.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "wasi/file.hpp"

namespace cairn::wasi {

// Of a path, and of what a link leads to; longer ones give Errno::nametoolong.
constexpr size_t kMaximumPath = 4096;

enum class LastLink : uint8_t { follow, keep };

// Where a path leads: a directory that has been opened, and the last name in it, which need not exist.
struct ResolvedPath {
  std::unique_ptr<Directory> directory;
  std::string name;               // empty: the directory itself
  bool must_be_directory = false;  // the path ended in a slash
};

// With LastLink::follow the last component's links are followed too, as far as what they lead to exists.
WasiResult<ResolvedPath> resolve_path(Directory& base, std::string_view path, LastLink last);

}  // namespace cairn::wasi
