// A file system in memory: what the machine targets have as `/`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "wasi/file.hpp"

namespace cairn::wasi {

// Directories and files that were opened from it may outlive neither it nor its System.
class MemoryFileSystem {
 public:
  // `capacity` bounds the bytes in files, names and links; what exceeds it gives Errno::nospc.
  MemoryFileSystem(System& system, uint64_t capacity);
  ~MemoryFileSystem();
  MemoryFileSystem(const MemoryFileSystem&) = delete;
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;

  [[nodiscard]] std::unique_ptr<Directory> root();

  // For filling it from a boot bundle. Paths are relative, with parents that exist.
  Result<void> add_directory(std::string_view path);
  Result<void> add_file(std::string_view path, std::span<const std::byte> contents);
  Result<void> add_link(std::string_view path, std::string_view target);

  struct Node;
  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace cairn::wasi
