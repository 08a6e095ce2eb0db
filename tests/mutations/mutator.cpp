#include "mutator.hpp"

#include <algorithm>

namespace cairn::mutations {
namespace {

// Bytes that are opcodes, types, section ids, or the ends of LEB128 ranges.
constexpr uint8_t kTelling[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0b, 0x0e, 0x0f, 0x10, 0x11, 0x1b, 0x1c, 0x20,
                                0x21, 0x28, 0x36, 0x3f, 0x40, 0x41, 0x42, 0x60, 0x63, 0x64, 0x6a, 0x6f, 0x70, 0x7b,
                                0x7c, 0x7d, 0x7e, 0x7f, 0x80, 0xd0, 0xd2, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};

// Makes one random change.
void mutate_once(std::vector<std::byte>& bytes, Random& random) {
  // One change in sixteen may hit the header.
  const size_t first = random.below(16) == 0 ? 0 : std::min<size_t>(8, bytes.size());
  if (first >= bytes.size()) {
    bytes.push_back(std::byte(random.next() & 255));
    return;
  }
  const size_t at = first + random.below(bytes.size() - first);
  const auto where = bytes.begin() + static_cast<ptrdiff_t>(at);
  switch (random.below(8)) {
    case 0: *where ^= std::byte(1 << random.below(8)); break;
    case 1: *where = std::byte(random.next() & 255); break;
    case 2:
    case 3: *where = std::byte(kTelling[random.below(std::size(kTelling))]); break;
    case 4: bytes.insert(where, 1 + random.below(5), std::byte(kTelling[random.below(std::size(kTelling))])); break;
    case 5:
      bytes.erase(where, where + static_cast<ptrdiff_t>(std::min<size_t>(1 + random.below(8), bytes.size() - at)));
      break;
    case 6: {
      const size_t from = random.below(bytes.size());
      const size_t length = std::min<size_t>({1 + random.below(32), bytes.size() - from, bytes.size() - at});
      std::copy_n(std::vector<std::byte>(bytes.begin() + static_cast<ptrdiff_t>(from),
                                         bytes.begin() + static_cast<ptrdiff_t>(from + length))
                      .begin(),
                  length, where);
      break;
    }
    default:
      if (random.below(4) == 0) {
        bytes.resize(at);
      } else {
        // These five bytes are the largest 32-bit number in LEB128.
        for (size_t i = at; i < std::min(at + 4, bytes.size()); ++i) bytes[i] = std::byte{0xff};
        if (at + 4 < bytes.size()) bytes[at + 4] = std::byte{0x0f};
      }
  }
}

}  // namespace

std::vector<std::byte> mutate(const std::vector<std::byte>& module, uint64_t seed) {
  Random random(seed);
  std::vector<std::byte> bytes = module;
  for (uint64_t changes = 1 + random.below(4); changes > 0; --changes) mutate_once(bytes, random);
  return bytes;
}

}  // namespace cairn::mutations
