// A view of the physical memory in which firmware has left its tables. Every access is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace cairn::kernel {

class PhysicalMemory {
 public:
  // `bytes` is the visible memory from physical address 0 on.
  explicit PhysicalMemory(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // Returns the bytes of `count` records of T. Returns an empty span if a part of them lies outside of the visible
  // memory, or if the address is 0, which firmware writes for "absent".
  template <class T>
  [[nodiscard]] std::span<const std::byte> array(uint64_t address, uint64_t count) const {
    if (address == 0 || address >= bytes_.size() || count > (bytes_.size() - address) / sizeof(T)) return {};
    return bytes_.subspan(address, count * sizeof(T));
  }

  // Copies record `index` from an array, which must hold all of it. The array need not be aligned, because firmware
  // does not promise alignment.
  template <class T>
  static T record(std::span<const std::byte> array, uint64_t index) {
    T value;
    std::memcpy(&value, array.data() + index * sizeof(T), sizeof(T));
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace cairn::kernel
