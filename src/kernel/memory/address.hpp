// Addresses and sizes of the machine, as types that do not convert into each other.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr unsigned kPageBits = 12;
inline constexpr uint64_t kLargePageSize = uint64_t{1} << 21;

constexpr uint64_t align_down(uint64_t value, uint64_t alignment) { return value & ~(alignment - 1); }
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) { return align_down(value + alignment - 1, alignment); }

// A physical address. Only DirectMap converts it to a pointer.
struct PhysAddr {
  uint64_t value = 0;
  constexpr auto operator<=>(const PhysAddr&) const = default;
  constexpr PhysAddr operator+(uint64_t bytes) const { return {value + bytes}; }
};

// A virtual address in the kernel's one address space.
struct VirtAddr {
  uint64_t value = 0;
  constexpr auto operator<=>(const VirtAddr&) const = default;
  constexpr VirtAddr operator+(uint64_t bytes) const { return {value + bytes}; }
  [[nodiscard]] std::byte* as_pointer() const { return reinterpret_cast<std::byte*>(value); }
  static VirtAddr of(const void* pointer) { return {reinterpret_cast<uint64_t>(pointer)}; }
};

struct PhysRange {
  PhysAddr start;
  uint64_t size = 0;
  [[nodiscard]] constexpr uint64_t end() const { return start.value + size; }
};

// All RAM is mapped at one offset. This class converts physical addresses to pointers.
class DirectMap {
 public:
  // `base` is the virtual address of physical address 0.
  constexpr explicit DirectMap(uint64_t base) : base_(base) {}
  template <class T = std::byte>
  [[nodiscard]] T* at(PhysAddr address) const {
    return reinterpret_cast<T*>(base_ + address.value);
  }
  [[nodiscard]] PhysAddr physical(const void* pointer) const { return {reinterpret_cast<uint64_t>(pointer) - base_}; }

 private:
  uint64_t base_;
};

}  // namespace cairn::kernel
