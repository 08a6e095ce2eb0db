#include "wasi/memory_files/contents.hpp"

#include <algorithm>
#include <cstring>

namespace cairn::wasi {

namespace {
constexpr uint64_t kPiece = Contents::kPiece;

// Returns the number of the first piece that begins at `offset` or after it.
constexpr uint64_t pieces_up_to(uint64_t offset) { return offset / kPiece + (offset % kPiece != 0 ? 1 : 0); }
}  // namespace

size_t Contents::read(uint64_t offset, std::span<std::byte> buffer) const {
  if (offset >= size_) return 0;
  const size_t total = std::min<uint64_t>(buffer.size(), size_ - offset);
  for (size_t done = 0; done < total;) {
    const uint64_t at = offset + done;
    const size_t count = std::min<uint64_t>(total - done, kPiece - at % kPiece);
    const auto* piece = static_cast<const std::byte*>(pieces_.find(at / kPiece));
    if (piece != nullptr) {
      std::memcpy(buffer.data() + done, piece + at % kPiece, count);
    } else {
      std::memset(buffer.data() + done, 0, count);
    }
    done += count;
  }
  return total;
}

WasiResult<size_t> Contents::write(Account& account, uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return size_t{0};
  if (offset >= kMaximumSize) return std::unexpected(Errno::fbig);
  const size_t total = std::min<uint64_t>(bytes.size(), kMaximumSize - offset);
  size_t done = 0;
  while (done < total) {
    const uint64_t at = offset + done;
    const size_t start = at % kPiece;
    const size_t count = std::min<uint64_t>(total - done, kPiece - start);
    auto* piece = static_cast<std::byte*>(pieces_.find(at / kPiece));
    if (piece == nullptr) {
      auto memory = account.allocate(kPiece);
      Errno error = memory ? pieces_.insert(account, at / kPiece, *memory) : memory.error();
      if (error != Errno::success) {
        if (memory) account.release(*memory, kPiece);
        if (done == 0) return std::unexpected(error);
        break;
      }
      piece = static_cast<std::byte*>(*memory);
      std::memset(piece, 0, start);
      std::memset(piece + start + count, 0, kPiece - start - count);
    }
    std::memcpy(piece + start, bytes.data() + done, count);
    done += count;
  }
  size_ = std::max(size_, offset + done);
  return done;
}

Errno Contents::set_size(Account& account, uint64_t size) {
  if (size > kMaximumSize) return Errno::fbig;
  if (size < size_) {
    cut(account, size);
  } else {
    size_ = size;
  }
  return Errno::success;
}

void Contents::cut(Account& account, uint64_t size) {
  const uint64_t first = pieces_up_to(size);
  while (const auto piece = pieces_.next(first)) account.release(pieces_.remove(account, piece->index), kPiece);
  if (size % kPiece != 0) {
    if (void* last = pieces_.find(size / kPiece)) {
      std::memset(static_cast<std::byte*>(last) + size % kPiece, 0, kPiece - size % kPiece);
    }
  }
  size_ = size;
}

Errno Contents::allocate(Account& account, uint64_t offset, uint64_t length) {
  if (offset > kMaximumSize || length > kMaximumSize - offset) return Errno::fbig;
  const uint64_t first = offset / kPiece, end = pieces_up_to(offset + length);
  uint64_t missing = end - first;
  for (auto piece = pieces_.next(first); piece && piece->index < end; piece = pieces_.next(piece->index + 1)) --missing;
  if (missing > account.available() / kPiece) return Errno::nospc;

  // New pieces are chained, so that all of them can be freed again if a later one cannot be allocated.
  struct Fresh {
    Fresh* next;
    uint64_t index;
  };
  Fresh* chain = nullptr;
  Errno error = Errno::success;
  auto present = pieces_.next(first);
  for (uint64_t index = first; index < end && error == Errno::success; ++index) {
    if (present && present->index == index) {
      present = pieces_.next(index + 1);
      continue;
    }
    auto memory = account.allocate(kPiece);
    error = memory ? pieces_.insert(account, index, *memory) : memory.error();
    if (error == Errno::success) {
      chain = new (*memory) Fresh{chain, index};
    } else if (memory) {
      account.release(*memory, kPiece);
    }
  }
  while (chain != nullptr) {
    Fresh* piece = chain;
    chain = piece->next;
    if (error == Errno::success) {
      std::memset(static_cast<void*>(piece), 0, kPiece);
    } else {
      account.release(pieces_.remove(account, piece->index), kPiece);
    }
  }
  if (error == Errno::success) size_ = std::max(size_, offset + length);
  return error;
}

}  // namespace cairn::wasi
