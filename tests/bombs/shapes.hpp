// Modules built to cost more than their size. Each shape gives one of about so many bytes as asked for, or of as many
// as limits allow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::bombs {

using Bytes = std::vector<std::byte>;

struct Shape {
  std::string name;
  Bytes (*make)(const Shape&, size_t bytes);
  // One function: how it is made by `make_function`. Text of the text format.
  std::string before;  // its locals, and instructions
  std::string unit;    // instructions, again and again
  std::string after;   // instructions
  // Functions and sections whose count is limited, or whose cost each is not by the byte.
  size_t most_units = ~size_t{0};
  // Measured with opt=none, too: chains that the optimizer would take apart before selection.
  bool also_unoptimized = false;
};

std::vector<Shape> function_shapes();  // one function, large
std::vector<Shape> module_shapes();    // many of something
std::vector<Shape> opcode_shapes();    // one function that repeats one opcode, for each that has a plain signature

// Text: the assembler, and what it makes of it as the rest.
struct TextShape {
  std::string name;
  std::string (*make)(size_t bytes);
};
std::vector<TextShape> text_shapes();

}  // namespace cairn::bombs
