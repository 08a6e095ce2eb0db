// The bytes of one file: a size, and pieces of a fixed size for the parts that were written. Holes read as zeros and
// hold no memory; a file that grows copies nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "wasi/memory_files/sparse_table.hpp"

namespace cairn::wasi {

class Contents {
 public:
  static constexpr uint64_t kPiece = 4096;  // bytes of a piece
  static constexpr uint64_t kMaximumSize = (uint64_t{1} << 63) - 1;

  [[nodiscard]] uint64_t size() const { return size_; }
  // Reads the bytes from `offset` on, up to the buffer's end or the end of the file.
  size_t read(uint64_t offset, std::span<std::byte> buffer) const;
  // Writes as many bytes as there is room for. Fails only if there is room for none: with Errno::fbig beyond the
  // maximum size, otherwise with Errno::nospc or Errno::nomem.
  WasiResult<size_t> write(Account& account, uint64_t offset, std::span<const std::byte> bytes);
  // Frees the memory after the first `size` bytes. If the file grows, the new part is a hole.
  Errno set_size(Account& account, uint64_t size);
  // Allocates the memory for a range, so that writing there cannot fail, and extends the file at least to the range's
  // end. A failure changes nothing.
  Errno allocate(Account& account, uint64_t offset, uint64_t length);
  // Removes all contents. The object must be empty when it is destroyed.
  void clear(Account& account) { cut(account, 0); }

 private:
  // Shortens the file to `size` bytes.
  void cut(Account& account, uint64_t size);

  // The pieces of kPiece bytes, by their number. Their bytes at or after the file's size are zeros.
  SparseTable pieces_;
  uint64_t size_ = 0;
};

}  // namespace cairn::wasi
