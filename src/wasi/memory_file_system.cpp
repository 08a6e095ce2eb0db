#include "wasi/memory_file_system.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/ref.hpp"
#include "wasi/path.hpp"

namespace cairn::wasi {

// A file, directory or link. Directory entries and open handles share it; a directory knows its parent to refuse moving it
// into itself.
struct MemoryFileSystem::Node : RefCounted {
  FileType type = FileType::regular_file;
  uint64_t inode = 0;
  uint64_t links = 1;
  uint64_t access_time = 0;
  uint64_t modification_time = 0;
  uint64_t change_time = 0;
  std::vector<std::byte> contents;                // regular files
  std::string target;                             // links
  std::map<std::string, Ref<Node>, std::less<>> entries;  // directories
  Node* parent = nullptr;                         // directories; null for the root and for removed ones
  bool is_removed = false;
  State& state;

  explicit Node(State& owner) : state(owner) {}
  ~Node();
};

struct MemoryFileSystem::State {
  System& system;
  uint64_t capacity;
  uint64_t used = 0;
  uint64_t next_inode = 1;
  Ref<Node> root;

  State(System& s, uint64_t c) : system(s), capacity(c), root(create(FileType::directory)) {}

  Ref<Node> create(FileType type) {
    auto node = Ref<Node>::make(*this);
    node->type = type;
    node->inode = next_inode++;
    node->access_time = node->modification_time = node->change_time = system.now(ClockId::realtime);
    return node;
  }
  [[nodiscard]] bool can_take(uint64_t bytes) const { return bytes <= capacity && used <= capacity - bytes; }
  void touch(Node& node) { node.modification_time = node.change_time = system.now(ClockId::realtime); }
};

// Neither a name nor a handle holds the file any more.
MemoryFileSystem::Node::~Node() { state.used -= contents.size() + target.size(); }

namespace {

using Node = MemoryFileSystem::Node;
using State = MemoryFileSystem::State;

constexpr size_t kMaximumName = 255;
// What an entry costs beside its bytes, so that empty files and names count as well.
constexpr uint64_t kEntryCost = 256;

FileStat stat_of(const Node& node) {
  FileStat stat;
  stat.device = 1;
  stat.inode = node.inode;
  stat.type = node.type;
  stat.links = node.links;
  switch (node.type) {
    case FileType::regular_file: stat.size = node.contents.size(); break;
    case FileType::symbolic_link: stat.size = node.target.size(); break;
    default: stat.size = node.entries.size(); break;
  }
  stat.access_time = node.access_time;
  stat.modification_time = node.modification_time;
  stat.change_time = node.change_time;
  return stat;
}

void apply(State& state, Node& node, const SetTimes& times) {
  if (times.access_time) node.access_time = *times.access_time;
  if (times.modification_time) node.modification_time = *times.modification_time;
  node.change_time = state.system.now(ClockId::realtime);
}

class MemoryFile final : public File {
 public:
  explicit MemoryFile(Ref<Node> node) : node_(std::move(node)) {}

  [[nodiscard]] bool is_stream() const override { return false; }

  WasiResult<size_t> read(uint64_t offset, std::span<std::byte> buffer) override {
    const std::vector<std::byte>& contents = node_->contents;
    if (offset >= contents.size()) return size_t{0};
    const size_t count = std::min<uint64_t>(buffer.size(), contents.size() - offset);
    if (count != 0) std::memcpy(buffer.data(), contents.data() + offset, count);
    node_->access_time = node_->state.system.now(ClockId::realtime);
    return count;
  }

  WasiResult<size_t> write(uint64_t offset, std::span<const std::byte> bytes) override {
    if (bytes.empty()) return size_t{0};
    if (offset > ~uint64_t{0} - bytes.size()) return std::unexpected(Errno::fbig);
    if (offset + bytes.size() > node_->contents.size()) {
      if (const Errno error = resize(offset + bytes.size()); error != Errno::success) return std::unexpected(error);
    }
    std::memcpy(node_->contents.data() + offset, bytes.data(), bytes.size());
    node_->state.touch(*node_);
    return bytes.size();
  }

  WasiResult<FileStat> stat() override { return stat_of(*node_); }

  Errno set_size(uint64_t size) override {
    const Errno error = resize(size);
    if (error == Errno::success) node_->state.touch(*node_);
    return error;
  }

  Errno set_times(const SetTimes& times) override {
    apply(node_->state, *node_, times);
    return Errno::success;
  }
  Errno sync() override { return Errno::success; }
  bool wait_readable(std::optional<uint64_t>) override { return true; }
  uint64_t readable_bytes() override { return node_->contents.size(); }

