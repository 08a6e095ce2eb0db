// The heap with several accounts on a small machine, over random operations.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "kernel/memory/heap.hpp"
#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel {
namespace {

// Three programs and the system allocate and free, also each other's objects, with and without operations. Each object
// is on one account, with the same number of bytes from its allocation to its end, and nothing else changes an account.
class ModelledHeap {
 public:
  static constexpr size_t kPrograms = 3;

  explicit ModelledHeap(uint32_t seed) : random_(seed) {
    testing::give_all(ram_, source_, 64);
    for (size_t i = 0; i < kPrograms; ++i) {
      // The first program has no limit; the memory of the machine is its limit.
      programs_[i].describe("program", i == 0 ? ~uint64_t{0} : (kPageSize << 4) * i);
      EXPECT_TRUE(source_.add(programs_[i]));
    }
  }
  ~ModelledHeap() {
    for (MemoryAccount& program : programs_) source_.remove(program);
  }

  void step() {
    switch (random_() % 12) {
      case 0:
        if (random_() % 8 == 0) end_operation(operations_[random_() % operations_.size()]);
        break;
      case 1:
        if (random_() % 4 == 0) heap_.release_empty_slabs(account(random_() % (kPrograms + 1)));
        break;
      case 2:
      case 3:
      case 4:
      case 5: free_one(ordinary_); break;
      case 6: free_one(operations_[random_() % operations_.size()].objects); break;
      case 7:
      case 8: {
        Running& running = operations_[random_() % operations_.size()];
        allocate(running.objects, running.account, &running.operation);
        break;
      }
      default: allocate(ordinary_, random_() % (kPrograms + 1), nullptr); break;
    }
    check();
  }

  void end() {
    for (Running& running : operations_) end_operation(running);
    while (!ordinary_.empty()) free_one(ordinary_);
    check();
    for (size_t i = 0; i <= kPrograms; ++i) {
      heap_.release_empty_slabs(account(i));
      EXPECT_EQ(source_.state_of(account(i)).frames[static_cast<size_t>(Use::heap)], 0u) << "account " << i;
      EXPECT_EQ(Heap::used(account(i)), 0u);
    }
    EXPECT_EQ(heap_.footprint(), 0u);
  }

  uint64_t refused = 0, exceeded = 0, large = 0;

 private:
  struct Object {
    std::byte* start;
    size_t size;
    std::byte fill;
    size_t account;
    uint64_t bytes;  // what it added to its account
  };
  struct Running {
    HeapOperation operation;
    size_t account = 0;
    std::vector<Object> objects;
  };

  MemoryAccount& account(size_t i) { return i == kPrograms ? source_.accounts().system() : programs_[i]; }
  std::array<uint64_t, kPrograms + 1> used() {
    std::array<uint64_t, kPrograms + 1> bytes{};
    for (size_t i = 0; i <= kPrograms; ++i) bytes[i] = Heap::used(account(i));
    return bytes;
  }

  void allocate(std::vector<Object>& objects, size_t owner, HeapOperation* operation) {
    const size_t size = random_() % 6 == 0 ? random_() % 40'000 : random_() % 2500;
    const Claim claim = operation == nullptr && random_() % 8 == 0 ? Claim::last : Claim::fallible;
    auto before = used();
    const AccountState state = source_.state_of(account(owner));
    auto* start =
        static_cast<std::byte*>(heap_.allocate(size, size_t{1} << random_() % 7, claim, operation, account(owner)));
    const AccountState after = source_.state_of(account(owner));
    ASSERT_EQ(after.was_exceeded, state.was_exceeded || (claim == Claim::last && after.total > after.limit));
    if (claim == Claim::fallible && after.total > state.total) {
      ASSERT_LE(after.total, after.limit);
    }
    exceeded += after.was_exceeded && !state.was_exceeded ? 1 : 0;
    if (start == nullptr) {
      ++refused;
      ASSERT_EQ(used(), before);
      return;
    }
    large += size > Heap::kLargestSmall ? 1 : 0;
    const uint64_t bytes = used()[owner] - before[owner];
    ASSERT_GE(bytes, size);
    before[owner] += bytes;
    ASSERT_EQ(used(), before);
    objects.push_back({start, size, static_cast<std::byte>(random_()), owner, bytes});
    std::fill_n(start, size, objects.back().fill);
  }

  void free_one(std::vector<Object>& objects) {
    if (objects.empty()) return;
    std::swap(objects[random_() % objects.size()], objects.back());
    const Object object = objects.back();
    objects.pop_back();
    for (size_t i = 0; i < object.size; ++i) ASSERT_EQ(object.start[i], object.fill);
    auto before = used();
    heap_.free(object.start);
    before[object.account] -= object.bytes;
    ASSERT_EQ(used(), before);
  }

  void end_operation(Running& running) {
    auto before = used();
    if (random_() % 2 == 0) {
      while (heap_.keep_portion(running.operation)) {
      }
      ordinary_.insert(ordinary_.end(), running.objects.begin(), running.objects.end());
    } else {
      while (heap_.drop_portion(running.operation, [](std::byte*) { FAIL(); })) {
      }
      for (const Object& object : running.objects) before[object.account] -= object.bytes;
    }
    ASSERT_EQ(used(), before);
    running.objects.clear();
    running.account = random_() % (kPrograms + 1);
  }

  void check() {
    ASSERT_TRUE(source_.accounts_are_exact(heap_.footprint() >> kPageBits));
    uint64_t bytes = 0;
    for (const uint64_t part : used()) bytes += part;
    ASSERT_EQ(bytes, heap_.used());
  }

  std::mt19937 random_;
  testing::Ram ram_{4 << 20};
  FrameSource source_;
  std::array<MemoryAccount, kPrograms> programs_;
  Heap heap_{ram_.map(), source_};
  std::vector<Object> ordinary_;
  std::array<Running, 2> operations_;
};

TEST(HeapAccounts, EqualAModel) {
  uint64_t refused = 0, exceeded = 0, large = 0;
  for (uint32_t seed = 0; seed < 8; ++seed) {
    ModelledHeap heap(seed);
    for (int step = 0; step < 6000; ++step) {
      heap.step();
      if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
    }
    heap.end();
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
    refused += heap.refused, exceeded += heap.exceeded, large += heap.large;
  }
  EXPECT_GT(refused, 300u);
  EXPECT_GT(exceeded, 3u);
  EXPECT_GT(large, 300u);
}

// A number is free again when its account is gone, and is not given to the next account at once.
TEST(Accounts, HaveNumbers) {
  FrameSource source;
  std::vector<std::unique_ptr<MemoryAccount>> accounts;
  for (size_t i = 1; i < Accounts::kMaximum; ++i) {
    accounts.push_back(std::make_unique<MemoryAccount>());
    ASSERT_TRUE(source.add(*accounts.back()));
    ASSERT_EQ(&source.account(accounts.back()->number()), accounts.back().get());
  }
  MemoryAccount more, next;
  EXPECT_FALSE(source.add(more));
  const AccountNumber old = accounts[17]->number();
  source.remove(*accounts[17]);
  ASSERT_TRUE(source.add(more));
  EXPECT_EQ(more.number(), old);
  source.remove(*accounts[18]);
  source.remove(more);
  ASSERT_TRUE(source.add(next));
  EXPECT_NE(next.number(), old);
  source.remove(next);
  for (size_t i = 0; i < accounts.size(); ++i) {
    if (i != 17 && i != 18) source.remove(*accounts[i]);
  }
}

}  // namespace
}  // namespace cairn::kernel
