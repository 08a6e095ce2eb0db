// The kernel's own image, described by the linker script's symbols.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

enum class ImagePart : uint8_t { text, rodata, data, symbols };

// The place of a part of the image: page-aligned virtual addresses. Its physical address is `virtual - layout::kImage`.
struct ImageSegment {
  VirtAddr start;
  uint64_t size = 0;
};
ImageSegment image_segment(ImagePart part);
// The physical addresses of a part of the image.
PhysRange frames_of(const ImageSegment& segment);
// The physical addresses of the whole image.
PhysRange image_range();
// Runs the constructors of static objects. Called once, when there is a heap.
void run_constructors();
// The guard pages of the image: the pages below the image's stacks, which must not be mapped.
std::span<const VirtAddr> guard_pages();
// The stack on which the kernel boots, which is then the stack of the first fiber.
std::span<const std::byte> boot_stack();

// The first page tables, which entry.S made.
ImageSegment first_page_tables();

// A function, and how far into it an address is. The name is empty if the function is unknown.
struct Symbol {
  std::string_view name;
  uint64_t offset = 0;
};
// Finds the function that contains `pc` in the table of symbols that the build appends to the image.
Symbol find_symbol(uint64_t pc);

}  // namespace cairn::kernel
