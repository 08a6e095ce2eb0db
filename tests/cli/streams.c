// With an argument, reads a byte of standard input. Without one, writes lines to standard output until a write fails.
// Prints the error on standard error, and exits with 2 if reading failed and with 3 if writing failed.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  (void)argv;
  char byte;
  const ssize_t got = argc > 1 ? read(0, &byte, 1) : 0;
  if (got < 0) {
    fprintf(stderr, "read: %s\n", strerror(errno));
    return 2;
  }
  if (argc > 1) return 0;
  for (;;) {
    if (write(1, "line\n", 5) < 0) {
      fprintf(stderr, "write: %s\n", strerror(errno));
      return 3;
    }
  }
}
