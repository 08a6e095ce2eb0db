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
  // `fd` is the descriptor of the operation, or of the directory where `path` begins. `other_fd` is the descriptor of
  // the directory where `other_path` begins, or the number to which renumber moves `fd`.
  uint32_t fd = 0, other_fd = 0;
  // `other_path` is the new name for rename and link, the text of the link for symlink, and the file to be removed for
  // list_while_removing.
  std::string path, other_path;
  uint32_t lookup = 0, oflags = 0;  // WASI's lookupflags for `path`, and its oflags for open
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
