/* Copies standard input to standard output, byte for byte, and says on standard error how many bytes there were. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  static char buffer[1 << 16];
  long long total = 0;
  ssize_t length;
  while ((length = read(0, buffer, sizeof buffer)) > 0) {
    for (ssize_t done = 0; done < length;) {
      ssize_t written = write(1, buffer + done, (size_t)(length - done));
      if (written < 0) return 1;
      done += written;
    }
    total += length;
  }
  fprintf(stderr, "%lld bytes\n", total);
  return length < 0;
}
