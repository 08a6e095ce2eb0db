// Tests recursion: deep, mutual and with many arguments. Tests calls through pointers, too.
#include <cstdio>

#include "suite.hpp"

namespace {

uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

// The recursive call is no tail call: each frame holds an array that is still needed after it.
[[gnu::noinline]] uint64_t deep(uint64_t depth, volatile uint32_t* parent) {
  volatile uint32_t own[4] = {uint32_t(depth), parent[0], parent[1], 1};
  if (depth == 0) return own[1];
  const uint64_t below = deep(depth - 1, own);
  return below * 31 + own[0] + own[1] + parent[2];
}

bool odd(uint32_t n);
[[gnu::noinline]] bool even(uint32_t n) { return n == 0 || odd(n - 1); }
[[gnu::noinline]] bool odd(uint32_t n) { return n != 0 && even(n - 1); }

[[gnu::noinline]] double many(int a, double b, long long c, float d, int e, double f, long long g, float h, int i,
                              double j, long long k, float l, int m, double n, long long o, float p) {
  if (a == 0) return b + double(c) + d + e + f + double(g) + h + i + j + double(k) + l + m + n + double(o) + p;
  return many(a - 1, f, g, h, i, j, k, l, m, n, o, p, e, b, c, d) + a;
}

using Operation = uint32_t (*)(uint32_t, uint32_t);
uint32_t add(uint32_t a, uint32_t b) { return a + b; }
uint32_t multiply(uint32_t a, uint32_t b) { return a * b; }
uint32_t rotate(uint32_t a, uint32_t b) { return a << (b & 31) | a >> (-b & 31); }
uint32_t mix(uint32_t a, uint32_t b) { return (a ^ b) * 2654435761u; }

uint32_t queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
  if (columns == all) return 1;
  uint32_t count = 0;
  for (uint32_t free = all & ~(columns | left | right); free != 0; free &= free - 1) {
    const uint32_t bit = free & -free;
    count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

}  // namespace

void recursion() {
  std::printf("ackermann %u %u\n", ackermann(2, 300), ackermann(3, 7));
  volatile uint32_t seed[4] = {3, 5, 7, 11};
  std::printf("deep %llu\n", static_cast<unsigned long long>(deep(8000, seed)));
  std::printf("even %d odd %d\n", even(20000), odd(20001));
  std::printf("many %.17g\n", many(50, 1.5, 2, 3.25f, 4, 5.125, 6, 7.5f, 8, 9.75, 10, 11.5f, 12, 13.25, 14, 15.5f));
  const Operation operations[] = {add, multiply, rotate, mix};
  Random random(5);
  uint32_t value = 1;
  for (int i = 0; i < 1000000; ++i) value = operations[random.next() >> 62](value, uint32_t(i));
  std::printf("indirect %u\n", value);
  std::printf("queens %u\n", queens((1u << 10) - 1, 0, 0, 0));
}
