// RAM and an MMU for the tests of this folder: an array in which physical addresses are offsets from `kStart`, and a
// CPU that walks page tables by the manuals' rules and remembers translations until they are flushed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "kernel/memory/frame_source.hpp"
#include "kernel/memory/page_table.hpp"

namespace cairn::kernel::testing {

class Ram {
 public:
  static constexpr uint64_t kStart = 0x8000'0000;
  explicit Ram(uint64_t bytes) : bytes_(bytes), storage_(new (std::align_val_t(kLargePageSize)) std::byte[bytes]) {}
  ~Ram() { ::operator delete[](storage_, std::align_val_t(kLargePageSize)); }
  Ram(const Ram&) = delete;

  [[nodiscard]] DirectMap map() const { return DirectMap(reinterpret_cast<uint64_t>(storage_) - kStart); }
  [[nodiscard]] PhysRange range() const { return {{kStart}, bytes_}; }

 private:
  uint64_t bytes_;
  std::byte* storage_;
};

// Gives all frames of `ram` to `source`.
inline void give_all(Ram& ram, FrameSource& source, uint64_t reserve = 0) {
  source.with([&](FrameSource::State& state) {
    const PhysRange range = ram.range();
    state.frames.initialize(ram.map(), std::span(&range, 1), range.end());
    state.reserve = reserve;
  });
}
inline uint64_t free_frames(FrameSource& source) {
  return source.with([](FrameSource::State& state) { return state.frames.free_frames(); });
}

enum class Want : uint8_t { read, write, execute };

// X64Walk and Rv64Walk translate an address by the rules of the manuals [sdm 3A 4.5] [riscv-priv 10.3.2], without the
// code under test.
struct X64Walk {
  static std::optional<uint64_t> walk(const DirectMap& map, PhysAddr root, unsigned levels, uint64_t virt, Want want) {
    uint64_t table = root.value;
    bool write = true, execute = true;
    for (unsigned level = levels; level-- != 0;) {
      const uint64_t entry = map.at<uint64_t>({table})[virt >> (12 + 9 * level) & 511];
      if ((entry & 1) == 0) return std::nullopt;
      write = write && (entry & 2) != 0;
      execute = execute && entry >> 63 == 0;
      if (level == 0 || (entry & 0x80) != 0) {
        if ((want == Want::write && !write) || (want == Want::execute && !execute)) return std::nullopt;
        const uint64_t mask = (uint64_t{1} << (12 + 9 * level)) - 1;
        return (entry & 0x000f'ffff'ffff'f000 & ~mask) | (virt & mask);
      }
      table = entry & 0x000f'ffff'ffff'f000;
    }
    return std::nullopt;
  }
};

struct Rv64Walk {
  static std::optional<uint64_t> walk(const DirectMap& map, PhysAddr root, unsigned levels, uint64_t virt, Want want) {
    uint64_t table = root.value;
    for (unsigned level = levels; level-- != 0;) {
      const uint64_t entry = map.at<uint64_t>({table})[virt >> (12 + 9 * level) & 511];
      const bool read = (entry & 2) != 0, write = (entry & 4) != 0, execute = (entry & 8) != 0;
      if ((entry & 1) == 0 || (!read && write)) return std::nullopt;
      const uint64_t address = (entry >> 10 & ((uint64_t{1} << 44) - 1)) << 12;
      if (read || execute) {
        const uint64_t mask = (uint64_t{1} << (12 + 9 * level)) - 1;
        if ((address & mask) != 0) return std::nullopt;  // misaligned superpage
        if (want == Want::read ? !read : want == Want::write ? !write : !execute) return std::nullopt;
        return address | (virt & mask);
      }
      table = address;
    }
    return std::nullopt;
  }
};

// A CPU with a translation cache that never drops entries by itself.
template <class Walk>
class Mmu {
 public:
  void flush(VirtAddr virt) {
    const uint64_t page = virt.value >> 12;
    std::erase_if(cache_, [&](const auto& entry) { return entry.first.first == page || entry.second.second > 1; });
    // A flush also ends the translation of a large page that holds the address. The cache has an entry for each 4 KiB
    // of a large page, so all entries of the block of 2 MiB go.
    std::erase_if(cache_, [&](const auto& entry) { return entry.first.first >> 9 == page >> 9; });
  }

  void flush_tables(VirtAddr) { cache_.clear(); }

  std::optional<uint64_t> access(const DirectMap& map, PhysAddr root, unsigned levels, uint64_t virt, Want want) {
    const auto key = std::pair(virt >> 12, want);
    if (const auto found = cache_.find(key); found != cache_.end()) return found->second.first | (virt & 0xfff);
    const auto result = Walk::walk(map, root, levels, virt, want);
    if (result) cache_[key] = {*result & ~uint64_t{0xfff}, 1};
    return result;
  }

 private:
  std::map<std::pair<uint64_t, Want>, std::pair<uint64_t, int>> cache_;
};

}  // namespace cairn::kernel::testing
