/* Counts the primes below its argument, or below 10 million without an argument, with the sieve of Eratosthenes. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  size_t limit = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000000;
  char* composite = calloc(limit + 1, 1);
  if (!composite) {
    fprintf(stderr, "no memory for %zu numbers\n", limit);
    return 1;
  }
  size_t count = 0;
  for (size_t i = 2; i < limit; ++i) {
    if (composite[i]) continue;
    ++count;
    if (i > limit / i) continue; /* i * i is above the limit, and could overflow */
    for (size_t j = i * i; j < limit; j += i) composite[j] = 1;
  }
  printf("%zu primes below %zu\n", count, limit);
  return 0;
}
