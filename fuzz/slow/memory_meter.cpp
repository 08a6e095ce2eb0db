#include "slow/memory_meter.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

constinit size_t live_bytes = 0, peak_bytes = 0;

void* counted(void* pointer) {
  if (pointer == nullptr) std::abort();
  live_bytes += malloc_usable_size(pointer);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return pointer;
}
void release(void* pointer) {
  if (pointer == nullptr) return;
  live_bytes -= malloc_usable_size(pointer);
  std::free(pointer);
}

}  // namespace

namespace cairn::fuzz {

size_t MemoryMeter::live() { return live_bytes; }
size_t MemoryMeter::peak() { return peak_bytes; }
void MemoryMeter::reset_peak() { peak_bytes = live_bytes; }

}  // namespace cairn::fuzz

void* operator new(size_t size) { return counted(std::malloc(size)); }
void* operator new[](size_t size) { return counted(std::malloc(size)); }
void* operator new(size_t size, std::align_val_t alignment) {
  return counted(std::aligned_alloc(static_cast<size_t>(alignment), (size + static_cast<size_t>(alignment) - 1) & ~(static_cast<size_t>(alignment) - 1)));
}
void operator delete(void* pointer) noexcept { release(pointer); }
void operator delete[](void* pointer) noexcept { release(pointer); }
void operator delete(void* pointer, size_t) noexcept { release(pointer); }
void operator delete[](void* pointer, size_t) noexcept { release(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { release(pointer); }
void operator delete(void* pointer, size_t, std::align_val_t) noexcept { release(pointer); }
