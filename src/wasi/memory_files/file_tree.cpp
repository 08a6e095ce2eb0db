#include "wasi/memory_files/file_tree.hpp"

#include <cstring>

#include "base/assert.hpp"

namespace cairn::wasi {

namespace {
constexpr auto by_name(std::string_view name) {
  return [name](const Entry& entry) { return name.compare(entry.name()); };
}
constexpr auto by_position(uint64_t position) {
  return [position](const Entry& entry) { return position < entry.position ? -1 : position > entry.position ? 1 : 0; };
}
}  // namespace

// --- nodes and entries

FileTree::~FileTree() {
  while (const auto found = nodes_.next(0)) {
    Node& node = *static_cast<Node*>(found->item);
    while (Entry* entry = node.names.first()) {
      node.names.remove(*entry);
      destroy_entry(*entry);
    }
    destroy(node);
  }
  CAIRN_ASSERT(account_.used() == 0);
}

Errno FileTree::create_root() {
  auto root = create_node(FileType::directory);
  if (!root) return root.error();
  (*root)->links = 2;
  root_ = (*root)->id;
  return Errno::success;
}

Node& FileTree::node(NodeId id) const {
  auto* found = static_cast<Node*>(nodes_.find(id.number));
  CAIRN_ASSERT(found != nullptr);
  return *found;
}

WasiResult<Node*> FileTree::create_node(FileType type) {
  auto created = account_.create<Node>();
  if (!created) return created;
  Node& node = **created;
  node.id = NodeId{last_number_ + 1};
  node.type = type;
  node.access_time = node.modification_time = node.change_time = now();
  if (const Errno error = nodes_.insert(account_, node.id.number, &node); error != Errno::success) {
    account_.destroy(&node);
    return std::unexpected(error);
  }
  last_number_ = node.id.number;
  return &node;
}

void FileTree::destroy(Node& node) {
  nodes_.remove(account_, node.id.number);
  node.contents.clear(account_);
  if (node.target != nullptr) account_.release(node.target, node.target_length);
  account_.destroy(&node);
}

void FileTree::forget(Node& node) {
  if (node.links == 0 && node.handles == 0) destroy(node);
}

void FileTree::release(NodeId id) {
  Node& held = node(id);
  CAIRN_ASSERT(held.handles != 0);
  --held.handles;
  forget(held);
}

WasiResult<Entry*> FileTree::create_entry(std::string_view name, NodeId named) {
  if (name.size() > Name::kMaximum) return std::unexpected(Errno::nametoolong);
  auto memory = account_.allocate(Entry::bytes_for(name.size()));
  if (!memory) return std::unexpected(memory.error());
  Entry* entry = new (*memory) Entry;
  entry->node = named;
  entry->length = static_cast<uint32_t>(name.size());
  std::memcpy(entry->bytes(), name.data(), name.size());
  return entry;
}

Entry* FileTree::find_entry(const Node& directory, std::string_view name) {
  return directory.names.find(by_name(name));
}

void FileTree::add(Node& directory, Entry& entry) {
  entry.position = directory.next_position++;
  directory.names.insert(entry, by_name(entry.name()));
  directory.positions.insert(entry, by_position(entry.position));
  ++directory.entries;
}

void FileTree::remove(Node& directory, Entry& entry) {
  directory.names.remove(entry);
  directory.positions.remove(entry);
  --directory.entries;
  destroy_entry(entry);
}

// --- names

WasiResult<NodeId> FileTree::find(NodeId at, std::string_view name) const {
  const Entry* entry = find_entry(node(at), name);
  if (entry == nullptr) return std::unexpected(Errno::noent);
  return entry->node;
}

WasiResult<NodeId> FileTree::create(NodeId at, std::string_view name, FileType type, std::string_view target) {
  Node& directory = node(at);
  if (directory.is_removed()) return std::unexpected(Errno::noent);
  if (find_entry(directory, name) != nullptr) return std::unexpected(Errno::exist);
  auto created = create_node(type);
  if (!created) return std::unexpected(created.error());
  Node& fresh = **created;
  Errno error = Errno::success;
  if (!target.empty()) {
    auto copy = account_.allocate(target.size());
    if (copy) {
      fresh.target = static_cast<char*>(*copy);
      fresh.target_length = static_cast<uint32_t>(target.size());
      std::memcpy(fresh.target, target.data(), target.size());
    } else {
      error = copy.error();
    }
  }
  auto entry = error == Errno::success ? create_entry(name, fresh.id) : std::unexpected(error);
  if (!entry) {
    destroy(fresh);
    return std::unexpected(entry.error());
  }
  add(directory, **entry);
  fresh.links = 1;
  if (type == FileType::directory) {
    fresh.links = 2;
    fresh.parent = directory.id;
    ++directory.links;
  }
  touch(directory);
  return fresh.id;
}

WasiResult<NodeId> FileTree::create_file(NodeId at, std::string_view name) {
  return create(at, name, FileType::regular_file, {});
}
WasiResult<NodeId> FileTree::create_directory(NodeId at, std::string_view name) {
  return create(at, name, FileType::directory, {});
}
WasiResult<NodeId> FileTree::create_null_device(NodeId at, std::string_view name) {
  return create(at, name, FileType::character_device, {});
}
WasiResult<NodeId> FileTree::create_link(NodeId at, std::string_view name, std::string_view target) {
  if (target.empty()) return std::unexpected(Errno::noent);
  if (target.size() > kMaximumPath) return std::unexpected(Errno::nametoolong);
  return create(at, name, FileType::symbolic_link, target);
}

Errno FileTree::remove_directory(NodeId at, std::string_view name) {
  Node& directory = node(at);
  Entry* entry = find_entry(directory, name);
  if (entry == nullptr) return Errno::noent;
  Node& removed = node(entry->node);
  if (!removed.is_directory()) return Errno::notdir;
  if (removed.entries != 0) return Errno::notempty;
  remove(directory, *entry);
  --directory.links;
  touch(directory);
  removed.links = 0;
  removed.parent = NodeId{};
  forget(removed);
  return Errno::success;
}

Errno FileTree::unlink(NodeId at, std::string_view name) {
  Node& directory = node(at);
  Entry* entry = find_entry(directory, name);
  if (entry == nullptr) return Errno::noent;
  Node& unlinked = node(entry->node);
  if (unlinked.is_directory()) return Errno::isdir;
  remove(directory, *entry);
  touch(directory);
  --unlinked.links;
  unlinked.change_time = now();
  forget(unlinked);
  return Errno::success;
}

Errno FileTree::link(NodeId at, std::string_view name, NodeId to, std::string_view to_name) {
  const Entry* source = find_entry(node(at), name);
  if (source == nullptr) return Errno::noent;
  Node& directory = node(to);
  if (directory.is_removed()) return Errno::noent;
  if (find_entry(directory, to_name) != nullptr) return Errno::exist;
  Node& linked = node(source->node);
  if (linked.is_directory()) return Errno::perm;
  auto entry = create_entry(to_name, linked.id);
  if (!entry) return entry.error();
  add(directory, **entry);
  touch(directory);
  ++linked.links;
  linked.change_time = now();
  return Errno::success;
}

bool FileTree::is_at_or_above(NodeId above, NodeId below) const {
  for (NodeId at = below; at != NodeId{}; at = node(at).parent) {
    if (at == above) return true;
  }
  return false;
}

Errno FileTree::rename(NodeId at, std::string_view name, NodeId to, std::string_view to_name) {
  Node& from_directory = node(at);
  Node& to_directory = node(to);
  Entry* source = find_entry(from_directory, name);
  if (source == nullptr) return Errno::noent;
  Node& moved = node(source->node);
  Entry* target = find_entry(to_directory, to_name);
  Node* replaced = target != nullptr ? &node(target->node) : nullptr;

  // The checks come in the order of Linux, which decides the error when several apply.
  if (moved.is_directory() && is_at_or_above(moved.id, to)) return Errno::inval;
  if (replaced != nullptr && replaced->is_directory() && is_at_or_above(replaced->id, at)) return Errno::notempty;
  if (replaced == &moved) return Errno::success;
  if (replaced == nullptr) {
    if (to_directory.is_removed()) return Errno::noent;
  } else {
    if (moved.is_directory() && !replaced->is_directory()) return Errno::notdir;
    if (!moved.is_directory() && replaced->is_directory()) return Errno::isdir;
    if (replaced->entries != 0) return Errno::notempty;
  }

  // The moved node takes over an existing entry of the target name; only a new name needs memory.
  if (replaced == nullptr) {
    auto entry = create_entry(to_name, moved.id);
    if (!entry) return entry.error();
    add(to_directory, **entry);
  } else {
    target->node = moved.id;
  }
  remove(from_directory, *source);
  if (moved.is_directory()) {
    --from_directory.links;
    ++to_directory.links;
    moved.parent = to_directory.id;
  }
  touch(from_directory);
  touch(to_directory);
  moved.change_time = now();
  if (replaced != nullptr) {
    if (replaced->is_directory()) {
      --to_directory.links;
      replaced->links = 0;
      replaced->parent = NodeId{};
    } else {
      --replaced->links;
    }
    replaced->change_time = now();
    forget(*replaced);
  }
  return Errno::success;
}

Errno FileTree::list(NodeId at, uint64_t position, EntrySink& sink) const {
  const Node& directory = node(at);
  if (directory.is_removed()) return Errno::noent;
  for (Entry* entry = directory.positions.first_from(by_position(position)); entry != nullptr;
       entry = OrderedTree<Entry, ByPosition>::next(*entry)) {
    if (!sink.take({entry->name(), entry->node.number, node(entry->node).type, entry->position + 1})) break;
  }
  return Errno::success;
}

// --- operations on nodes

FileStat FileTree::stat(NodeId id) const {
  const Node& of = node(id);
  FileStat stat;
  stat.device = 1;
  stat.inode = id.number;
  stat.type = of.type;
  stat.links = of.links;
  switch (of.type) {
    case FileType::regular_file: stat.size = of.contents.size(); break;
    case FileType::symbolic_link: stat.size = of.target_length; break;
    case FileType::directory: stat.size = of.entries; break;
    default: break;
  }
  stat.access_time = of.access_time;
  stat.modification_time = of.modification_time;
  stat.change_time = of.change_time;
  return stat;
}

void FileTree::set_times(NodeId id, const SetTimes& times) {
  Node& changed = node(id);
  if (times.access_time) changed.access_time = *times.access_time;
  if (times.modification_time) changed.modification_time = *times.modification_time;
  changed.change_time = now();
}

std::string_view FileTree::target(NodeId id) const {
  const Node& link = node(id);
  return {link.target, link.target_length};
}

size_t FileTree::read(NodeId id, uint64_t offset, std::span<std::byte> buffer) {
  Node& file = node(id);
  file.access_time = now();
  return file.contents.read(offset, buffer);
}

WasiResult<size_t> FileTree::write(NodeId id, uint64_t offset, std::span<const std::byte> bytes) {
  Node& file = node(id);
  auto written = file.contents.write(account_, offset, bytes);
  if (written && *written != 0) touch(file);
  return written;
}

Errno FileTree::set_size(NodeId id, uint64_t size) {
  Node& file = node(id);
  const Errno error = file.contents.set_size(account_, size);
  if (error == Errno::success) touch(file);
  return error;
}

Errno FileTree::allocate(NodeId id, uint64_t offset, uint64_t length) {
  Node& file = node(id);
  const Errno error = file.contents.allocate(account_, offset, length);
  if (error == Errno::success) touch(file);
  return error;
}

}  // namespace cairn::wasi
