// Finds the positions of entries in some array by their hashes: a hash table of numbers that reports when there is no
// memory. The caller owns the entries and defines their equality. Single entries cannot be removed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/try_vector.hpp"

namespace cairn {

class TryIndex {
 public:
  // Returns the position p that was added with this hash and for which is_equal(p) holds; nothing if there is none.
  template <class IsEqual>
  [[nodiscard]] std::optional<uint32_t> find(uint64_t hash, IsEqual&& is_equal) const {
    if (slots_.empty()) return std::nullopt;
    for (size_t at = place_of(hash); slots_[at].position != kFree; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].hash == static_cast<uint32_t>(hash) && is_equal(slots_[at].position)) return slots_[at].position;
    }
    return std::nullopt;
  }

  // Makes room for `more` entries, so that adding them cannot fail. Returns false if there is no memory.
  [[nodiscard]] bool try_reserve_more(size_t more) {
    const size_t wanted = std::bit_ceil((count_ + more) * 2 + 8);
    if (wanted <= slots_.size()) return true;
    TryVector<Slot> slots;
    if (!slots.try_resize(wanted)) return false;
    std::swap(slots, slots_);
    for (const Slot& slot : slots) {
      if (slot.position != kFree) put(slot);
    }
    return true;
  }
  // Adds an entry, for which try_reserve_more() has made room.
  void add_within_capacity(uint64_t hash, uint32_t position) {
    put({static_cast<uint32_t>(hash), position});
    ++count_;
  }
  [[nodiscard]] size_t size() const { return count_; }
  void clear() {
    slots_.clear();
    count_ = 0;
  }

 private:
  static constexpr uint32_t kFree = 0xffff'ffff;
  struct Slot {
    uint32_t hash = 0;  // low 32 bits of the hash
    uint32_t position = kFree;
  };
  // Returns the first slot for a hash. The factor is 2^64 divided by the golden ratio, which spreads hashes that are
  // close.
  [[nodiscard]] size_t place_of(uint64_t hash) const {
    return (static_cast<uint32_t>(hash) * uint64_t{0x9e37'79b9'7f4a'7c15} >> 20) & (slots_.size() - 1);
  }
  void put(const Slot& slot) {
    size_t at = place_of(slot.hash);
    while (slots_[at].position != kFree) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }

  TryVector<Slot> slots_;  // their number is 0 or a power of two; at most half are in use
  size_t count_ = 0;
};

// Returns the FNV-1a hash of the bytes. If bytes are hashed in several parts, `seed` is the hash of the parts before.
inline uint64_t hash_of(const char* bytes, size_t count, uint64_t seed = 0xcbf2'9ce4'8422'2325) {
  for (size_t i = 0; i < count; ++i) seed = (seed ^ static_cast<unsigned char>(bytes[i])) * 0x100'0000'01b3;
  return seed;
}

}  // namespace cairn
