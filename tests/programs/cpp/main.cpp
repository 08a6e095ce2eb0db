// Runs the part of the program that the argument names. The exit status is 7, or 2 if there is no such part.
#include <cstring>
#include <iostream>

#include "suite.hpp"

int main(int argc, char** argv) {
  const char* part = argc > 1 ? argv[1] : "";
  if (std::strcmp(part, "containers") == 0) {
    containers();
  } else if (std::strcmp(part, "numbers") == 0) {
    numbers();
  } else if (std::strcmp(part, "recursion") == 0) {
    recursion();
  } else if (std::strcmp(part, "memory") == 0) {
    memory();
  } else {
    std::cerr << "which part?\n";
    return 2;
  }
  return 7;
}
