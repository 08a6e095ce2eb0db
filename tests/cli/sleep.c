/* Sleeps 300 ms and prints whether the clocks show that it did. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  usleep(300000);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long milliseconds = (long)(after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("%s\n", milliseconds >= 300 && milliseconds < 5000 ? "slept" : "did not sleep");
  clock_gettime(CLOCK_REALTIME, &after);
  printf("%s\n", after.tv_sec > 1600000000 ? "now" : "long ago");
  return 0;
}
