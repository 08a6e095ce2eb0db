#include "wasi/memory_files/memory_file_system.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "wasi/interface/path.hpp"

namespace cairn::wasi {

namespace {

// Holds a node of a tree, or none yet.
class Handle {
 public:
  explicit Handle(SharedTree& tree) : tree_(tree) {}
  ~Handle() {
    if (id_ != NodeId{}) tree_.with([&](FileTree& tree) { tree.release(id_); });
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // Holds the node. The caller has taken the tree's lock, and passes the tree itself.
  void set(FileTree& tree, NodeId id) {
    tree.hold(id);
    id_ = id;
  }
  [[nodiscard]] SharedTree& tree() const { return tree_; }
  [[nodiscard]] NodeId id() const { return id_; }

  // Calls f(tree, id of the node) with the tree locked.
  template <class F>
  auto with(F&& f) const {
    return tree_.with([&](FileTree& tree) { return f(tree, id_); });
  }

 private:
  SharedTree& tree_;
  NodeId id_;
};

// A file that is open, or that will be open once it has been found or created.
class OpenFile : public File {
 public:
  explicit OpenFile(SharedTree& tree) : handle_(tree) {}
  Handle& handle() { return handle_; }

  WasiResult<FileStat> stat() override {
    return handle_.with([](FileTree& tree, NodeId id) { return tree.stat(id); });
  }
  Errno set_times(const SetTimes& times) override {
    handle_.with([&](FileTree& tree, NodeId id) { tree.set_times(id, times); });
    return Errno::success;
  }
  Errno sync() override { return Errno::success; }
  bool wait_readable(std::optional<uint64_t>) override { return true; }

 private:
  Handle handle_;
};

class NullDevice final : public OpenFile {
 public:
  using OpenFile::OpenFile;
  [[nodiscard]] bool is_stream() const override { return true; }
  WasiResult<size_t> read(uint64_t, std::span<std::byte>) override { return size_t{0}; }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override { return bytes.size(); }
  Errno set_size(uint64_t) override { return Errno::inval; }
  Errno allocate(uint64_t, uint64_t) override { return Errno::nodev; }
  uint64_t readable_bytes() override { return 0; }
};

class MemoryFile final : public OpenFile {
 public:
  using OpenFile::OpenFile;
  [[nodiscard]] bool is_stream() const override { return false; }
  WasiResult<size_t> read(uint64_t offset, std::span<std::byte> buffer) override {
    return handle().with([&](FileTree& tree, NodeId id) { return tree.read(id, offset, buffer); });
  }
  WasiResult<size_t> write(uint64_t offset, std::span<const std::byte> bytes) override {
    return handle().with([&](FileTree& tree, NodeId id) { return tree.write(id, offset, bytes); });
  }
  Errno set_size(uint64_t size) override {
    return handle().with([&](FileTree& tree, NodeId id) { return tree.set_size(id, size); });
  }
  Errno allocate(uint64_t offset, uint64_t length) override {
    return handle().with([&](FileTree& tree, NodeId id) { return tree.allocate(id, offset, length); });
  }
  uint64_t readable_bytes() override {
    return handle().with([](FileTree& tree, NodeId id) { return tree.stat(id).size; });
  }
};

class MemoryDirectory final : public Directory {
 public:
  explicit MemoryDirectory(SharedTree& tree) : handle_(tree) {}

  // Opens the directory that find(tree) returns as WasiResult<NodeId>.
  template <class Find>
  static WasiResult<std::unique_ptr<Directory>> open(SharedTree& shared, Find&& find) {
    auto directory = try_make_unique<MemoryDirectory>(shared);
    if (!directory) return std::unexpected(Errno::nomem);
    const Errno error = shared.with([&](FileTree& tree) {
      const WasiResult<NodeId> found = find(tree);
      if (!found) return found.error();
      if (tree.type(*found) != FileType::directory) return Errno::notdir;
      directory->handle_.set(tree, *found);
      return Errno::success;
    });
    if (error != Errno::success) return std::unexpected(error);
    return directory;
  }

  [[nodiscard]] const void* file_system() const override { return &handle_.tree(); }
  WasiResult<std::unique_ptr<Directory>> duplicate() override {
    return open(handle_.tree(), [&](FileTree&) { return handle_.id(); });
  }
  WasiResult<std::unique_ptr<Directory>> open_directory(const Name& name) override {
    return open(handle_.tree(), [&](FileTree& tree) { return tree.find(handle_.id(), name.view()); });
  }

