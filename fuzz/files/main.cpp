// cairn-files --seconds N [--seed S]: performs random sequences of file operations until the time is over, and prints
// how many there were; the N in the last line, `N passed, 0 failed`, is the number of sequences. A difference ends the
// process, after the operations that led to the difference have been printed.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "files/sequence.hpp"

int main(int argc, char** argv) {
  double seconds = 10;
  uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::atof(argv[i + 1]);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  const auto start = std::chrono::steady_clock::now();
  for (;; ++seed) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    if (passed.count() >= seconds) break;
    std::mt19937_64 random(seed);
    std::vector<std::byte> bytes((random() % 4 == 0 ? 20'000 : 2'000) + random() % 2000);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    cairn::fuzz::Input input(bytes);
    cairn::fuzz::run_file_sequence(input);
  }
  const cairn::fuzz::FileStatistics& done = cairn::fuzz::file_statistics();
  std::printf("%llu operations, %llu of them on Linux too; %llu times full, %llu failed allocations\n",
              static_cast<unsigned long long>(done.operations), static_cast<unsigned long long>(done.on_linux),
              static_cast<unsigned long long>(done.full), static_cast<unsigned long long>(done.failed_allocations));
  std::printf("%llu passed, 0 failed\n", static_cast<unsigned long long>(done.sequences));
  return 0;
}
