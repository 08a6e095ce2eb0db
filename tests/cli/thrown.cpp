// Throws a C++ exception and catches it. With an argument, throws another one that nothing catches.
#include <cstdio>
#include <stdexcept>

struct Guard {
  ~Guard() { std::puts("cleaned up"); }
};

int main(int argc, char**) {
  try {
    Guard guard;
    throw std::runtime_error("one");
  } catch (const std::exception& e) {
    std::printf("caught %s\n", e.what());
  }
  std::fflush(stdout);
  if (argc > 1) throw 2;
}
