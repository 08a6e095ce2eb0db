// The "newc" cpio format [newc], in which the boot bundle travels from the host to the kernel (base/boot_protocol.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cairn {

enum class CpioKind : uint8_t { file, directory, symlink };

// One member of an archive. The views point into the archive. A symlink's data are its target.
struct CpioEntry {
  CpioKind kind = CpioKind::file;
  std::string_view name;
  std::span<const std::byte> data;
  uint64_t modified_seconds = 0;  // time of the last change, in seconds since 1970
};

// Makes an archive. A member's name is not empty and contains no NUL; its data have at most 2^32 - 1 bytes.
class CpioWriter {
 public:
  // Appends a member.
  void add(const CpioEntry& entry);
  // Ends the archive and returns it; the writer is empty afterwards.
  std::string finish();

 private:
  std::string bytes_;
  uint32_t next_inode_ = 1;
};

// Walks an archive from its start; bytes after its trailer are ignored. Every length is checked against the span.
class CpioReader {
 public:
  explicit CpioReader(std::span<const std::byte> archive) : archive_(archive) {}

  // Moves to the next member. Returns true if there is one, which `entry` then describes, and false at the end of the
  // archive. Fails (malformed) if the archive is damaged or incomplete.
  Result<bool> next(CpioEntry& entry);

 private:
  std::span<const std::byte> archive_;
  size_t position_ = 0;
};

}  // namespace cairn
