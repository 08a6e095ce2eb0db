// Tests that longjmp leaves a recursion and that setjmp returns the value of longjmp.
#include <setjmp.h>
#include <stdio.h>

static jmp_buf place;

static void down(int n) {
  if (n == 0) longjmp(place, 42);
  down(n - 1);
  printf("not reached\n");
}

int main(void) {
  volatile int times = 0;
  int value = setjmp(place);
  printf("%d after %d\n", value, times);
  if (++times < 3) down(100);
  return value;
}