  WasiResult<std::unique_ptr<File>> open_file(const Name& name, const OpenOptions& options) override {
    return handle_.with([&](FileTree& tree, NodeId id) { return open_file(tree, id, name, options); });
  }

  WasiResult<FileStat> stat(const Name& name) override {
    return handle_.with([&](FileTree& tree, NodeId id) -> WasiResult<FileStat> {
      const auto found = tree.find(id, name.view());
      if (!found) return std::unexpected(found.error());
      return tree.stat(*found);
    });
  }
  WasiResult<FileStat> stat_self() override {
    return handle_.with([](FileTree& tree, NodeId id) { return tree.stat(id); });
  }

  WasiResult<size_t> read_link(const Name& name, std::span<char> buffer) override {
    return handle_.with([&](FileTree& tree, NodeId id) -> WasiResult<size_t> {
      const auto found = tree.find(id, name.view());
      if (!found) return std::unexpected(found.error());
      if (tree.type(*found) != FileType::symbolic_link) return std::unexpected(Errno::inval);
      const std::string_view target = tree.target(*found);
      const size_t count = std::min(target.size(), buffer.size());
      if (count != 0) std::memcpy(buffer.data(), target.data(), count);
      return count;
    });
  }

  Errno create_directory(const Name& name) override {
    return handle_.with([&](FileTree& tree, NodeId id) { return error_of(tree.create_directory(id, name.view())); });
  }
  Errno create_null_device(std::string_view name) {
    return handle_.with([&](FileTree& tree, NodeId id) { return error_of(tree.create_null_device(id, name)); });
  }
  Errno remove_directory(const Name& name) override {
    return handle_.with([&](FileTree& tree, NodeId id) { return tree.remove_directory(id, name.view()); });
  }
  Errno unlink(const Name& name) override {
    return handle_.with([&](FileTree& tree, NodeId id) { return tree.unlink(id, name.view()); });
  }
  Errno symlink(std::string_view target, const Name& name) override {
    return handle_.with([&](FileTree& tree, NodeId id) { return error_of(tree.create_link(id, name.view(), target)); });
  }
  Errno link(const Name& name, Directory& to, const Name& to_name) override {
    const auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    return handle_.with(
        [&](FileTree& tree, NodeId id) { return tree.link(id, name.view(), target->handle_.id(), to_name.view()); });
  }
  Errno rename(const Name& name, Directory& to, const Name& to_name) override {
    const auto* target = as_own(to);
    if (target == nullptr) return Errno::xdev;
    return handle_.with(
        [&](FileTree& tree, NodeId id) { return tree.rename(id, name.view(), target->handle_.id(), to_name.view()); });
  }
  Errno set_times(const Name& name, const SetTimes& times) override {
    return handle_.with([&](FileTree& tree, NodeId id) {
      const auto found = tree.find(id, name.view());
      if (found) tree.set_times(*found, times);
      return error_of(found);
    });
  }
  Errno set_times_self(const SetTimes& times) override {
    handle_.with([&](FileTree& tree, NodeId id) { tree.set_times(id, times); });
    return Errno::success;
  }
  Errno sync() override { return Errno::success; }
  Errno list(uint64_t position, EntrySink& sink) override {
    return handle_.with([&](FileTree& tree, NodeId id) { return tree.list(id, position, sink); });
  }

 private:
  static Errno error_of(const WasiResult<NodeId>& result) { return result ? Errno::success : result.error(); }

  MemoryDirectory* as_own(Directory& other) const {
    return other.file_system() == file_system() ? static_cast<MemoryDirectory*>(&other) : nullptr;
  }

  // Does the work of the other open_file() with the tree locked.
  WasiResult<std::unique_ptr<File>> open_file(FileTree& tree, NodeId id, const Name& name,
                                              const OpenOptions& options) const {
    auto found = tree.find(id, name.view());
    if (found && options.create && options.exclusive) return std::unexpected(Errno::exist);
    if (!found && !options.create) return std::unexpected(found.error());
    const FileType type = found ? tree.type(*found) : FileType::regular_file;
    if (type == FileType::symbolic_link) return std::unexpected(Errno::loop);
    if (type == FileType::directory) return std::unexpected(Errno::isdir);
    // The handle's memory is allocated before anything changes, so that no file is created or truncated in vain. A
    // handle without a node can be destroyed with the tree locked.
    std::unique_ptr<OpenFile> file;
    if (type == FileType::regular_file) {
      file = try_make_unique<MemoryFile>(handle_.tree());
    } else {
      file = try_make_unique<NullDevice>(handle_.tree());
    }
    if (!file) return std::unexpected(Errno::nomem);
    if (!found) found = tree.create_file(id, name.view());
    if (!found) return std::unexpected(found.error());
    if (options.truncate && type == FileType::regular_file) (void)tree.set_size(*found, 0);
    file->handle().set(tree, *found);
    return file;
  }

