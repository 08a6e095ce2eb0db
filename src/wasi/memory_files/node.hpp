// The parts of a file tree: nodes (files, directories, links, the null device) and the entries that name them.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "wasi/memory_files/contents.hpp"
#include "wasi/memory_files/ordered_tree.hpp"

namespace cairn::wasi {

// The id of a node, which is also its inode number. A number is used only once, so the id of a destroyed node never
// names another one.
struct NodeId {
  uint64_t number = 0;  // 0: none
  bool operator==(const NodeId&) const = default;
};

struct ByName;
struct ByPosition;

// A name in a directory. The name's bytes follow the Entry in memory.
struct Entry : TreeLink<ByName>, TreeLink<ByPosition> {
  NodeId node;
  uint64_t position = 0;  // place in listings; each name that is added to a directory gets a greater one
  uint32_t length = 0;

  [[nodiscard]] std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), length}; }
  [[nodiscard]] char* bytes() { return reinterpret_cast<char*>(this + 1); }
  // The bytes that an entry occupies.
  [[nodiscard]] static constexpr size_t bytes_for(size_t length) { return sizeof(Entry) + length; }
};

// A node exists as long as it has a name or is held (FileTree::hold).
struct Node {
  NodeId id;
  FileType type = FileType::regular_file;
  // Number of names. A directory's names are, as on Linux, its own name, its "." and the ".." of its children.
  uint64_t links = 0;
  uint64_t handles = 0;  // number of calls of FileTree::hold() without a release() yet
  uint64_t access_time = 0;
  uint64_t modification_time = 0;
  uint64_t change_time = 0;

  Contents contents;  // contents of regular files

  char* target = nullptr;  // target of symbolic links, without a NUL at its end
  uint32_t target_length = 0;

  // These members are for directories only.
  OrderedTree<Entry, ByName> names;
  OrderedTree<Entry, ByPosition> positions;
  uint64_t next_position = 1;
  uint64_t entries = 0;
  NodeId parent;  // none for the root and for directories that were removed

  [[nodiscard]] bool is_directory() const { return type == FileType::directory; }
  // A directory that was removed takes no entries.
  [[nodiscard]] bool is_removed() const { return links == 0; }
};

}  // namespace cairn::wasi
