// The parts of the C++ program; each prints what it computed.
#pragma once

#include <cstdint>

void containers();
void numbers();
void recursion();
void memory();

// The generator xorshift64*. It gives the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 2685821657736338717u;
  }

 private:
  uint64_t state_;
};
