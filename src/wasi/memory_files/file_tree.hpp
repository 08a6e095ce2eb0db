// FileTree holds files, directories and symbolic links in memory. Its operations name them by node ids and single names
// (node.hpp).
//
// An operation first checks for all errors, then allocates the memory that it needs, and only then changes the tree. So
// an operation that fails has no effect. Error numbers are those of Linux. No operation recurses, and the time of each
// is bounded by the size of the tree. All memory is on the tree's account. Callers pass only ids of nodes that
// exist: the root, nodes that they hold, and nodes that a function has just returned.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wasi/interface/file.hpp"
#include "wasi/memory_files/account.hpp"
#include "wasi/memory_files/node.hpp"
#include "wasi/memory_files/sparse_table.hpp"

namespace cairn::wasi {

class FileTree {
 public:
  // The tree has no root at first. create_root() makes it and must be called before everything else. `bytes` is
  // what the tree may take, and must outlive it.
  FileTree(System& system, Allowance& bytes) : system_(system), account_(bytes) {}
  ~FileTree();
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  Errno create_root();
  [[nodiscard]] NodeId root() const { return root_; }

  // A node that is held stays when its last name is removed. Each hold() needs a release().
  void hold(NodeId id) { ++node(id).handles; }
  void release(NodeId id);

  // --- names in directory `at`
  [[nodiscard]] WasiResult<NodeId> find(NodeId at, std::string_view name) const;
  WasiResult<NodeId> create_file(NodeId at, std::string_view name);
  WasiResult<NodeId> create_directory(NodeId at, std::string_view name);
  // Creates a device that reads as empty and discards what is written, like /dev/null.
  WasiResult<NodeId> create_null_device(NodeId at, std::string_view name);
  // Creates a symbolic link.
  WasiResult<NodeId> create_link(NodeId at, std::string_view name, std::string_view target);
  Errno remove_directory(NodeId at, std::string_view name);
  Errno unlink(NodeId at, std::string_view name);
  // Gives the node `name` another name in addition: `to_name` in directory `to`.
  Errno link(NodeId at, std::string_view name, NodeId to, std::string_view to_name);
  Errno rename(NodeId at, std::string_view name, NodeId to, std::string_view to_name);
  // Lists the entries from `position` on (wasi::Directory::list). Fails with Errno::noent when the directory was
  // removed.
  Errno list(NodeId at, uint64_t position, EntrySink& sink) const;

  // --- nodes
  [[nodiscard]] FileType type(NodeId id) const { return node(id).type; }
  [[nodiscard]] FileStat stat(NodeId id) const;
  void set_times(NodeId id, const SetTimes& times);
  [[nodiscard]] std::string_view target(NodeId id) const;  // target of a symbolic link
  // These functions are for regular files only.
  size_t read(NodeId id, uint64_t offset, std::span<std::byte> buffer);
  WasiResult<size_t> write(NodeId id, uint64_t offset, std::span<const std::byte> bytes);
  Errno set_size(NodeId id, uint64_t size);
  Errno allocate(NodeId id, uint64_t offset, uint64_t length);

 private:
  Node& node(NodeId id) const;
  [[nodiscard]] static Entry* find_entry(const Node& directory, std::string_view name);
  [[nodiscard]] uint64_t now() { return system_.now(ClockId::realtime); }
  void touch(Node& changed) { changed.modification_time = changed.change_time = now(); }

  WasiResult<Node*> create_node(FileType type);
  void destroy(Node& node);
  // Destroys the node if it has no names and nothing holds it.
  void forget(Node& node);
  WasiResult<Entry*> create_entry(std::string_view name, NodeId named);
  void destroy_entry(Entry& entry) { account_.release(&entry, Entry::bytes_for(entry.length)); }
  void add(Node& directory, Entry& entry);
  void remove(Node& directory, Entry& entry);
  // Creates a node under a new name. `target` is copied, and is empty unless the node is a symbolic link.
  WasiResult<NodeId> create(NodeId at, std::string_view name, FileType type, std::string_view target);
  // Whether the directory `above` is `below` or contains it, at any depth.
  [[nodiscard]] bool is_at_or_above(NodeId above, NodeId below) const;

  System& system_;
  Account account_;
  SparseTable nodes_;  // pointers to the nodes, by their numbers
  uint64_t last_number_ = 0;
  NodeId root_;
};

}  // namespace cairn::wasi
