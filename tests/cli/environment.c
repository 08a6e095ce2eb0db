/* Prints its arguments and environment, one in each line. */
#include <stdio.h>
extern char** environ;
int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) printf("[%s]\n", argv[i]);
  for (char** variable = environ; variable && *variable; ++variable) printf("%s\n", *variable);
  return 0;
}
