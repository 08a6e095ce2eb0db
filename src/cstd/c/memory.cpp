// The C functions mem*. The engine calls them often (to zero frames, to copy guests' output), so they move bytes in
// blocks of vectors or words. The same code serves both architectures: `Block` becomes SSE moves on x86-64 and integer
// moves on RISC-V. The file is compiled with -fno-builtin, so that the compiler does not turn a loop here into a call
// of the function that contains the loop.
#include <string.h>

#include <cstddef>
#include <cstdint>

namespace {

#if defined(__x86_64__)
using Block [[gnu::vector_size(16), gnu::aligned(1), gnu::may_alias]] = uint64_t;
#else
using Block [[gnu::may_alias]] = uint64_t;  // RISC-V CPUs may trap on unaligned accesses
#endif
constexpr size_t kBlock = sizeof(Block);
constexpr bool kUnaligned = kBlock == 16;  // whether a Block may be accessed at any address

bool both_aligned(const void* a, const void* b) {
  return kUnaligned || ((reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b)) & (kBlock - 1)) == 0;
}
// Whether both pointers have the same distance to the next block boundary, so that both can be aligned.
bool same_phase(const void* a, const void* b) {
  return kUnaligned || ((reinterpret_cast<uintptr_t>(a) ^ reinterpret_cast<uintptr_t>(b)) & (kBlock - 1)) == 0;
}

#if !defined(__x86_64__)
// Copies forwards when source and destination differ in alignment: shifts the bytes of two aligned loads into place for
// each aligned store. Leaves fewer than 16 bytes to the caller.
void copy_shifted(uint8_t*& to, const uint8_t*& from, size_t& size) {
  while ((reinterpret_cast<uintptr_t>(to) & 7) != 0) *to++ = *from++, --size;
  const unsigned shift = (reinterpret_cast<uintptr_t>(from) & 7) * 8;
  const auto* source = reinterpret_cast<const Block*>(reinterpret_cast<uintptr_t>(from) & ~uintptr_t{7});
  Block low = *source++;
  while (size >= 16) {  // with only 8 bytes left, the last aligned load could reach beyond the source
    Block high = *source++;
    *reinterpret_cast<Block*>(to) = low >> shift | high << (64 - shift);
    low = high;
    to += 8, from += 8, size -= 8;
  }
}
#endif

}  // namespace

extern "C" {

void* memcpy(void* destination, const void* source, size_t size) {
  auto* to = static_cast<uint8_t*>(destination);
  auto* from = static_cast<const uint8_t*>(source);
  if (size >= 4 * kBlock) {
    if (same_phase(to, from)) {
      while (!both_aligned(to, from)) *to++ = *from++, --size;
    }
#if !defined(__x86_64__)
    else {
      copy_shifted(to, from, size);
    }
#endif
    if (both_aligned(to, from)) {
      for (; size >= 4 * kBlock; size -= 4 * kBlock, to += 4 * kBlock, from += 4 * kBlock) {
        auto* target = reinterpret_cast<Block*>(to);
        auto* origin = reinterpret_cast<const Block*>(from);
        Block a = origin[0], b = origin[1], c = origin[2], d = origin[3];
        target[0] = a, target[1] = b, target[2] = c, target[3] = d;
      }
    }
  }
  if (both_aligned(to, from)) {
    for (; size >= kBlock; size -= kBlock, to += kBlock, from += kBlock) {
      *reinterpret_cast<Block*>(to) = *reinterpret_cast<const Block*>(from);
    }
  }
  while (size-- != 0) *to++ = *from++;
  return destination;
}

void* memmove(void* destination, const void* source, size_t size) {
  auto* to = static_cast<uint8_t*>(destination);
  auto* from = static_cast<const uint8_t*>(source);
  // Copying forwards is right unless the destination begins inside the source: memcpy reads each group of bytes before
  // it writes the group, and groups ascend, so no store overwrites bytes that are still to be loaded.
  if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) >= size) return memcpy(to, from, size);
  to += size, from += size;
  if (same_phase(to, from)) {
    while (size != 0 && !both_aligned(to, from)) *--to = *--from, --size;
    for (; size >= kBlock; size -= kBlock) {
      to -= kBlock, from -= kBlock;
      *reinterpret_cast<Block*>(to) = *reinterpret_cast<const Block*>(from);
    }
  }
  while (size-- != 0) *--to = *--from;
  return destination;
}

void* memset(void* destination, int value, size_t size) {
  auto* to = static_cast<uint8_t*>(destination);
  if (size >= 4 * kBlock) {
    const uint64_t word = uint64_t{0x0101'0101'0101'0101} * static_cast<uint8_t>(value);
    Block block = Block{} + word;
    while ((reinterpret_cast<uintptr_t>(to) & (kBlock - 1)) != 0) *to++ = static_cast<uint8_t>(value), --size;
    constexpr size_t kUnrolled = 16;
    for (; size >= kUnrolled * kBlock; size -= kUnrolled * kBlock, to += kUnrolled * kBlock) {
      auto* target = reinterpret_cast<Block*>(to);
#pragma clang loop unroll(full)
      for (size_t i = 0; i < kUnrolled; ++i) target[i] = block;
    }
    for (; size >= kBlock; size -= kBlock, to += kBlock) *reinterpret_cast<Block*>(to) = block;
  }
  while (size-- != 0) *to++ = static_cast<uint8_t>(value);
  return destination;
}

int memcmp(const void* left, const void* right, size_t size) {
  auto* a = static_cast<const uint8_t*>(left);
  auto* b = static_cast<const uint8_t*>(right);
#if defined(__x86_64__)
  using Word [[gnu::aligned(1), gnu::may_alias]] = uint64_t;
  for (; size >= 8 && *reinterpret_cast<const Word*>(a) == *reinterpret_cast<const Word*>(b); size -= 8) a += 8, b += 8;
#else
  if (both_aligned(a, b)) {
    for (; size >= 8 && *reinterpret_cast<const Block*>(a) == *reinterpret_cast<const Block*>(b); size -= 8) {
      a += 8, b += 8;
    }
  }
#endif
  for (; size != 0; --size, ++a, ++b) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}
int bcmp(const void* left, const void* right, size_t size) { return memcmp(left, right, size); }

void* memchr(const void* bytes, int value, size_t size) {
  auto* at = static_cast<const uint8_t*>(bytes);
  for (; size != 0; --size, ++at) {
    if (*at == static_cast<uint8_t>(value)) return const_cast<uint8_t*>(at);
  }
  return nullptr;
}

}  // extern "C"
