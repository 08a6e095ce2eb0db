// Tests a heap without guest code: objects, roots, barriers, marking, and a full heap.
#include "testing/runtime/heap_fixture.hpp"

namespace cairn::runtime {
namespace {

using HeapTest = HeapFixture;

TEST_F(HeapTest, KeepsWhatRootsReachAndMovesIt) {
  make_heap();
  const size_t at = add_root(make_node(1));
  set_link(root(at), 0, make_node(2));
  const abi::HeapReference before = root(at);
  heap_->collect_minor();
  EXPECT_NE(root(at), before);
  EXPECT_EQ(id_of(root(at)), 1U);
  EXPECT_EQ(id_of(link(root(at), 0)), 2U);
  const abi::HeapReference old = root(at);
  heap_->collect_full();
  EXPECT_EQ(root(at), old);
  EXPECT_EQ(id_of(link(root(at), 0)), 2U);
}

TEST_F(HeapTest, SharedObjectsStaySharedAndCyclesEnd) {
  make_heap();
  const size_t a = add_root(make_node(1));
  const size_t b = add_root(make_node(2));
  set_link(root(a), 0, root(b));
  set_link(root(b), 0, root(a));
  set_link(root(b), 1, root(b));
  for (int i = 0; i < 2; ++i) {
    heap_->collect_minor();
    EXPECT_EQ(link(root(a), 0), root(b));
    EXPECT_EQ(link(root(b), 0), root(a));
    EXPECT_EQ(link(root(b), 1), root(b));
    heap_->collect_full();
  }
}

TEST_F(HeapTest, FreesWhatNothingReaches) {
  make_heap();
  const size_t at = add_root(abi::kNullReference);
  for (uint64_t i = 0; i < 10000; ++i) {
    const abi::HeapReference node = make_node(i);
    set_link(node, 0, root(at));
    root(at) = node;
  }
  heap_->collect_full();
  EXPECT_GE(heap_->statistics().live_bytes, 10000 * 32U);
  // The head of the list refers to itself too. Then the root that refers to the list is cleared.
  set_link(root(at), 1, root(at));
  root(at) = abi::kNullReference;
  heap_->collect_full();
  EXPECT_EQ(heap_->statistics().live_bytes, 0U);
}

TEST_F(HeapTest, OldObjectsKeepYoungOnesAlive) {
  make_heap();
  const size_t at = add_root(make_node(1));
  heap_->collect_minor();
  EXPECT_NE(heap_->at(root(at)).flags & abi::kBarrierFlag, 0);
  for (uint64_t round = 0; round < 3; ++round) {
    set_link(root(at), 0, make_node(10 + round));
    EXPECT_EQ(heap_->at(root(at)).flags & abi::kBarrierFlag, 0);
    set_link(root(at), 1, make_node(20 + round));
    heap_->collect_minor();
    EXPECT_EQ(id_of(link(root(at), 0)), 10 + round);
    EXPECT_EQ(id_of(link(root(at), 1)), 20 + round);
    EXPECT_NE(heap_->at(root(at)).flags & abi::kBarrierFlag, 0);
  }
}

TEST_F(HeapTest, ImmediateValuesAreNoReferences) {
  make_heap();
  const size_t at = add_root(make_node(1));
  set_link(root(at), 0, 0x1234'5677);
  add_root(0xffff'ffff);
  heap_->collect_minor();
  heap_->collect_full();
  EXPECT_EQ(link(root(at), 0), 0x1234'5677U);
  EXPECT_EQ(root(1), 0xffff'ffffU);
}

TEST_F(HeapTest, ObjectsWithoutFieldsAndHostValuesSurvive) {
  make_heap();
  const size_t empty = add_root(heap_->allocate(empty_));
  const size_t other = add_root(heap_->allocate(empty_));
  const size_t host = add_root(heap_->allocate_host_value(0xabcd'ef01'2345));
  for (int i = 0; i < 2; ++i) {
    heap_->collect_minor();
    heap_->collect_full();
    EXPECT_EQ(heap_->at(root(empty)).type_id, empty_);
    EXPECT_NE(root(empty), root(other));
    EXPECT_EQ(heap_->at<abi::VMHostValue>(root(host)).value, 0xabcd'ef01'2345U);
  }
}

TEST_F(HeapTest, ALargeArrayRefersToYoungObjects) {
  make_heap();
  constexpr uint32_t kLength = 300'000;
  const size_t at = add_root(heap_->allocate_array(references_, kLength));
  const abi::HeapReference array = root(at);
  // The array is long enough that some nodes are promoted while it is filled.
  for (uint32_t i = 0; i < kLength; ++i) {
    const abi::HeapReference node = make_node(i);
    store(array, element_offset(i), node);
  }
  heap_->collect_minor();
  EXPECT_EQ(root(at), array);
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < kLength; ++i) ASSERT_EQ(id_of(load(array, element_offset(i))), i);
    heap_->collect_full();
  }
  root(at) = abi::kNullReference;
  heap_->collect_full();
  EXPECT_EQ(heap_->statistics().live_bytes, 0U);
}

TEST_F(HeapTest, RememberedRangesOfLargeArrays) {
  make_heap();
  const size_t at = add_root(heap_->allocate_array(references_, 5000));
  const abi::HeapReference node = make_node(7);
  for (uint32_t i = 1000; i < 3000; ++i) heap_->at<abi::HeapReference>(root(at) + element_offset(i)) = node;
  heap_->remember_range(root(at), element_offset(1000), 2000);
  heap_->collect_minor();
  EXPECT_EQ(load(root(at), element_offset(999)), abi::kNullReference);
  EXPECT_EQ(id_of(load(root(at), element_offset(1000))), 7U);
  EXPECT_EQ(load(root(at), element_offset(1000)), load(root(at), element_offset(2999)));
}

TEST_F(HeapTest, ALargeStructNeedsNoBarrierWhileItIsNew) {
  make_heap();
  const size_t first = add_root(make_node(1));
  const abi::HeapReference object = heap_->allocate(large_);
  for (uint32_t i = 0; i < kLargeFields; ++i) heap_->at<abi::HeapReference>(object + 8 + 4 * i) = root(first);
  const size_t at = add_root(object);
  heap_->collect_minor();
  EXPECT_EQ(load(root(at), 8), root(first));
  EXPECT_EQ(load(root(at), 8 + 4 * (kLargeFields - 1)), root(first));
  store(root(at), 8 + 4 * 17, make_node(2));
  heap_->collect_minor();
  EXPECT_EQ(id_of(load(root(at), 8 + 4 * 17)), 2U);
}

TEST_F(HeapTest, AMillionElementsOfAListAreMarked) {
  make_heap(uint64_t{256} << 20);
  constexpr uint64_t kLength = 1'000'000;
  const size_t head = add_root(make_node(0));
  const size_t last = add_root(root(head));
  for (uint64_t i = 1; i < kLength; ++i) {
    const abi::HeapReference node = make_node(i);
    set_link(root(last), i % kLinks, node);
    root(last) = node;
  }
  root(last) = abi::kNullReference;
  heap_->collect_full();
  abi::HeapReference at = root(head);
  for (uint64_t i = 1; i < kLength; ++i) {
    at = link(at, i % kLinks);
    ASSERT_EQ(id_of(at), i);
  }
}

TEST_F(HeapTest, AFullHeapSaysSoAndGoesOn) {
  make_heap(uint64_t{8} << 20);
  const size_t at = add_root(abi::kNullReference);
  uint64_t count = 0;
  for (;; ++count) {
    const abi::HeapReference node = make_node(count);
    if (node == abi::kNullReference) break;
    set_link(node, 0, root(at));
    root(at) = node;
  }
  // A node takes 32 bytes of the 8 MiB. The nursery and the room for its survivors are not available.
  EXPECT_GT(count, 150'000U);
  EXPECT_LT(count, 262'144U);
  EXPECT_EQ(heap_->allocate_array(bytes_, 4 << 20), abi::kNullReference);
  uint64_t length = 0;
  for (abi::HeapReference node = root(at); node != abi::kNullReference; node = link(node, 0)) ++length;
  EXPECT_EQ(length, count);
  root(at) = abi::kNullReference;
  EXPECT_NE(make_node(1), abi::kNullReference);
  EXPECT_NE(heap_->allocate_array(bytes_, 4 << 20), abi::kNullReference);
}

TEST_F(HeapTest, ArraysBeyondTheLimitAreRefused) {
  make_heap();
  EXPECT_EQ(heap_->allocate_array(references_, 0xffff'ffff), abi::kNullReference);
  EXPECT_EQ(heap_->allocate_array(bytes_, 0xffff'ffff), abi::kNullReference);
  EXPECT_NE(heap_->allocate_array(bytes_, 1 << 20), abi::kNullReference);
}

TEST_F(HeapTest, MemoryOfLargeObjectsIsUsedAgain) {
  make_heap(uint64_t{16} << 20);
  const size_t kept = add_root(heap_->allocate_array(bytes_, 100'000));
  for (int i = 0; i < 1000; ++i) {
    const abi::HeapReference array = heap_->allocate_array(bytes_, 1 << 20);
    ASSERT_NE(array, abi::kNullReference);
    ASSERT_EQ(heap_->at<uint8_t>(array + 12 + (1 << 20) - 1), 0);
    std::memset(&heap_->at<uint8_t>(array + 12), 0x5a, 1 << 20);
  }
  EXPECT_EQ(heap_->at<abi::VMArray>(root(kept)).length, 100'000U);
}

TEST_F(HeapTest, MarkingInStepsFindsWhatMovesMeanwhile) {
  make_heap();
  // The test takes each node out of a chain, and puts it into another chain at a place that may have been scanned.
  const size_t head = add_root(make_node(0));
  const size_t other = add_root(make_node(1));
  abi::HeapReference last = root(head);
  for (uint64_t i = 2; i < 100'000; ++i) {
    const size_t position = add_root(last);
    const abi::HeapReference node = make_node(i);
    set_link(root(position), 0, node);
    heap_->roots().pop_back();
    last = node;
  }
  heap_->collect_minor();
  heap_->request_marking();
  const uint64_t cycles = heap_->statistics().major_collections;
  for (uint64_t moved = 2; moved < 100'000; ++moved) {
    const abi::HeapReference taken = link(root(head), 0);
    ASSERT_EQ(id_of(taken), moved);
    set_link(root(head), 0, link(taken, 0));
    set_link(taken, 0, abi::kNullReference);
    set_link(taken, 1, link(root(other), 1));
    set_link(root(other), 1, taken);
    for (int i = 0; i < 5; ++i) make_node(1'000'000);
  }
  EXPECT_GT(heap_->statistics().major_collections, cycles);
  abi::HeapReference at = root(other);
  for (uint64_t i = 99'999; i >= 2; --i) {
    at = link(at, 1);
    ASSERT_EQ(id_of(at), i);
  }
}

TEST_F(HeapTest, AStoreWithoutItsReportIsFoundOnceReportsAreDistrusted) {
  make_heap();
  const size_t at = add_root(make_node(1));
  set_link(root(at), 0, make_node(2));
  heap_->collect_minor();
  const abi::HeapReference inner = link(root(at), 0);
  const abi::HeapReference young = make_node(3);
  set_link(young, 0, make_node(4));
  heap_->at<abi::HeapReference>(inner + kLinkOffset) = young;
  heap_->distrust_reports();
  heap_->collect_minor();
  EXPECT_EQ(id_of(link(inner, 0)), 3U);
  EXPECT_EQ(id_of(link(link(inner, 0), 0)), 4U);
  set_link(inner, 1, make_node(5));
  heap_->collect_minor();
  EXPECT_EQ(id_of(link(inner, 1)), 5U);
}

TEST_F(HeapTest, InStressEveryAllocationCollects) {
  make_heap({.limit_bytes = uint64_t{64} << 20, .stress = true, .verify = true});
  const size_t at = add_root(make_node(0));
  for (uint64_t i = 1; i < 50; ++i) {
    const abi::HeapReference node = make_node(i);
    EXPECT_EQ(allocation_.top, allocation_.limit);
    set_link(node, 0, root(at));
    root(at) = node;
  }
  EXPECT_GE(heap_->statistics().minor_collections, 50U);
  EXPECT_GE(heap_->statistics().full_collections, 25U);
  abi::HeapReference node = root(at);
  for (uint64_t i = 50; i-- > 0; node = link(node, 0)) ASSERT_EQ(id_of(node), i);
}

TEST_F(HeapTest, PausesAreSummedUp) {
  PauseTimes pauses;
  for (uint64_t i = 1; i <= 1000; ++i) pauses.add(i * 1000);
  EXPECT_EQ(pauses.count(), 1000U);
  EXPECT_EQ(pauses.maximum(), 1'000'000U);
  EXPECT_NEAR(static_cast<double>(pauses.quantile(500)), 500'000, 500'000 / 7.0);
  EXPECT_NEAR(static_cast<double>(pauses.quantile(990)), 990'000, 990'000 / 7.0);
  EXPECT_EQ(pauses.quantile(1000), 1'000'000U);
}

}  // namespace
}  // namespace cairn::runtime
