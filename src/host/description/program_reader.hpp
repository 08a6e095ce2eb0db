// Reads one [[program]] of a system file.
#pragma once

#include "host/description/description.hpp"
#include "host/description/mistakes.hpp"
#include "host/description/toml/value.hpp"

namespace cairn::host {

// A program, and the positions of those values that checks of the whole system may find wrong.
struct ReadProgram {
  ProgramDescription program;
  Position name;
  Position input;
  Position restart;
};

// Reads the keys of a program and adds every mistake to `mistakes`. `table` must have Kind::table.
ReadProgram read_program(const toml::Value& table, Mistakes& mistakes);

}  // namespace cairn::host
