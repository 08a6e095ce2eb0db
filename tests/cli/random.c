/* Prints whether two random values from the system differ. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  unsigned char first[32] = {0}, second[32] = {0};
  if (getentropy(first, sizeof first) || getentropy(second, sizeof second)) return 1;
  printf("%s\n", memcmp(first, second, sizeof first) ? "differ" : "equal");
  return 0;
}
