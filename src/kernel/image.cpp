#include "kernel/image.hpp"

#include <cstring>

#include "port/layout.hpp"

namespace cairn::kernel {
extern "C" {
extern std::byte kernel_text_start[], kernel_text_end[], kernel_rodata_end[], kernel_data_end[], kernel_symbols[],
    kernel_end[];
extern std::byte boot_stack_bottom[], boot_stack_top[], boot_tables_start[], boot_tables_end[];
extern const VirtAddr guard_pages_start[], guard_pages_end[];
using Constructor = void (*)();
extern const Constructor init_array_start[], init_array_end[];
}

namespace {

// The table of symbols, written by tools/kernel_symbols.py: this header, `count` entries sorted by address, then the
// names, each ended by a NUL.
struct SymbolHeader {
  uint32_t magic;
  uint32_t count;
};
struct SymbolEntry {
  uint32_t address;  // the low 32 bits of the address; the high 32 bits are those of layout::kImage
  uint32_t name;     // offset from the start of the names
};
constexpr uint32_t kSymbolMagic = 0x6d797343;  // "Csym"

ImageSegment between(const std::byte* start, const std::byte* end) {
  return {VirtAddr::of(start), static_cast<uint64_t>(end - start)};
}

}  // namespace

ImageSegment image_segment(ImagePart part) {
  switch (part) {
    case ImagePart::text: return between(kernel_text_start, kernel_text_end);
    case ImagePart::rodata: return between(kernel_text_end, kernel_rodata_end);
    case ImagePart::data: return between(kernel_rodata_end, kernel_data_end);
    case ImagePart::symbols: return between(kernel_symbols, kernel_end);
  }
  return {};
}

PhysRange frames_of(const ImageSegment& segment) { return {{segment.start.value - layout::kImage}, segment.size}; }

PhysRange image_range() {
  const uint64_t start = VirtAddr::of(kernel_text_start).value - layout::kImage;
  return {{start}, VirtAddr::of(kernel_end).value - layout::kImage - start};
}

void run_constructors() {
  for (const Constructor* constructor = init_array_start; constructor != init_array_end; ++constructor)
    (*constructor)();
}

std::span<const VirtAddr> guard_pages() { return {guard_pages_start, guard_pages_end}; }
std::span<const std::byte> boot_stack() { return {boot_stack_bottom, boot_stack_top}; }

ImageSegment first_page_tables() { return between(boot_tables_start, boot_tables_end); }

Symbol find_symbol(uint64_t pc) {
  const auto size = static_cast<size_t>(kernel_end - kernel_symbols);
  SymbolHeader header;
  if (size < sizeof header || pc >> 32 != layout::kImage >> 32) return {};
  std::memcpy(&header, kernel_symbols, sizeof header);
  if (header.magic != kSymbolMagic || header.count > (size - sizeof header) / sizeof(SymbolEntry)) return {};
  const auto* entries = reinterpret_cast<const SymbolEntry*>(kernel_symbols + sizeof header);
  const auto* names = reinterpret_cast<const char*>(entries + header.count);
  const auto names_size = static_cast<size_t>(reinterpret_cast<const char*>(kernel_end) - names);
  // Finds the first entry whose address is above `pc`; the entry before it is the function's.
  uint32_t low = 0, high = header.count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (entries[middle].address <= static_cast<uint32_t>(pc)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0 || entries[low - 1].name >= names_size || pc >= VirtAddr::of(kernel_text_end).value) return {};
  const SymbolEntry& found = entries[low - 1];
  return {{names + found.name, strnlen(names + found.name, names_size - found.name)},
          static_cast<uint32_t>(pc) - found.address};
}

}  // namespace cairn::kernel
