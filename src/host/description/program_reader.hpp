// Reads one [[program]] of a system file.
#pragma once

#include "host/description/description.hpp"
#include "host/description/mistakes.hpp"
#include "host/description/toml/value.hpp"

namespace cairn::host {

// A program and the places that checks of the whole system name.
struct ReadProgram {
  ProgramDescription program;
  Position name;
  Position input;
  Position restart;
};

// `table` is of the kind table.
ReadProgram read_program(const toml::Value& table, Mistakes& mistakes);

}  // namespace cairn::host
