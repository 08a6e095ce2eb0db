// Integer and floating-point arithmetic at its edges, printed exactly. The operands are volatile, so that the compiler
// cannot compute the results itself.
#include <bit>
#include <cfloat>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <limits>

#include "suite.hpp"

namespace {

void show(const char* name, double value) {
  if (value != value) {
    std::printf("%s nan\n", name);
  } else {
    std::printf("%s %.17g %016" PRIx64 "\n", name, value, std::bit_cast<uint64_t>(value));
  }
}

void integers() {
  const int64_t values[] = {0,  1,       -1,        2,         7,         -7,        63,
                            64, 1000003, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 0x123456789abcdef};
  for (volatile int64_t a : values) {
    for (volatile int64_t b : values) {
      const uint64_t ua = uint64_t(a), ub = uint64_t(b);
      std::printf("%" PRId64 " %" PRId64 ": %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %d%d", a, b,
                  ua + ub, ua - ub, ua * ub, ua << (ub & 63) | ua >> (-ub & 63), a >> (ub & 63), a < b, ua < ub);
      if (b != 0 && !(a == INT64_MIN && b == -1)) std::printf(" %" PRId64 " %" PRId64, a / b, a % b);
      if (b != 0) std::printf(" %" PRIu64 " %" PRIu64, ua / ub, ua % ub);
      const int32_t c = int32_t(a), d = int32_t(b);
      std::printf(" %" PRIu32 " %" PRId32, uint32_t(c) * uint32_t(d), c >> (d & 31));
      if (d != 0 && !(c == INT32_MIN && d == -1)) std::printf(" %" PRId32 " %" PRId32, c / d, c % d);
      if (d != 0) std::printf(" %" PRIu32 " %" PRIu32, uint32_t(c) / uint32_t(d), uint32_t(c) % uint32_t(d));
      const __int128 wide = __int128(a) * b;
      std::printf(" %016" PRIx64 "%016" PRIx64 "\n", uint64_t(wide >> 64), uint64_t(wide));
    }
    const uint64_t u = uint64_t(a);
    std::printf("bits %d %d %d %d %016" PRIx64 " %d %d\n", std::countl_zero(u), std::countr_zero(u), std::popcount(u),
                std::popcount(uint32_t(u)), std::byteswap(u), int(int8_t(u)), int(int16_t(u)));
  }
}

void floats() {
  const double inf = std::numeric_limits<double>::infinity();
  const double values[] = {0.0,
                           -0.0,
                           1.0,
                           -1.5,
                           0.1,
                           1e-310,
                           DBL_MIN,
                           DBL_MAX,
                           DBL_EPSILON,
                           4503599627370497.5,
                           -2.5,
                           3.5,
                           1e19,
                           -1e10,
                           123456789.123456789,
                           inf,
                           -inf,
                           std::numeric_limits<double>::quiet_NaN()};
  for (volatile double a : values) {
    for (volatile double b : values) {
      show("add", a + b);
      show("mul", a * b);
      show("div", a / b);
      show("sub", a - b);
      std::printf("%d%d%d%d ", a < b, a <= b, a == b, a != b);
      show("copysign", std::copysign(a, b));
      const volatile float fa = float(a), fb = float(b);
      show("float", fa * fb + fa / fb);
    }
    show("floor", std::floor(a));
    show("ceil", std::ceil(a));
    show("trunc", std::trunc(a));
    show("nearbyint", std::nearbyint(a));
    show("fabs", std::fabs(a));
    show("sqrt", std::sqrt(a));
    show("single", float(a));
    if (std::fabs(a) < 1e9) std::printf("int %d %u\n", int(a), unsigned(std::fabs(a)));
    if (std::fabs(a) < 1e18) std::printf("long %" PRId64 " %" PRIu64 "\n", int64_t(a), uint64_t(std::fabs(a)));
  }
  for (volatile uint64_t bits :
       {uint64_t{0}, uint64_t{1}, uint64_t{1} << 63, ~uint64_t{0}, uint64_t{0x7fffffffffffffff},
        uint64_t{0x20000000000001}, uint64_t{0x8000000000000400}, uint64_t{0x8000000000000401}}) {
    show("u64", double(bits));
    show("i64", double(int64_t(bits)));
    show("u64f", float(bits));
    show("i64f", float(int64_t(bits)));
    show("u32", double(uint32_t(bits)));
    show("i32f", float(int32_t(bits)));
  }
}

void mandelbrot() {
  for (int y = -12; y <= 12; ++y) {
    for (int x = -39; x <= 20; ++x) {
      double re = 0, im = 0;
      int n = 0;
      while (n < 200 && re * re + im * im < 4) {
        const double next = re * re - im * im + x / 20.0;
        im = 2 * re * im + y / 10.0;
        re = next;
        ++n;
      }
      std::putchar(n == 200 ? '#' : " .:-=+*%@"[n % 9]);
    }
    std::putchar('\n');
  }
}

void orbit() {
  double position[3] = {1, 0, 0.2}, velocity[3] = {0, 0.9, 0.1};
  for (int step = 0; step < 1000000; ++step) {
    const double r2 = position[0] * position[0] + position[1] * position[1] + position[2] * position[2];
    const double k = 0.001 / (r2 * std::sqrt(r2));
    for (int i = 0; i < 3; ++i) velocity[i] -= position[i] * k;
    for (int i = 0; i < 3; ++i) position[i] += velocity[i] * 0.001;
  }
  for (int i = 0; i < 3; ++i) show("orbit", position[i]);
}

}  // namespace

void numbers() {
  integers();
  floats();
  mandelbrot();
  orbit();
}
