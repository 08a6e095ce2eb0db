#include "base/cpio.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace cairn {
namespace {

constexpr std::string_view kMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr size_t kFieldDigits = 8;
constexpr size_t kHeaderSize = 6 + 13 * kFieldDigits;  // magic, then the fields of `Field`
// The field `mode` has the file type and the permissions of stat().
constexpr uint32_t kModeTypeMask = 0170000;
constexpr uint32_t kModeFile = 0100644, kModeDirectory = 0040755, kModeSymlink = 0120777;

enum Field : size_t {
  inode,
  mode,
  uid,
  gid,
  link_count,
  mtime,
  file_size,
  dev_major,
  dev_minor,
  rdev_major,
  rdev_minor,
  name_size,
  check
};

constexpr size_t round_up_to_4(size_t n) { return (n + 3) & ~size_t{3}; }

void append_field(std::string& out, uint32_t value) {
  for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> shift & 15];
}

void append_member(std::string& out, uint32_t inode_number, uint32_t mode_bits, uint32_t modified,
                   std::string_view name, std::span<const std::byte> data) {
  out += kMagic;
  const uint32_t size = static_cast<uint32_t>(data.size());
  const uint32_t fields[13] = {
      inode_number, mode_bits, 0, 0, 1, modified, size, 0, 0, 0, 0, static_cast<uint32_t>(name.size() + 1), 0};
  for (uint32_t field : fields) append_field(out, field);
  out += name;
  out += '\0';
  out.resize(round_up_to_4(out.size()), '\0');
  out.append(reinterpret_cast<const char*>(data.data()), data.size());
  out.resize(round_up_to_4(out.size()), '\0');
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void CpioWriter::add(const CpioEntry& entry) {
  CAIRN_ASSERT(!entry.name.empty() && entry.data.size() <= UINT32_MAX);
  const uint32_t mode_bits = entry.kind == CpioKind::directory ? kModeDirectory
                             : entry.kind == CpioKind::symlink ? kModeSymlink
                                                               : kModeFile;
  append_member(bytes_, next_inode_++, mode_bits, static_cast<uint32_t>(entry.modified_seconds), entry.name,
                entry.data);
}

std::string CpioWriter::finish() {
  append_member(bytes_, 0, 0, 0, kTrailer, {});
  next_inode_ = 1;
  return std::exchange(bytes_, {});
}

Result<bool> CpioReader::next(CpioEntry& entry) {
  const auto malformed = [&](const char* message) { return fail(Error::at(ErrorKind::malformed, position_, message)); };
  if (archive_.size() - position_ < kHeaderSize) return malformed("truncated cpio header");
  const char* header = reinterpret_cast<const char*>(archive_.data()) + position_;
  if (std::string_view(header, kMagic.size()) != kMagic) return malformed("not a newc cpio archive");
  uint32_t fields[13];
  for (size_t i = 0; i < 13; ++i) {
    fields[i] = 0;
    for (size_t digit = 0; digit < kFieldDigits; ++digit) {
      const int value = hex_digit(header[kMagic.size() + i * kFieldDigits + digit]);
      if (value < 0) return malformed("a cpio field is not a number");
      fields[i] = fields[i] << 4 | static_cast<uint32_t>(value);
    }
  }
  const uint64_t name_start = position_ + kHeaderSize;
  const uint64_t data_start = round_up_to_4(name_start + fields[name_size]);
  const uint64_t data_end = data_start + fields[file_size];
  if (fields[name_size] == 0 || data_end > archive_.size()) return malformed("truncated cpio member");
  entry.name = std::string_view(header + kHeaderSize, fields[name_size] - 1);
  if (entry.name == kTrailer) return false;
  entry.data = archive_.subspan(data_start, fields[file_size]);
  entry.modified_seconds = fields[mtime];
  switch (fields[mode] & kModeTypeMask) {
    case kModeFile& kModeTypeMask: entry.kind = CpioKind::file; break;
    case kModeDirectory& kModeTypeMask: entry.kind = CpioKind::directory; break;
    case kModeSymlink& kModeTypeMask: entry.kind = CpioKind::symlink; break;
    default: return malformed("a cpio member is neither a file, a directory nor a symbolic link");
  }
  position_ = std::min<uint64_t>(round_up_to_4(data_end), archive_.size());
  return true;
}

}  // namespace cairn
