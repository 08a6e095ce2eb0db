// C++ exceptions: one is caught, one is not.
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
