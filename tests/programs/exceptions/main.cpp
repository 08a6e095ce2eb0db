// Runs the part of the program that the argument names.
#include <cstdio>
#include <string_view>

#include "parts.hpp"

int main(int argc, char** argv) {
  const std::string_view part = argc > 1 ? argv[1] : "";
  if (part == "flow") flow();
  if (part == "objects") objects();
  std::puts("end");
}