 private:
  Errno resize(uint64_t size) {
    const uint64_t old = node_->contents.size();
    if (size > old && !node_->state.can_take(size - old)) return Errno::nospc;
    if (size > node_->contents.capacity()) {
      // Double, but never beyond what the file system may hold.
      const uint64_t wanted = std::min(std::max(size, node_->contents.capacity() * 2), node_->state.capacity);
      node_->contents.reserve(std::max(size, wanted));
    }
    node_->contents.resize(size);
    node_->state.used += size - old;
    return Errno::success;
  }

  Ref<Node> node_;
};

class MemoryDirectory final : public Directory {
 public:
  explicit MemoryDirectory(Ref<Node> node) : node_(std::move(node)) {}

  [[nodiscard]] const void* file_system() const override { return &state(); }

  WasiResult<std::unique_ptr<Directory>> duplicate() override { return std::make_unique<MemoryDirectory>(node_); }

  WasiResult<std::unique_ptr<Directory>> open_directory(const std::string& name) override {
    Node* node = find(name);
    if (node == nullptr) return std::unexpected(Errno::noent);
    if (node->type != FileType::directory) return std::unexpected(Errno::notdir);
    return std::make_unique<MemoryDirectory>(Ref<Node>(node));
  }

  WasiResult<std::unique_ptr<File>> open_file(const std::string& name, const OpenOptions& options) override {
    Node* node = find(name);
    if (node == nullptr) {
      if (!options.create) return std::unexpected(Errno::noent);
      Ref<Node> created = state().create(FileType::regular_file);
      if (const Errno error = add(name, created); error != Errno::success) return std::unexpected(error);
      return std::make_unique<MemoryFile>(std::move(created));
    }
    if (options.create && options.exclusive) return std::unexpected(Errno::exist);
    if (node->type == FileType::symbolic_link) return std::unexpected(Errno::loop);
    if (node->type == FileType::directory) return std::unexpected(Errno::isdir);
    auto file = std::make_unique<MemoryFile>(Ref<Node>(node));
    if (options.truncate) (void)file->set_size(0);
    return file;
  }

  WasiResult<FileStat> stat(const std::string& name) override {
    const Node* node = find(name);
    if (node == nullptr) return std::unexpected(Errno::noent);
    return stat_of(*node);
  }
  WasiResult<FileStat> stat_self() override { return stat_of(*node_); }

  WasiResult<std::string> read_link(const std::string& name) override {
    const Node* node = find(name);
    if (node == nullptr) return std::unexpected(Errno::noent);
    if (node->type != FileType::symbolic_link) return std::unexpected(Errno::inval);
    return node->target;
  }

  Errno create_directory(const std::string& name) override {
    if (find(name) != nullptr) return Errno::exist;
    Ref<Node> created = state().create(FileType::directory);
    const Errno error = add(name, created);
    if (error == Errno::success) created->parent = &*node_;
    return error;
  }

  Errno remove_directory(const std::string& name) override {
    Node* node = find(name);
    if (node == nullptr) return Errno::noent;
    if (node->type != FileType::directory) return Errno::notdir;
    if (!node->entries.empty()) return Errno::notempty;
    node->is_removed = true;
    node->parent = nullptr;
    remove(name);
    return Errno::success;
  }

  Errno unlink(const std::string& name) override {
    const Node* node = find(name);
    if (node == nullptr) return Errno::noent;
    if (node->type == FileType::directory) return Errno::isdir;
    remove(name);
    return Errno::success;
  }

  Errno symlink(const std::string& target, const std::string& name) override {
    if (find(name) != nullptr) return Errno::exist;
    if (!state().can_take(target.size())) return Errno::nospc;
    Ref<Node> created = state().create(FileType::symbolic_link);
    created->target = target;
    const Errno error = add(name, created);
    if (error == Errno::success) state().used += target.size();
    return error;
  }

  Errno link(const std::string& name, Directory& to, const std::string& to_name) override {
    auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    Node* node = find(name);
    if (node == nullptr) return Errno::noent;
    if (node->type == FileType::directory) return Errno::perm;
    if (target->find(to_name) != nullptr) return Errno::exist;
    const Errno error = target->add(to_name, Ref<Node>(node));
    if (error == Errno::success) ++node->links;
    return error;
  }

