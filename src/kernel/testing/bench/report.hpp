// What the measurements have in common: starting fibers, measuring times, and writing results as bench.hpp describes
// their lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernel/time/clock.hpp"

namespace cairn::kernel {

class Fiber;

// Starts the fiber, and panics if there is no memory for it.
void start_or_panic(Fiber& fiber);

// Writes a line with one result. `part` is added to the name.
void report(std::string_view name, uint64_t value, std::string_view part = {});

// Calls `body()` and returns how many nanoseconds that took.
template <class Body>
uint64_t time_of(Body&& body) {
  const uint64_t start = nanoseconds_since_boot();
  body();
  return nanoseconds_since_boot() - start;
}

// Some measurements of one thing.
class Samples {
 public:
  explicit Samples(size_t count) { values_.reserve(count); }

  void add(uint64_t value) { values_.push_back(value); }
  // Reports NAME.median and NAME.p99: the values that half and 99 % of the samples do not exceed.
  void report(std::string_view name);

 private:
  std::vector<uint64_t> values_;
};

}  // namespace cairn::kernel
