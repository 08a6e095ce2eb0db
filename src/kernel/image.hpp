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
PhysRange image_range();
// Runs the constructors of static objects; once, when there is a heap.
void run_constructors();
// The page below the boot stack that must not be there.
VirtAddr boot_stack_guard_page();

// The function that holds `pc`, by the table that the build appends; empty name when it is not known.
struct Symbol {
  std::string_view name;
  uint64_t offset = 0;
};
Symbol find_symbol(uint64_t pc);

}  // namespace cairn::kernel
