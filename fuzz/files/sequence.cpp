#include "files/sequence.hpp"

#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "files/model.hpp"
#include "files/world.hpp"
#include "host/system/linux_system.hpp"
#include "support/check.hpp"
#include "wasi/memory_files/memory_file_system.hpp"

namespace cairn::fuzz {

using wasi::Errno;
using wasi::MemoryFileSystem;

namespace {

FileStatistics statistics;
constexpr uint64_t kHashed = uint64_t{300} << 10;  // bytes of a file that are hashed, as in Model::dump()

// Makes real directories, on a tmpfs. Without a tmpfs there are none, because the answers of other file systems differ.
class Scratch {
 public:
  Scratch() {
    constexpr long kTmpfs = 0x01021994;  // TMPFS_MAGIC in linux/magic.h
    struct statfs info{};
    if (statfs("/dev/shm", &info) != 0 || info.f_type != kTmpfs) {
      std::fprintf(stderr, "/dev/shm is no tmpfs: nothing is compared with Linux\n");
      return;
    }
    std::string name = "/dev/shm/cairn-files-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Scratch() { clear(); }
  void clear() const {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  // Returns an empty directory; null when there is no tmpfs.
  [[nodiscard]] std::unique_ptr<wasi::Directory> fresh() const {
    if (path_.empty()) return nullptr;
    clear();
    std::filesystem::create_directory(path_);
    return *host::open_host_directory(path_);
  }

 private:
  std::string path_;
};

struct Collector final : wasi::EntrySink {
  bool take(const wasi::DirectoryEntry& entry) override {
    names.emplace_back(entry.name);
    return true;
  }
  std::vector<std::string> names;
};

std::vector<std::string> names_in(wasi::Directory& directory) {
  Collector collector;
  check(directory.list(0, collector) == Errno::success, "a directory cannot be listed");
  std::ranges::sort(collector.names);
  return std::move(collector.names);
}

// Returns a text about the contents, as Model::dump() does: the number of bytes that are not 0, and a hash of them.
std::string contents_text(wasi::File& file, uint64_t size) {
  std::vector<std::byte> bytes(std::min(size, kHashed));
  check(*file.read(0, bytes) == bytes.size(), "a file is shorter than its size");
  uint64_t hash = 0, count = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] == std::byte{0}) continue;
    hash = (hash * 31 + at) * 31 + static_cast<unsigned char>(bytes[at]);
    ++count;
  }
  return " bytes " + std::to_string(count) + " hash " + std::to_string(hash);
}

// Returns the text that Model::dump() returns for a model with the same contents.
std::string dump(std::unique_ptr<wasi::Directory> root) {
  struct Item {
    std::string path;
    std::unique_ptr<wasi::Directory> parent;  // null: the root
    std::string name;
  };
  const auto stat_of = [](const wasi::FileStat& stat) {
    return stat_text(stat.type, stat.links, stat.type == wasi::FileType::directory ? 0 : stat.size);
  };
  std::string text;
  std::vector<Item> pending;
  const auto add = [&](const std::string& path, wasi::Directory& directory) {
    text += path + ": " + stat_of(*directory.stat_self()) + " \n";
    for (const std::string& name : names_in(directory))
      pending.push_back({path + "/" + name, *directory.duplicate(), name});
  };
  add("", *root);
  while (!pending.empty()) {
    const Item item = std::move(pending.back());
    pending.pop_back();
    const wasi::Name name = *wasi::Name::create(item.name);
    const wasi::FileStat stat = *item.parent->stat(name);
    if (stat.type == wasi::FileType::directory) {
      add(item.path, **item.parent->open_directory(name));
      continue;
    }
    text += item.path + ": " + stat_of(stat) + " ";
    if (stat.type == wasi::FileType::symbolic_link) {
      char target[4096];
      text.append(target, *item.parent->read_link(name, target));
    } else {
      text += contents_text(**item.parent->open_file(name, {}), stat.size);
    }
    text += "\n";
  }
  return text;
}

// Removes everything, one name at a time.
void remove_all(std::unique_ptr<wasi::Directory> root) {
  std::vector<std::unique_ptr<wasi::Directory>> way;
  std::vector<wasi::Name> names;
  way.push_back(std::move(root));
  while (!way.empty()) {
    wasi::Directory& directory = *way.back();
    bool has_entered = false;
    for (const std::string& text : names_in(directory)) {
      const wasi::Name name = *wasi::Name::create(text);
      if (directory.stat(name)->type == wasi::FileType::directory) {
        way.push_back(*directory.open_directory(name));
        names.push_back(name);
        has_entered = true;
        break;
      }
      check(directory.unlink(name) == Errno::success, "a file cannot be removed");
    }
    if (has_entered) continue;
    way.pop_back();
    if (names.empty()) break;
    check(way.back()->remove_directory(names.back()) == Errno::success, "an empty directory cannot be removed");
    names.pop_back();
  }
}

class Sequence {
 public:
  explicit Sequence(uint64_t capacity)
      : files_(*MemoryFileSystem::create(system_, capacity)),
        empty_bytes_(files_->used_bytes()),
        memory_(system_, *files_->root()) {}

