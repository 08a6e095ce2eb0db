// The file system in memory, as WASI's directories and files. A program sees it as `/`, unless the user gives another
// root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
  // `bytes` is the memory that the whole file system may take, and must outlive it; an operation that needs more fails
  // with Errno::nospc.
  static Result<std::unique_ptr<MemoryFileSystem>> create(System& system, Allowance& bytes);
  // Makes a file system with an allowance of its own.
  static Result<std::unique_ptr<MemoryFileSystem>> create(System& system, uint64_t capacity);
  // These are for create().
  MemoryFileSystem(Key, System& system, Allowance& bytes) : bytes_(bytes), tree_(system, bytes) {}
  MemoryFileSystem(Key, System& system, uint64_t capacity)
      : own_bytes_(std::in_place, capacity), bytes_(*own_bytes_), tree_(system, bytes_) {}
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

  [[nodiscard]] uint64_t used_bytes() const { return bytes_.used(); }
  [[nodiscard]] uint64_t capacity() const { return bytes_.limit(); }

 private:
  static Result<std::unique_ptr<MemoryFileSystem>> with_root(std::unique_ptr<MemoryFileSystem> files);

  std::optional<Allowance> own_bytes_;
  Allowance& bytes_;
  SharedTree tree_;
};

}  // namespace cairn::wasi
