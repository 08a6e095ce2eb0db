#include "slow/memory_meter.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstddef>

// The linker redirects every call of C's allocation functions to these functions (option --wrap), also the calls in the
// program's operator new.
extern "C" {
void* __real_malloc(size_t size);
void* __real_calloc(size_t count, size_t size);
void* __real_realloc(void* pointer, size_t size);
void* __real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void* pointer);
}

namespace {

constinit size_t live_bytes = 0, peak_bytes = 0;

void* counted(void* pointer) {
  live_bytes += malloc_usable_size(pointer);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return pointer;
}
void forget(void* pointer) { live_bytes -= std::min(live_bytes, malloc_usable_size(pointer)); }

}  // namespace

extern "C" {
void* __wrap_malloc(size_t size) { return counted(__real_malloc(size)); }
void* __wrap_calloc(size_t count, size_t size) { return counted(__real_calloc(count, size)); }
void* __wrap_realloc(void* pointer, size_t size) {
  forget(pointer);
  return counted(__real_realloc(pointer, size));
}
void* __wrap_aligned_alloc(size_t alignment, size_t size) { return counted(__real_aligned_alloc(alignment, size)); }
void __wrap_free(void* pointer) {
  forget(pointer);
  __real_free(pointer);
}
}

namespace cairn::fuzz {

size_t MemoryMeter::live() { return live_bytes; }
size_t MemoryMeter::peak() { return peak_bytes; }
void MemoryMeter::reset_peak() { peak_bytes = live_bytes; }

}  // namespace cairn::fuzz
