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
  explicit Handle(FileTree& tree) : tree_(tree) {}
  ~Handle() {
    if (id_ != NodeId{}) tree_.release(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void set(NodeId id) {
    tree_.hold(id);
    id_ = id;
  }
  [[nodiscard]] FileTree& tree() const { return tree_; }
  [[nodiscard]] NodeId id() const { return id_; }

 private:
  FileTree& tree_;
  NodeId id_;
};

// A file that is open, or that will be open once it has been found or created.
class OpenFile : public File {
 public:
  explicit OpenFile(FileTree& tree) : handle_(tree) {}
  Handle& handle() { return handle_; }

  WasiResult<FileStat> stat() override { return tree().stat(id()); }
  Errno set_times(const SetTimes& times) override {
    tree().set_times(id(), times);
    return Errno::success;
  }
  Errno sync() override { return Errno::success; }
  bool wait_readable(std::optional<uint64_t>) override { return true; }

 protected:
  [[nodiscard]] FileTree& tree() const { return handle_.tree(); }
  [[nodiscard]] NodeId id() const { return handle_.id(); }

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
    return tree().read(id(), offset, buffer);
  }
  WasiResult<size_t> write(uint64_t offset, std::span<const std::byte> bytes) override {
    return tree().write(id(), offset, bytes);
  }
  Errno set_size(uint64_t size) override { return tree().set_size(id(), size); }
  Errno allocate(uint64_t offset, uint64_t length) override { return tree().allocate(id(), offset, length); }
  uint64_t readable_bytes() override { return tree().stat(id()).size; }
};

class MemoryDirectory final : public Directory {
 public:
  explicit MemoryDirectory(FileTree& tree) : handle_(tree) {}

  // Opens directory `id`.
  static WasiResult<std::unique_ptr<Directory>> open(FileTree& tree, NodeId id) {
    auto directory = try_make_unique<MemoryDirectory>(tree);
    if (!directory) return std::unexpected(Errno::nomem);
    directory->handle_.set(id);
    return directory;
  }

  [[nodiscard]] const void* file_system() const override { return &tree(); }
  WasiResult<std::unique_ptr<Directory>> duplicate() override { return open(tree(), id()); }

  WasiResult<std::unique_ptr<Directory>> open_directory(const Name& name) override {
    const auto found = tree().find(id(), name.view());
    if (!found) return std::unexpected(found.error());
    if (tree().type(*found) != FileType::directory) return std::unexpected(Errno::notdir);
    return open(tree(), *found);
  }

  WasiResult<std::unique_ptr<File>> open_file(const Name& name, const OpenOptions& options) override {
    auto found = tree().find(id(), name.view());
    if (found && options.create && options.exclusive) return std::unexpected(Errno::exist);
    if (!found && !options.create) return std::unexpected(found.error());
    const FileType type = found ? tree().type(*found) : FileType::regular_file;
    if (type == FileType::symbolic_link) return std::unexpected(Errno::loop);
    if (type == FileType::directory) return std::unexpected(Errno::isdir);
    // The handle's memory is allocated before anything changes, so that no file is created or truncated in vain.
    std::unique_ptr<OpenFile> file;
    if (type == FileType::regular_file) {
      file = try_make_unique<MemoryFile>(tree());
    } else {
      file = try_make_unique<NullDevice>(tree());
    }
    if (!file) return std::unexpected(Errno::nomem);
    if (!found) found = tree().create_file(id(), name.view());
    if (!found) return std::unexpected(found.error());
    if (options.truncate && type == FileType::regular_file) (void)tree().set_size(*found, 0);
    file->handle().set(*found);
    return file;
  }

  WasiResult<FileStat> stat(const Name& name) override {
    const auto found = tree().find(id(), name.view());
    if (!found) return std::unexpected(found.error());
    return tree().stat(*found);
  }
  WasiResult<FileStat> stat_self() override { return tree().stat(id()); }

  WasiResult<size_t> read_link(const Name& name, std::span<char> buffer) override {
    const auto found = tree().find(id(), name.view());
    if (!found) return std::unexpected(found.error());
    if (tree().type(*found) != FileType::symbolic_link) return std::unexpected(Errno::inval);
    const std::string_view target = tree().target(*found);
    const size_t count = std::min(target.size(), buffer.size());
    if (count != 0) std::memcpy(buffer.data(), target.data(), count);
    return count;
  }

  Errno create_directory(const Name& name) override {
    const auto created = tree().create_directory(id(), name.view());
    return created ? Errno::success : created.error();
  }
  Errno remove_directory(const Name& name) override { return tree().remove_directory(id(), name.view()); }
  Errno unlink(const Name& name) override { return tree().unlink(id(), name.view()); }
  Errno symlink(std::string_view target, const Name& name) override {
    const auto created = tree().create_link(id(), name.view(), target);
    return created ? Errno::success : created.error();
  }
  Errno link(const Name& name, Directory& to, const Name& to_name) override {
    const auto* target = as_own(to);
    return target == nullptr ? Errno::xdev : tree().link(id(), name.view(), target->id(), to_name.view());
  }
  Errno rename(const Name& name, Directory& to, const Name& to_name) override {
    const auto* target = as_own(to);
    return target == nullptr ? Errno::xdev : tree().rename(id(), name.view(), target->id(), to_name.view());
  }
  Errno set_times(const Name& name, const SetTimes& times) override {
    const auto found = tree().find(id(), name.view());
    if (!found) return found.error();
    tree().set_times(*found, times);
    return Errno::success;
  }
  Errno set_times_self(const SetTimes& times) override {
    tree().set_times(id(), times);
    return Errno::success;
  }
  Errno sync() override { return Errno::success; }
  Errno list(uint64_t position, EntrySink& sink) override { return tree().list(id(), position, sink); }

  [[nodiscard]] NodeId id() const { return handle_.id(); }

 private:
  [[nodiscard]] FileTree& tree() const { return handle_.tree(); }
  MemoryDirectory* as_own(Directory& other) const {
    return other.file_system() == file_system() ? static_cast<MemoryDirectory*>(&other) : nullptr;
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

Result<std::unique_ptr<MemoryFileSystem>> MemoryFileSystem::create(System& system, uint64_t capacity) {
  auto files = try_make_unique<MemoryFileSystem>(Key(), system, capacity);
  if (!files || files->tree_.create_root() != Errno::success) {
    return fail(Error::of(ErrorKind::resource, "no memory for a file system"));
  }
  return files;
}

WasiResult<std::unique_ptr<Directory>> MemoryFileSystem::root() { return MemoryDirectory::open(tree_, tree_.root()); }

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
  const auto created = tree_.create_null_device(static_cast<MemoryDirectory&>(**devices).id(), "null");
  return explain(created || created.error() == Errno::exist ? Errno::success : created.error(), "dev/null");
}

}  // namespace cairn::wasi
