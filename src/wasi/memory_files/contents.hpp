// The bytes of one file: a size, and pieces of a fixed size where something was written. Holes read as zeros and hold
// no memory; a file that grows copies nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "wasi/memory_files/sparse_table.hpp"

namespace cairn::wasi {

class Contents {
 public:
  static constexpr uint64_t kPiece = 4096;
  static constexpr uint64_t kMaximumSize = (uint64_t{1} << 63) - 1;

  [[nodiscard]] uint64_t size() const { return size_; }
  // As many bytes as there are from `offset` on, up to the buffer's end.
  size_t read(uint64_t offset, std::span<std::byte> buffer) const;
  // Writes as much as there is room for, and fails only when that is nothing; Errno::fbig beyond the maximum.
  WasiResult<size_t> write(Account& account, uint64_t offset, std::span<const std::byte> bytes);
  // Gives the memory behind `size` back; what comes to lie inside the file is a hole.
  Errno set_size(Account& account, uint64_t size);
  // Takes the memory for a range, so that writing there cannot fail, and lets the file reach at least to its end: as a
  // whole, or not at all.
  Errno allocate(Account& account, uint64_t offset, uint64_t length);
  // Empties it. It must be empty when it is destroyed.
  void clear(Account& account) { cut(account, 0); }

 private:
  void cut(Account& account, uint64_t size);

  // Pieces of kPiece bytes by their number. Bytes behind the size are zeros.
  SparseTable pieces_;
  uint64_t size_ = 0;
};

}  // namespace cairn::wasi
