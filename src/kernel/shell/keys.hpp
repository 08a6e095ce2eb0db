// The keyboard of the shell.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

// The time between two looks at the keyboard, in nanoseconds, while the shell waits for something else, too, or if the
// serial port does not interrupt.
constexpr uint64_t kPause = 10'000'000;

// The keys that were typed and have not been read yet.
class Keys {
 public:
  Keys();

  // Waits for a key.
  char read();
  // Returns whether Ctrl-C was typed since the last call. Keeps the other keys for read(), as many as it has room for.
  bool has_interrupt();

 private:
 private:
  std::array<char, 1024> kept_;
  size_t first_ = 0, end_ = 0;
  bool interrupts_;
};

}  // namespace cairn::kernel