  Errno rename(const std::string& name, Directory& to, const std::string& to_name) override {
    auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    Node* found = find(name);
    if (found == nullptr) return Errno::noent;
    const Ref<Node> node(found);
    if (Node* existing = target->find(to_name)) {
      if (existing == found) return Errno::success;
      const bool replaces_directory = existing->type == FileType::directory;
      if (replaces_directory && node->type != FileType::directory) return Errno::isdir;
      if (!replaces_directory && node->type == FileType::directory) return Errno::notdir;
      if (replaces_directory && !existing->entries.empty()) return Errno::notempty;
    }
    if (node->type == FileType::directory) {
      for (const Node* above = &*target->node_; above != nullptr; above = above->parent) {
        if (above == found) return Errno::inval;
      }
    }
    if (target->node_->is_removed || to_name.size() > kMaximumName) return Errno::noent;
    if (Node* existing = target->find(to_name)) {
      if (existing->type == FileType::directory) existing->is_removed = true;
      target->remove(to_name);
    }
    ++node->links;  // survives the removal of its old name
    remove(name);
    --node->links;
    const Errno error = target->add(to_name, node);
    if (error == Errno::success && node->type == FileType::directory) node->parent = &*target->node_;
    return error;
  }

  Errno set_times(const std::string& name, const SetTimes& times) override {
    Node* node = find(name);
    if (node == nullptr) return Errno::noent;
    apply(state(), *node, times);
    return Errno::success;
  }
  Errno set_times_self(const SetTimes& times) override {
    apply(state(), *node_, times);
    return Errno::success;
  }
  Errno sync() override { return Errno::success; }

  WasiResult<std::vector<DirectoryEntry>> list() override {
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, node] : node_->entries) entries.push_back({name, node->inode, node->type});
    return entries;
  }

 private:
  [[nodiscard]] State& state() const { return node_->state; }

  Node* find(std::string_view name) const {
    auto found = node_->entries.find(name);
    return found == node_->entries.end() ? nullptr : found->second.get();
  }

  Errno add(const std::string& name, const Ref<Node>& node) {
    if (node_->is_removed) return Errno::noent;
    if (name.size() > kMaximumName) return Errno::nametoolong;
    if (!state().can_take(kEntryCost + name.size())) return Errno::nospc;
    state().used += kEntryCost + name.size();
    node_->entries.emplace(name, node);
    state().touch(*node_);
    return Errno::success;
  }

  void remove(const std::string& name) {
    auto entry = node_->entries.find(name);
    state().used -= kEntryCost + name.size();
    --entry->second->links;
    node_->entries.erase(entry);
    state().touch(*node_);
  }

  MemoryDirectory* as_own(Directory& other) const {
    return other.file_system() == file_system() ? static_cast<MemoryDirectory*>(&other) : nullptr;
  }

  Ref<Node> node_;
};

}  // namespace

MemoryFileSystem::MemoryFileSystem(System& system, uint64_t capacity)
    : state_(std::make_unique<State>(system, capacity)) {}

MemoryFileSystem::~MemoryFileSystem() {
  // Directories hold what they contain, files that are still open are held by their handles: take the tree apart without
  // recursion.
  std::vector<Ref<Node>> pending{state_->root};
  state_->root = Ref<Node>();
  while (!pending.empty()) {
    const Ref<Node> node = std::move(pending.back());
    pending.pop_back();
    for (auto& [name, child] : node->entries) pending.push_back(std::move(child));
    node->entries.clear();
  }
}

std::unique_ptr<Directory> MemoryFileSystem::root() { return std::make_unique<MemoryDirectory>(state_->root); }

namespace {

Result<void> explain(Errno error, std::string_view path) {
  if (error == Errno::success) return {};
  const char* reason = error == Errno::nospc ? "the file system is full" : "it cannot be created";
  return fail(Error::of(ErrorKind::resource, "file " + std::string(path) + ": " + reason));
}

}  // namespace

Result<void> MemoryFileSystem::add_directory(std::string_view path) {
  auto base = root();
  auto place = resolve_path(*base, path, LastLink::keep);
  return explain(place ? place->directory->create_directory(place->name) : place.error(), path);
}

Result<void> MemoryFileSystem::add_file(std::string_view path, std::span<const std::byte> contents) {
  auto base = root();
  auto place = resolve_path(*base, path, LastLink::keep);
  if (!place) return explain(place.error(), path);
  auto file = place->directory->open_file(place->name, {.create = true, .exclusive = true, .write = true});
  if (!file) return explain(file.error(), path);
  auto written = (*file)->write(0, contents);
  return explain(written ? Errno::success : written.error(), path);
}

Result<void> MemoryFileSystem::add_link(std::string_view path, std::string_view target) {
  auto base = root();
  auto place = resolve_path(*base, path, LastLink::keep);
  return explain(place ? place->directory->symlink(std::string(target), place->name) : place.error(), path);
}

}  // namespace cairn::wasi
