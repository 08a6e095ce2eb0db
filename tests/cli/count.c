// Prints its second argument as many times as the first says, with pauses; then reads standard input, exits with 3.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 3) return 1;
  // Each line is written at once, so that other programs' lines do not split it.
  setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
  for (int i = 0; i < atoi(argv[1]); ++i) {
    printf("%s %d\n", argv[2], i);
    fflush(stdout);
    usleep(20000);
  }
  char line[64];
  if (fgets(line, sizeof line, stdin) != NULL) printf("read %s", line);
  return 3;
}
