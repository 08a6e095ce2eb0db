// Saves and restores vector and x87 registers by XSAVE, or by FXSAVE on CPUs without XSAVE
// [sdm 1 13.7, sdm 1 10.5.1].
#include "kernel/fibers/vector_state.hpp"

#include <cstring>
#include <new>
#include <utility>

#include "base/operation.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

// The alignment of XSAVE's area and the sizes of its first two parts, in bytes. FXSAVE writes the legacy area only.
constexpr size_t kAlignment = 64;
constexpr size_t kLegacyArea = 512;
constexpr size_t kHeader = 64;

// Whether enable_vector_state() has enabled XSAVE.
bool has_xsave() { return (read_cr4() >> 18 & 1) != 0; }

// The number of bytes for the registers that enable_vector_state() has enabled.
size_t area_size() { return has_xsave() ? cpuid(0xd).ebx : kLegacyArea; }

}  // namespace

Result<VectorState> VectorState::create() {
  const size_t size = area_size();
  auto* const area = static_cast<std::byte*>(operator new(size, std::align_val_t(kAlignment), std::nothrow));
  if (area == nullptr) return fail(out_of_memory("a fiber's registers", size));
  // XSAVE writes only a part of the header, and XRSTOR faults unless the rest is zero [sdm 1 13.4.2, 13.7, 13.8].
  if (size > kLegacyArea) std::memset(area + kLegacyArea, 0, kHeader);
  return VectorState({area, size});
}

VectorState::VectorState(VectorState&& other) noexcept : area_(std::exchange(other.area_, {})) {}
VectorState::~VectorState() { operator delete(area_.data(), std::align_val_t(kAlignment)); }

void VectorState::save() {
  auto& area = *reinterpret_cast<std::byte(*)[kLegacyArea]>(area_.data());
  if (area_.size() > kLegacyArea) {
    asm volatile("xsave64 %0" : "+m"(area) : "a"(~0U), "d"(~0U) : "memory");
  } else {
    asm volatile("fxsave64 %0" : "=m"(area) : : "memory");
  }
}

void VectorState::restore() const {
  const auto& area = *reinterpret_cast<const std::byte(*)[kLegacyArea]>(area_.data());
  if (area_.size() > kLegacyArea) {
    asm volatile("xrstor64 %0" : : "m"(area), "a"(~0U), "d"(~0U) : "memory");
  } else {
    asm volatile("fxrstor64 %0" : : "m"(area) : "memory");
  }
}

}  // namespace cairn::kernel
