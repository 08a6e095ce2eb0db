// Works with much memory: hundreds of megabytes are touched, grown, copied and freed.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "suite.hpp"

void memory() {
  constexpr size_t kBlock = 16 << 20, kBlocks = 20;
  std::vector<std::unique_ptr<uint64_t[]>> blocks;
  for (size_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(std::make_unique<uint64_t[]>(kBlock / 8));
    for (size_t j = 0; j < kBlock / 8; j += 512) blocks.back()[j] = i * 1000003 + j;
  }
  uint64_t sum = 0;
  for (const auto& block : blocks) {
    for (size_t j = 0; j < kBlock / 8; j += 256) sum = sum * 31 + block[j];
  }
  std::printf("blocks %llu\n", static_cast<unsigned long long>(sum));
  std::memcpy(blocks[3].get(), blocks[17].get(), kBlock);
  std::memmove(blocks[3].get() + 1, blocks[3].get(), kBlock - 8);
  std::memset(blocks[4].get(), 0xa5, kBlock);
  std::printf("copied %d %d\n", std::memcmp(blocks[3].get() + 1, blocks[17].get(), kBlock - 8),
              std::memcmp(blocks[4].get(), blocks[3].get(), 64) > 0);
  blocks.clear();

  std::vector<uint32_t> growing;
  for (uint32_t i = 0; i < 12000000; ++i) growing.push_back(i * 2654435761u);
  uint32_t mixed = 0;
  for (uint32_t value : growing) mixed = (mixed << 5 | mixed >> 27) ^ value;
  std::printf("growing %zu %u\n", growing.size(), mixed);

  // An allocation that is too large is refused, and the heap can still be used.
  void* volatile impossible = std::malloc(size_t{3} << 30);
  std::free(impossible);
  Random random(1);
  std::vector<char*> pieces(5000);
  uint64_t bytes = 0;
  for (int i = 0; i < 200000; ++i) {
    char*& piece = pieces[random.next() % pieces.size()];
    std::free(piece);
    const size_t size = 1 + random.next() % 3000;
    piece = static_cast<char*>(std::malloc(size));
    std::memset(piece, int(size), size);
    bytes += static_cast<unsigned char>(piece[size / 2]);
  }
  for (char* piece : pieces) std::free(piece);
  std::printf("pieces %llu\n", static_cast<unsigned long long>(bytes));
}