  // Performs an operation that has room for everything, and compares the answers.
  void with_room(const Operation& op, World* linux_world) {
    note(op);
    const Outcome expected = model_.perform(op), got = memory_.perform(op);
    compare("the model", expected, "memory", got);
    if (linux_world != nullptr) {
      ++statistics.on_linux;
      Outcome on_linux = linux_world->perform(op);
      // Linux's tmpfs repeats or skips names when the next one to be listed was removed.
      if (op.kind == Kind::list_while_removing) on_linux.text = got.text;
      compare("Linux", on_linux, "memory", got);
    }
  }

  // Performs an operation for which there may be no room, and in which the allocation after `failing` others fails.
  void with_little_room(const Operation& op, std::optional<uint32_t> failing) {
    note(op);
    const uint64_t before = files_->used_bytes(), available = files_->capacity() - before;
    if (failing && op.kind != Kind::list_while_removing) memory_.fail_allocation_after(*failing);
    const Outcome got = memory_.perform(op);
    const bool has_failed = memory_.has_failed();
    if (has_failed) ++statistics.failed_allocations;
    const bool writes = op.kind == Kind::write || op.kind == Kind::pwrite;
    if (got.error == Errno::nomem || got.error == Errno::nospc) {
      if (got.error == Errno::nospc) ++statistics.full;
      expect(got.error == Errno::nospc || has_failed, "there was memory");
      expect(got.error == Errno::nomem || available < most_needed(op), "there was room");
      expect(files_->used_bytes() == before, "an operation that failed has taken or given memory");
      if (got.error == Errno::nospc) {
        Model copy = model_;
        expect(copy.perform(op).error == Errno::success, "no room for what could not be done anyway");
      }
      expect(dump(*files_->root()) == model_.dump(), "an operation that failed has had an effect");
    } else if (writes && got.error == Errno::success && got.count < op.length && got.count != 0) {
      const Outcome whole = Model(model_).perform(op);
      if (whole.count != got.count) expect(has_failed || available < most_needed(op), "a write has stopped short");
      model_.perform_write(op, got.count);
      expect(whole.error == Errno::success, "a write that should have failed");
    } else {
      compare("the model", model_.perform(op), "memory", got);
    }
    expect(files_->used_bytes() <= files_->capacity(), "the file system is fuller than it may be");
  }

  void end() {
    expect(dump(*files_->root()) == model_.dump(), "the file systems differ");
    memory_.close_all();
    remove_all(*files_->root());
    expect(files_->used_bytes() == empty_bytes_, "an empty file system holds something");
  }

 private:
  // Returns more bytes than the operation can need.
  static uint64_t most_needed(const Operation& op) {
    constexpr uint64_t kBranches = 22 * 512;  // the most branches that SparseTable::insert() makes, of 512 bytes each
    switch (op.kind) {
      case Kind::write:
      case Kind::pwrite:  // may need new pieces and branches at both ends of the range
      case Kind::allocate: return 2 * (4096 + kBranches) + op.length + op.length / 4;
      case Kind::symlink: return 4096 + op.other_path.size();
      default: return 4096;
    }
  }

  // Counts the operation, and keeps it for tell().
  void note(const Operation& op) {
    ++statistics.operations;
    history_.push_back(op);
  }
  void expect(bool holds, const char* what) {
    if (holds) [[likely]]
      return;
    tell();
    finding(what);
  }
  // Prints the last operations.
  void tell() const {
    constexpr size_t kTold = 100;
    std::fprintf(stderr, "after %llu operations:\n", static_cast<unsigned long long>(statistics.operations));
    for (size_t i = history_.size() - std::min(history_.size(), kTold); i < history_.size(); ++i) {
      std::fprintf(stderr, "  %s\n", history_[i].to_string().c_str());
    }
  }
  void compare(const char* one, const Outcome& expected, const char* other, const Outcome& got) {
    if (expected == got) [[likely]]
      return;
    tell();
    std::fprintf(stderr, "%s: %s\n%s: %s\n", one, expected.to_string().c_str(), other, got.to_string().c_str());
    finding("the file systems differ");
  }

  wasi::FakeSystem system_;
  std::unique_ptr<MemoryFileSystem> files_;
  uint64_t empty_bytes_;
  World memory_;
  Model model_;
  std::vector<Operation> history_;
};

}  // namespace

void run_file_sequence(Input& input) {
  static const Scratch scratch;
  ++statistics.sequences;
  const uint8_t way = input.byte();
  constexpr size_t kMost = 3000;  // operations of a sequence
  if (way % 2 == 0) {
    Sequence sequence(uint64_t{256} << 20);
    host::LinuxSystem system;
    std::unique_ptr<wasi::Directory> directory = scratch.fresh();
    std::optional<World> linux_world;
    if (directory != nullptr) linux_world.emplace(system, std::move(directory));
    for (size_t i = 0; i < kMost && !input.empty(); ++i)
      sequence.with_room(take_operation(input), linux_world ? &*linux_world : nullptr);
    sequence.end();
  } else {
    Sequence sequence(4096 + uint64_t{1024} * (way / 2 + 1));
    for (size_t i = 0; i < kMost && !input.empty(); ++i) {
      const uint8_t failing = input.byte();
      const Operation op = take_operation(input);
      sequence.with_little_room(op, failing < 64 ? std::optional<uint32_t>(failing % 16) : std::nullopt);
    }
    sequence.end();
  }
}

const FileStatistics& file_statistics() { return statistics; }

}  // namespace cairn::fuzz
