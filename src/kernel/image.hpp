// The kernel's own image, by the linker script's symbols.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

enum class ImagePart : uint8_t { text, rodata, data, symbols };

// Where a part lies: page-aligned virtual addresses. Its physical address is `virtual - layout::kImage`.
struct ImageSegment {
  VirtAddr start;
  uint64_t size = 0;
};
ImageSegment image_segment(ImagePart part);
PhysRange frames_of(const ImageSegment& segment);
PhysRange image_range();
// Runs the constructors of static objects; once, when there is a heap.
void run_constructors();
// The pages below the kernel's stacks, which must not be mapped.
std::span<const VirtAddr> guard_pages();
// The stack that the kernel, and the programs' host functions, run on.
std::span<const std::byte> boot_stack();

// The first page tables, which the entry made.
ImageSegment first_page_tables();

// The function that holds `pc`, by the table that the build appends; empty name when it is not known.
struct Symbol {
  std::string_view name;
  uint64_t offset = 0;
};
Symbol find_symbol(uint64_t pc);

}  // namespace cairn::kernel
