// Tests a heap that is nearly full: a collection must free enough memory, or the allocation fails. The tests bound the
// number of full collections by the number of bytes allocated.
#include <random>

#include "testing/runtime/heap_fixture.hpp"

namespace cairn::runtime {
namespace {

class NearlyFullHeap : public HeapFixture {
 protected:
  static constexpr uint64_t kLimit = uint64_t{64} << 20;
  static constexpr uint32_t kOneBlock = 9000;  // length of an array of bytes that takes a block of its own

  // Makes a new heap and fills part/64 of it with arrays that take one block each and stay alive.
  void fill(uint64_t part) {
    make_heap({.limit_bytes = kLimit});
    keep_ = add_root(heap_->allocate_array(references_, 5000));
    uint32_t count = 0;
    for (uint64_t used = 0; used < kLimit / 64 * part; used += kBlockBytes, ++count) {
      const abi::HeapReference array = heap_->allocate_array(bytes_, kOneBlock);
      if (array == abi::kNullReference) break;
      store(root(keep_), element_offset(count), array);
    }
    heap_->collect_full();
    kept_ = count;
  }
  // Calls `next`, which allocates and returns whether there was room, again and again. Stops when there is no room, or
  // when the allocated bytes are 64 times what a full collection has to free. Checks that there were few full
  // collections for the allocated bytes. Returns the number of allocated bytes.
  template <class Next>
  uint64_t allocate(Next&& next) {
    const uint64_t live = heap_->statistics().live_bytes, least = live / 64;
    const uint64_t collections = heap_->statistics().full_collections, before = heap_->statistics().allocated_bytes;
    uint64_t allocated = 0;
    while (allocated < 64 * least && next()) allocated = heap_->statistics().allocated_bytes - before;
    allocated = heap_->statistics().allocated_bytes - before;
    EXPECT_LE(heap_->statistics().full_collections - collections, 10 + 9 * (allocated / least)) << allocated;
    return allocated;
  }
  bool garbage(uint32_t bytes) { return heap_->allocate_array(bytes_, bytes) != abi::kNullReference; }

  size_t keep_ = 0;
  uint32_t kept_ = 0;
};

TEST_F(NearlyFullHeap, OfLargeArrays) {
  fill(64);
  // One block at a time becomes free and is allocated again.
  store(root(keep_), element_offset(kept_ / 2), abi::kNullReference);
  allocate([&] { return garbage(kOneBlock); });
  allocate([&] { return garbage(3 * kBlockBytes); });
}

TEST_F(NearlyFullHeap, WhereOnlySingleBlocksAreFree) {
  fill(64);
  // One gap has room for two blocks, and all other gaps have room for one.
  for (uint32_t i = 0; i + 2 < kept_; i += 2) store(root(keep_), element_offset(i), abi::kNullReference);
  store(root(keep_), element_offset(kept_ / 2 | 1), abi::kNullReference);
  EXPECT_LT(allocate([&] { return garbage(kBlockBytes + 1000); }), kLimit / 2);
  // Objects of one block can use half of the heap.
  EXPECT_GT(allocate([&] { return garbage(kOneBlock); }), kLimit / 4);
}

TEST_F(NearlyFullHeap, WhereSizesTakeTurnsInDestroyingRoom) {
  fill(58);
  const uint32_t large = static_cast<uint32_t>(kLimit / 64);
  uint32_t turn = 0;
  allocate([&] { return garbage(turn++ % 2 == 0 ? large : kOneBlock); });
  std::mt19937 random(3);
  allocate([&] { return garbage(random() % 4 == 0 ? large / (1 + random() % 8) : kOneBlock + random() % 40'000); });
}

TEST_F(NearlyFullHeap, OfSmallObjects) {
  fill(64);
  store(root(keep_), element_offset(3), abi::kNullReference);
  const uint64_t minor = heap_->statistics().minor_collections;
  const uint64_t allocated = allocate([&] { return make_node(1) != abi::kNullReference; });
  // Minor collections visit all handles, so each must free a decent piece of the nursery.
  EXPECT_LE(heap_->statistics().minor_collections - minor, 30 + allocated / (64 * 1024));
}

TEST_F(NearlyFullHeap, IsUsableAgainWhenSomethingDies) {
  fill(64);
  while (garbage(kOneBlock)) {
  }
  for (uint32_t i = 0; i < kept_ / 4; ++i) store(root(keep_), element_offset(i), abi::kNullReference);
  EXPECT_TRUE(garbage(kOneBlock));
  EXPECT_GT(allocate([&] { return garbage(kOneBlock); }), kLimit / 4);
  EXPECT_GT(allocate([&] { return make_node(1) != abi::kNullReference; }), kLimit / 4);
}

}  // namespace
}  // namespace cairn::runtime
