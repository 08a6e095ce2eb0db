// Modules that are built to cost much for their size. Each shape makes a module of about a given number of bytes, or of
// as many as limits allow.
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
  // The function that `make_function` makes, in the text format.
  std::string before;  // the locals, and instructions at the beginning
  std::string unit;    // instructions that are repeated
  std::string after;   // instructions at the end
  // The most units to make: less than the bytes allow if their count is limited or if their cost is not in proportion
  // to the bytes.
  size_t most_units = ~size_t{0};
  // Whether the shape is also measured with opt=none: the optimizer would simplify it before instruction selection.
  bool also_unoptimized = false;
};

std::vector<Shape> function_shapes();  // one large function
std::vector<Shape> module_shapes();    // many items of one kind
std::vector<Shape> opcode_shapes();    // one function that repeats one opcode, for each that has a plain signature

// A shape in the text format, for the assembler and the printer.
struct TextShape {
  std::string name;
  std::string (*make)(size_t bytes);
};
std::vector<TextShape> text_shapes();

}  // namespace cairn::bombs
