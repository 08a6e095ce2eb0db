// Replaces libFuzzer's mutator in programs without libFuzzer. It damages bytes as tests/mutations does, and depends on
// nothing but the bytes and the sizes.
#include <algorithm>
#include <cstring>
#include <vector>

#include "../tests/mutations/mutator.hpp"
#include "support/module_mutator.hpp"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
  if (size == 0) return 0;
  uint64_t seed = size;
  for (size_t i = 0; i < size; ++i) seed = seed * 31 + data[i];
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  const std::vector<std::byte> mutated = cairn::mutations::mutate({bytes, bytes + size}, seed);
  const size_t count = std::min(mutated.size(), max_size);
  std::memcpy(data, mutated.data(), count);
  return count;
}
