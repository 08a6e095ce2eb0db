// A hash table from keys to 32-bit values, without a node for each entry. A module may have hundreds of thousands of
// names, and allocating a node would cost more than reading the name. Entries are never removed.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace cairn::wasm::text {

template <class Key>
class FlatTable {
 public:
  // Returns false and changes nothing if the key is present.
  bool insert(const Key& key, uint32_t value) {
    if (2 * (entries_.size() + 1) > slots_.size()) grow();
    const uint64_t hash = hash_of(key);
    uint32_t& slot = slot_of(key, hash);
    if (slot != 0) return false;
    entries_.push_back({key, hash, value});
    slot = static_cast<uint32_t>(entries_.size());
    return true;
  }
  // Returns null if the key is absent. The pointer is valid until the next insertion.
  [[nodiscard]] const uint32_t* find(const Key& key) const {
    if (entries_.empty()) return nullptr;
    const uint32_t slot = const_cast<FlatTable*>(this)->slot_of(key, hash_of(key));
    return slot == 0 ? nullptr : &entries_[slot - 1].value;
  }

 private:
  struct Entry {
    Key key;
    uint64_t hash;
    uint32_t value;
  };
  static constexpr size_t kFirstSlots = 16;

  // std::hash of a number is the number itself. The multiplication spreads the number over the upper bits, which choose
  // the slot.
  static uint64_t hash_of(const Key& key) { return std::hash<Key>{}(key) * 0x9e37'79b9'7f4a'7c15; }
  [[nodiscard]] size_t first_slot(uint64_t hash) const { return static_cast<size_t>(hash >> 32) & (slots_.size() - 1); }

  // Returns the slot of the key, or the empty slot where the key belongs. At most half of the slots are taken.
  uint32_t& slot_of(const Key& key, uint64_t hash) {
    for (size_t i = first_slot(hash);; i = (i + 1) & (slots_.size() - 1)) {
      uint32_t& slot = slots_[i];
      if (slot == 0 || (entries_[slot - 1].hash == hash && entries_[slot - 1].key == key)) return slot;
    }
  }
  void grow() {
    slots_.assign(slots_.empty() ? kFirstSlots : 2 * slots_.size(), 0);
    for (uint32_t n = 0; n < entries_.size(); ++n) {
      size_t i = first_slot(entries_[n].hash);
      while (slots_[i] != 0) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = n + 1;
    }
  }

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // 1 + position in entries_, or 0 for an empty slot; the size is a power of two
};

}  // namespace cairn::wasm::text
