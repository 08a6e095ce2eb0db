// One call of a WASI file function, with its arguments.
#pragma once

#include <cstdint>
#include <string>

#include "support/input.hpp"

namespace cairn::fuzz {

enum class Kind : uint8_t {
  create_directory,
  remove_directory,
  unlink,
  rename,
  link,
  symlink,
  readlink,
  open,
  close,
  read,
  pread,
  write,
  pwrite,
  seek,
  set_size,
  allocate,
  stat_path,
  stat_fd,
  times_path,
  times_fd,
  list,
  list_while_removing,
  set_flags,
  renumber,
  count_,
};

struct Operation {
  Kind kind = Kind::close;
  uint32_t fd = 0, other_fd = 0;    // the directories of `path` and of a second path; `other_fd` is renumber's target
  std::string path, other_path;     // a link's target is `other_path`
  uint32_t lookup = 0, oflags = 0;  // lookupflags of the first path
  uint16_t fdflags = 0;
  uint64_t rights = 0;
  uint64_t offset = 0;  // an offset, size, time or position
  uint32_t length = 0;  // bytes to be read or written; size of a listing's buffer
  uint32_t whence = 0;
  uint8_t seed = 0;  // the seed of the bytes to be written (written_byte)

  [[nodiscard]] std::string to_string() const;
};

// Makes an operation from the input.
Operation take_operation(Input& input);

// Returns the byte at `index` of the bytes that an operation with this seed writes.
constexpr char written_byte(uint8_t seed, uint64_t index) { return static_cast<char>(seed + index * 7 + 1); }

}  // namespace cairn::fuzz
