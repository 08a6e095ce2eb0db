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
PhysRange frames_of(const ImageSegment& segment);
PhysRange image_range();
// Runs the constructors of static objects. Called once, when there is a heap.
void run_constructors();
// The pages below the kernel's stacks, which must not be mapped.
std::span<const VirtAddr> guard_pages();
// The stack that the kernel, and the programs' host functions, run on.
std::span<const std::byte> boot_stack();

// The first page tables, which the entry code made.
ImageSegment first_page_tables();

// The function that contains `pc`, from the table that the build appends; the name is empty if the function is unknown.
struct Symbol {
  std::string_view name;
  uint64_t offset = 0;
};
Symbol find_symbol(uint64_t pc);

}  // namespace cairn::kernel
