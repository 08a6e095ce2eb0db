// The file system in memory, as WASI's directories and files. A program sees it as `/`, unless the user gives another
// root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "runtime/guarded.hpp"
#include "wasi/interface/file.hpp"
#include "wasi/memory_files/file_tree.hpp"

namespace cairn::wasi {

// A file tree with its lock.
using SharedTree = runtime::Guarded<FileTree, LockRank::file_tree>;

// Several threads may use a file system, its directories and its files at the same time: each operation on them takes
// the file system's lock, which nothing holds while it waits. Directories and files that were opened in a file system
// must not outlive the file system or its System.
class MemoryFileSystem {
  struct Key {
    explicit Key() = default;
  };

 public:
  // `capacity` is the number of bytes of memory that the whole file system may take; an operation that needs more fails
  // with Errno::nospc.
  static Result<std::unique_ptr<MemoryFileSystem>> create(System& system, uint64_t capacity);
  MemoryFileSystem(Key, System& system, uint64_t capacity) : tree_(system, capacity) {}  // for create()
  MemoryFileSystem(const MemoryFileSystem&) = delete;
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;

  WasiResult<std::unique_ptr<Directory>> root();
  // Opens a directory to be given to a program. `path` is relative; links are followed.
  WasiResult<std::unique_ptr<Directory>> open(std::string_view path);

  // These functions fill the file system from outside. Paths are relative, and their parents must exist.
  // add_directory() accepts a directory that exists already.
  Result<void> add_directory(std::string_view path);
  Result<void> add_file(std::string_view path, std::span<const std::byte> contents);
  Result<void> add_link(std::string_view path, std::string_view target);
  // Adds what programs expect in a root directory: tmp and dev/null. `path` names this directory; "" is the root of the
  // file system.
  Result<void> add_standard_files(std::string_view path);

  [[nodiscard]] uint64_t used_bytes() {
    return tree_.with([](const FileTree& tree) { return tree.account().used(); });
  }
  [[nodiscard]] uint64_t capacity() {
    return tree_.with([](const FileTree& tree) { return tree.account().capacity(); });
  }

 private:
  SharedTree tree_;
};

}  // namespace cairn::wasi
