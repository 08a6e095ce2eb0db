// The modules that the benchmarks run, as text.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::kernel {

// Ends at once.
std::string empty_guest();
// Computes with 32-bit numbers for so many rounds.
std::string computing_guest(uint64_t rounds);
// Does the same in each of four threads.
std::string threaded_guest(uint64_t rounds);
// Starts threads that end at once, one after the other.
std::string spawning_guest(uint64_t threads);
// Lets two threads wake each other by turns, each so often. With no rounds, one thread is started and ends.
std::string notifying_guest(uint64_t rounds);

}  // namespace cairn::kernel
