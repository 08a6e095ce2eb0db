// Random bytes from the machine's entropy: a ChaCha20 generator that replaces its key after each request (fast key
// erasure), so that bytes given out earlier cannot be computed later.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel {

// The generator itself, tested against the cipher's published vectors.
class ChaChaGenerator {
 public:
  using Block = std::array<uint32_t, 16>;
  // One block of ChaCha20 [rfc8439 2.3].
  static Block block(const std::array<uint32_t, 8>& key, uint32_t counter, const std::array<uint32_t, 3>& nonce);

  // Mixes entropy in; earlier entropy is not lost.
  void add(std::span<const std::byte> entropy);
  // Fills `out` with random bytes, and replaces the key.
  void fill(std::span<std::byte> out);

 private:
  std::array<uint32_t, 8> key_{};
};

// Seeds the generator from the CPU and the firmware.
void start_random();
// Uses an entropy device for seeding, too. Returns false if the device cannot be used, or if another one is used
// already.
bool attach_entropy_device(std::unique_ptr<virtio::Transport> transport);
// Mixes in new bytes of the entropy device. Waits for them, for a second at most. Returns false if there are none.
bool refresh_random();
// Fills `out`. Waits until no other fiber uses the generator, and up to a second for an entropy device. Returns false,
// with `out` unchanged, if this machine has no entropy.
[[nodiscard]] bool random_bytes(std::span<std::byte> out);

}  // namespace cairn::kernel