  Handle handle_;
};

Result<void> explain(Errno error, std::string_view path) {
  std::string_view reason = "it cannot be created";
  switch (error) {
    case Errno::success: return {};
    case Errno::nospc: reason = "the file system is full"; break;
    case Errno::nomem: reason = "there is no memory left"; break;
    case Errno::nametoolong: reason = "its name is too long"; break;
    case Errno::exist: reason = "something else has this name"; break;
    default: break;
  }
  return fail(Error::of(ErrorKind::resource, std::string("file ").append(path).append(": ").append(reason)));
}

}  // namespace

Result<std::unique_ptr<MemoryFileSystem>> MemoryFileSystem::create(System& system, Allowance& bytes) {
  return with_root(try_make_unique<MemoryFileSystem>(Key(), system, bytes));
}

Result<std::unique_ptr<MemoryFileSystem>> MemoryFileSystem::create(System& system, uint64_t capacity) {
  return with_root(try_make_unique<MemoryFileSystem>(Key(), system, capacity));
}

Result<std::unique_ptr<MemoryFileSystem>> MemoryFileSystem::with_root(std::unique_ptr<MemoryFileSystem> files) {
  const bool is_made = files && files->tree_.with([](FileTree& tree) { return tree.create_root(); }) == Errno::success;
  if (!is_made) {
    return fail(Error::of(ErrorKind::resource, "no memory for a file system"));
  }
  return files;
}

WasiResult<std::unique_ptr<Directory>> MemoryFileSystem::root() {
  return MemoryDirectory::open(tree_, [](const FileTree& tree) { return tree.root(); });
}

WasiResult<std::unique_ptr<Directory>> MemoryFileSystem::open(std::string_view path) {
  auto base = root();
  if (!base || path.empty()) return base;
  auto place = resolve_path(**base, path, LastLink::follow);
  if (!place) return std::unexpected(place.error());
  return place->name.empty() ? std::move(place->directory) : place->directory->open_directory(place->name);
}

Result<void> MemoryFileSystem::add_directory(std::string_view path) {
  auto base = root();
  auto place = base ? resolve_parent(**base, path) : std::unexpected(base.error());
  if (!place) return explain(place.error(), path);
  if (place->last != LastComponent::name) return {};
  const Errno error = place->directory->create_directory(place->name);
  if (error == Errno::exist && place->directory->open_directory(place->name)) return {};
  return explain(error, path);
}

Result<void> MemoryFileSystem::add_file(std::string_view path, std::span<const std::byte> contents) {
  auto base = root();
  auto place = base ? resolve_parent(**base, path) : std::unexpected(base.error());
  if (!place) return explain(place.error(), path);
  if (place->last != LastComponent::name) return explain(Errno::isdir, path);
  auto file = place->directory->open_file(place->name, {.create = true, .exclusive = true, .write = true});
  if (!file) return explain(file.error(), path);
  const auto written = (*file)->write(0, contents);
  if (written && *written == contents.size()) return {};
  return explain(written ? Errno::nospc : written.error(), path);
}

Result<void> MemoryFileSystem::add_link(std::string_view path, std::string_view target) {
  auto base = root();
  auto place = base ? resolve_parent(**base, path) : std::unexpected(base.error());
  if (!place) return explain(place.error(), path);
  if (place->last != LastComponent::name) return explain(Errno::isdir, path);
  return explain(place->directory->symlink(target, place->name), path);
}

Result<void> MemoryFileSystem::add_standard_files(std::string_view path) {
  const auto root = open(path);
  const auto in_root = [&](std::string_view name) {
    const Errno error = (*root)->create_directory(*Name::create(name));
    return error == Errno::exist ? Errno::success : error;
  };
  if (!root) return explain(root.error(), path);
  Errno error = in_root("tmp");
  if (error == Errno::success) error = in_root("dev");
  if (error != Errno::success) return explain(error, path);
  const auto devices = (*root)->open_directory(*Name::create("dev"));
  if (!devices) return explain(devices.error(), "dev");
  const Errno created = static_cast<MemoryDirectory&>(**devices).create_null_device("null");
  return explain(created == Errno::exist ? Errno::success : created, "dev/null");
}

}  // namespace cairn::wasi
