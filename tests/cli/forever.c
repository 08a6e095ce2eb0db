// Says that it is there, and sleeps for ever.
#include <stdio.h>
#include <unistd.h>

int main(void) {
  puts("running");
  fflush(stdout);
  for (;;) sleep(1000);
}
