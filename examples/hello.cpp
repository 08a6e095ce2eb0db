// Prints a greeting and the program's arguments.
#include <cstdio>

int main(int argc, char** argv) {
  std::printf("Hello from WebAssembly on Cairn!\n");
  for (int i = 1; i < argc; ++i) std::printf("argument %d: %s\n", i, argv[i]);
  return 0;
}
