// Prints a line, and sleeps without end.
#include <stdio.h>
#include <unistd.h>

int main(void) {
  puts("running");
  fflush(stdout);
  for (;;) sleep(1000);
}
