// Throws in many kinds of control flow: nested handlers, rethrowing, recursion, callbacks through C, and loops that
// throw often.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "parts.hpp"

namespace {

struct Trace {
  const char* name;
  explicit Trace(const char* n) : name(n) { std::printf("+%s ", n); }
  ~Trace() { std::printf("-%s%s ", name, std::uncaught_exceptions() > 0 ? "!" : ""); }
};

[[gnu::noinline]] int recurse(int depth, int limit) {
  Trace trace("r");
  if (depth == limit) throw depth;
  return recurse(depth + 1, limit) + 1;
}

[[gnu::noinline]] int quiet(int depth) {
  if (depth == 0) throw 7L;
  volatile int keep = depth;
  return quiet(depth - 1) + keep;
}

int compare(const void* a, const void* b) {
  const int x = *static_cast<const int*>(a), y = *static_cast<const int*>(b);
  if (x == 13 || y == 13) throw std::runtime_error("thirteen");
  return x - y;
}

int nested(int n) {
  try {
    try {
      try {
        if (n == 0) throw 1;
        if (n == 1) throw 2.5;
        if (n == 2) throw 'c';
        if (n == 3) throw std::string("text");
        return 0;
      } catch (int i) {
        std::printf("int %d ", i);
        throw;
      }
    } catch (double d) {
      std::printf("double %.1f ", d);
      throw static_cast<int>(d * 10);
    } catch (char) {
      std::printf("char ");
      return 3;
    }
  } catch (int i) {
    std::printf("outer %d ", i);
    return i;
  } catch (...) {
    std::printf("any ");
    return -1;
  }
}

struct Member {
  explicit Member(bool fails) : trace("member") {
    if (fails) throw std::logic_error("member");
  }
  Trace trace;
};
struct Whole {
  Trace first{"first"};
  Member member;
  explicit Whole(bool fails) try : member(fails) { std::printf("made "); } catch (const std::logic_error& e) {
    std::printf("function try %s ", e.what());
  }
};

int switching(int i) {
  int state = 0;
  for (int k = 0; k < 4; ++k) {
    try {
      state += 10;
      if (k == i) throw k;
      state += 1;
      if (k == 2) continue;
      if (k == 3) break;
    } catch (int thrown) {
      state += 100 * (thrown + 1);
      if (thrown == 1) continue;
      if (thrown == 2) return -state;
    }
    state += 1000;
  }
  return state;
}

}  // namespace

void flow() {
  for (int i = 0; i < 5; ++i) std::printf("-> %d\n", nested(i));
  try {
    recurse(0, 5);
  } catch (int depth) {
    std::printf("at %d\n", depth);
  }
  try {
    quiet(5000);
  } catch (long value) {
    std::printf("long %ld\n", value);
  }
  int numbers[] = {5, 3, 13, 1};
  try {
    std::qsort(numbers, 4, sizeof(int), compare);
  } catch (const std::exception& e) {
    std::printf("%s\n", e.what());
  }
  for (const bool fails : {false, true}) {
    try {
      Whole whole(fails);
    } catch (const std::logic_error& e) {
      std::printf("caught %s", e.what());
    }
    std::printf("\n");
  }
  for (int i = 0; i < 5; ++i) std::printf("%d ", switching(i));
  std::printf("\n");
  const std::function<int(int)> f = [&](int n) -> int {
    return n == 0 ? throw std::out_of_range("zero") : f(n - 1) + 1;
  };
  try {
    f(100);
  } catch (const std::out_of_range& e) {
    std::printf("%s\n", e.what());
  }
  std::vector<int> values(1000);
  for (int i = 0; i < 1000; ++i) values[static_cast<size_t>(i)] = i * 7919 % 1000;
  try {
    std::sort(values.begin(), values.end(), [count = 0](int a, int b) mutable {
      if (++count == 5000) throw count;
      return a < b;
    });
  } catch (int) {
    long sum = 0;
    for (int v : values) sum += v;
    std::printf("sorted partly, sum %s\n", sum <= 499500 ? "right" : "wrong");
  }
  long total = 0;
  for (int i = 0; i < 100000; ++i) {
    try {
      if (i % 3 == 0) throw i;
      if (i % 3 == 1) throw static_cast<long>(i);
      total += 1;
    } catch (int v) {
      total += v;
    } catch (long v) {
      total -= v;
    }
  }
  std::printf("%ld\n", total);
}
