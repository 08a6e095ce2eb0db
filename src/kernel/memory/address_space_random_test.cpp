// Random operations on small machines with one to four CPUs, compared with a model.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "kernel/memory/address_space.hpp"
#include "kernel/memory/formats/rv64.hpp"
#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/simulated_cpus_test.hpp"

namespace cairn::kernel {
namespace {

using testing::Want;

constexpr VirtAddr kHigh{uint64_t{1} << 38};

// Does random operations on machines that are always short of memory, each on a random CPU, while the kernel takes and
// frees frames and the CPUs look at memory. Compares with a map of pages and recounts all promises. No CPU may see
// what was taken away.
template <class M>
class SmallMachines : public ::testing::Test {};
template <class F, class R, unsigned L>
struct Machine {
  using Format = F;
  using Rules = R;
  static constexpr unsigned kLevels = L;
};
using Machines =
    ::testing::Types<Machine<X64PageFormat, testing::X64Rules, 4>, Machine<Rv64PageFormat, testing::Rv64Rules, 3>,
                     Machine<Rv64PageFormat, testing::Rv64Rules, 5>>;
TYPED_TEST_SUITE(SmallMachines, Machines);

// A machine with an address space, and the model of what is in it.
template <class M>
class ModelledMachine {
 public:
  // How often each kind of event happened.
  struct Counts {
    uint64_t refused = 0, granted = 0, protects = 0, failed = 0, spurious = 0, synchronized = 0;
  };

  ModelledMachine(uint32_t seed, Counts& counts) : seed_(seed), counts_(counts), random_(seed) {
    testing::give_all(ram_, source_, random_() % 20);
    all_ = testing::free_frames(source_);
    for (size_t i = 0; i < programs_.size(); ++i) {
      programs_[i].describe("program", i == 0 ? ~uint64_t{0} : (all_ * kPageSize) / (1 + i));
      EXPECT_TRUE(source_.add(programs_[i]));
    }
    EXPECT_TRUE(table_.create());
    source_.watch(cpus_, ram_.map());
    cpus_.let_look(table_.root(), [this](std::mt19937& choice) { return address_of_interest(choice); });
  }

  void step(int number) {
    cpus_.run_on(random_() % cpus_.count());
    cpus_.look();
    const uint32_t what = random_() % 16;
    if (what == 0 && memories_.size() < 5) {
      reserve();
    } else if (what == 1 && memories_.size() > 2) {
      release();
    } else if (what == 2) {
      take_frames();
    } else if (what == 3) {
      give_frames_back();
    } else if (!memories_.empty()) {
      change_or_touch(what, number);
    }
    check();
  }

  // Releases everything. Only the root and a frame of nodes may be left.
  void release_all() {
    for (const Memory& memory : memories_) space_.release(memory.start);
    for (const PhysAddr frame : taken_) source_.free_contiguous(frame, 1);
    ASSERT_EQ(source_.promised(), 0u);
    ASSERT_EQ(space_.filled_total(), 0u);
    ASSERT_LE(space_.node_frames(), 1u);
    for (MemoryAccount& program : programs_) source_.remove(program);  // it must be empty
    ASSERT_EQ(testing::free_frames(source_) + 1 + space_.node_frames(), all_);
    counts_.synchronized += cpus_.synchronizations();
  }

 private:
  using Cpus = testing::SimulatedCpus<typename M::Rules>;
  using Frames = testing::WatchedFrames<Cpus>;
  using Table = PageTable<typename M::Format, Frames, Cpus>;
  struct Page {
    int byte = -1;  // the first byte of the page; -1 if the page is not committed
    Access access;
  };
  struct Memory {
    VirtAddr start;
    Charge charge;
    std::vector<Page> pages;

    [[nodiscard]] bool is_empty() const {
      return std::ranges::none_of(pages, [](const Page& page) { return page.byte >= 0; });
    }
  };

  // An address in a memory, mostly in the range that the last operation was about.
  uint64_t address_of_interest(std::mt19937& choice) {
    if (choice() % 4 != 0 && recent_pages_ != 0) return recent_.value + choice() % recent_pages_ * kPageSize;
    if (memories_.empty()) return kPageSize;
    const Memory& memory = memories_[choice() % memories_.size()];
    return memory.start.value + choice() % memory.pages.size() * kPageSize;
  }

  // A memory and a page of it.
  std::pair<Memory*, uint64_t> some_page() {
    const uint64_t at = address_of_interest(random_);
    for (Memory& memory : memories_) {
      const uint64_t page = (at - memory.start.value) / kPageSize;
      if (page < memory.pages.size()) return {&memory, page};
    }
    return {&memories_.front(), 0};  // the last operation has released the memory
  }

  void reserve() {
    const uint64_t pages = has_large_ ? 8192 + random_() % 6000 : 1 + random_() % 600;
    // Small memories share blocks of 2 MiB, and some memories cross the border between two blocks of 1 GiB.
    const VirtAddr first{(uint64_t{1} << 30) - (uint64_t{random_() % 3} << 20)};
    const Charge charge = some_charge();
    const auto start = space_.reserve(first, kHigh, pages * kPageSize,
                                      has_large_ ? kLargePageSize : kPageSize << random_() % 4, charge);
    if (start) memories_.push_back({*start, charge, std::vector<Page>(pages)});
  }
  Charge some_charge() {
    const size_t who = random_() % (programs_.size() + 1);
    return {.account = who == 0 ? AccountNumber::system : programs_[who - 1].number(),
            .use = random_() % 2 == 0 ? Use::memory : Use::stacks};
  }
  void recharge(Memory& memory) {
    const Charge charge = some_charge();
    space_.recharge(memory.start, charge);
    if (memory.is_empty()) memory.charge = charge;
  }
  void release() {
    std::swap(memories_[random_() % memories_.size()], memories_.back());
    recent_ = memories_.back().start, recent_pages_ = memories_.back().pages.size();
    while (space_.release_portion(memories_.back().start)) check_promises();
    memories_.pop_back();
  }
  void take_frames() {
    for (uint32_t i = random_() % 400; i != 0; --i) {
      if (const auto frame = source_.allocate()) taken_.push_back(*frame);
    }
  }
  void give_frames_back() {
    for (uint32_t i = random_() % 500; i != 0 && !taken_.empty(); --i) {
      source_.free_contiguous(taken_.back(), 1);
      taken_.pop_back();
    }
  }

  void change_or_touch(uint32_t what, int step) {
    const auto [place, first] = some_page();
    Memory& memory = *place;
    const uint64_t pages = memory.pages.size();
    const uint64_t count =
        1 + (random_() % 3 == 0 ? random_() % (pages - first) : random_() % std::min<uint64_t>(pages - first, 40));
    const VirtAddr at = memory.start + first * kPageSize;
    const auto range = std::span(memory.pages).subspan(first, count);
    const Access access{.write = random_() % 4 != 0, .execute = random_() % 4 == 0};
    if (what >= 8) {
      const Want want = what < 12 ? Want::write : what < 14 ? Want::read : Want::execute;
      touch_page(at, memory.pages[first], want, step);
      return;
    }
    recent_ = at, recent_pages_ = count;
    if (what < 6) {
      if (random_() % 4 == 0) recharge(memory);
      commit(memory.charge, at, range, access);
    } else if (what == 6) {
      if (random_() % 2 == 0) {
        space_.decommit(at, count * kPageSize);
      } else {
        while (space_.decommit_portion(at, count * kPageSize)) check_promises();
      }
      for (Page& page : range) page.byte = -1;
    } else {
      protect(at, range, access);
    }
  }
  void commit(Charge charge, VirtAddr at, std::span<Page> range, Access access) {
    // Makes one allocation of commit() fail: the first is the promise of frames, and the second is for nodes.
    if (random_() % 8 == 0) source_.injected_failure().arm(1 + random_() % 2, InjectedFailure::Extent::one);
    const MemoryAccount& payer = source_.account(charge.account);
    const uint64_t before = source_.state_of(payer).total;
    const bool done = space_.commit(at, range.size() * kPageSize, access).has_value();
    const AccountState after = source_.state_of(payer);
    if (done && after.total > before) {
      ASSERT_LE(after.total, after.limit);
    }
    if (!done) {
      ASSERT_EQ(after.total, before);
    }
    counts_.failed += source_.injected_failure().failures();
    source_.injected_failure().disarm();
    ++(done ? counts_.granted : counts_.refused);
    for (Page& page : range) {
      if (done) page = {std::max(page.byte, 0), access};
    }
  }
  void protect(VirtAddr at, std::span<Page> range, Access access) {
    if (std::ranges::any_of(range, [](const Page& page) { return page.byte < 0; })) return;
    ++counts_.protects;
    space_.protect(at, range.size() * kPageSize, access);
    for (Page& page : range) page.access = access;
  }
  void touch_page(VirtAddr at, Page& page, Want want, int step) {
    std::byte* byte = touch(at.value, want);
    const bool allowed = want == Want::read || (want == Want::write ? page.access.write : page.access.execute);
    ASSERT_EQ(byte != nullptr, page.byte >= 0 && allowed) << "seed " << seed_ << " step " << step;
    if (byte == nullptr) return;
    ASSERT_EQ(*byte, static_cast<std::byte>(page.byte));
    if (want != Want::write) return;
    page.byte = static_cast<int>(random_() % 256);
    *byte = static_cast<std::byte>(page.byte);
  }

  std::byte* touch(uint64_t address, Want want) {
    // A CPU faults once to have the page filled, and once if it remembers what was there before.
    const bool was_filled = table_.translate({address}).has_value();
    for (int faults = 0; faults <= (was_filled ? 1 : 2); ++faults) {
      if (const auto phys = cpus_.access(table_.root(), address, want)) {
        counts_.spurious += was_filled && faults != 0 ? 1 : 0;
        return ram_.map().at({*phys});
      }
      if (space_.fault({address}, want == Want::write, want == Want::execute) != FaultOutcome::filled) return nullptr;
    }
    ADD_FAILURE() << "the fault was not resolved";
    return nullptr;
  }

  void check_promises() { ASSERT_EQ(source_.promised(), space_.recount()); }

  void check() {
    uint64_t committed = 0;
    for (const Memory& memory : memories_) {
      committed +=
          static_cast<uint64_t>(std::ranges::count_if(memory.pages, [](const Page& page) { return page.byte >= 0; }));
    }
    ASSERT_EQ(space_.committed_total(), committed * kPageSize);
    ASSERT_EQ(source_.promised(), space_.recount());
    check_accounts(committed);
    ASSERT_GE(testing::free_frames(source_), source_.promised());
    cpus_.expect_current(table_.root(), {});
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed_;
  }

  // Counts what each account has: committed pages by use, and the page tables whose first committed page is its own.
  void check_accounts(uint64_t committed) {
    ASSERT_TRUE(source_.accounts_are_exact(committed));
    std::map<AccountNumber, std::array<uint64_t, kUses>> frames;
    std::map<uint64_t, const Memory*> in_order;
    for (const Memory& memory : memories_) in_order.emplace(memory.start.value, &memory);
    std::array<uint64_t, M::kLevels> counted{};  // for each level, the end of the tables that were counted
    for (const auto& [start, memory] : in_order) {
      auto& mine = frames[memory->charge.account];
      for (size_t i = 0; i < memory->pages.size(); ++i) {
        if (memory->pages[i].byte < 0) continue;
        ++mine[static_cast<size_t>(memory->charge.use)];
        const uint64_t page = start / kPageSize + i;
        for (unsigned level = 0; level + 1 < M::kLevels; ++level) {
          const uint64_t table = page >> (9 * (level + 1));
          if (table < counted[level]) continue;
          ++mine[static_cast<size_t>(Use::tables)];
          counted[level] = table + 1;
        }
      }
    }
    for (const MemoryAccount& program : programs_)
      ASSERT_EQ(source_.state_of(program).frames, frames[program.number()]);
  }

  const uint32_t seed_;
  Counts& counts_;
  std::mt19937 random_;
  const bool has_large_ = seed_ % 3 == 0;  // whether there are large pages, which need segments of 32 MiB
  testing::Ram ram_{static_cast<uint64_t>(has_large_ ? 72 << 20 : (1 << 19) << random_() % 3)};
  Frames source_;
  std::array<MemoryAccount, 3> programs_;
  uint64_t all_ = 0;  // number of frames at the start
  Cpus cpus_{ram_, M::kLevels, 1 + seed_ % 4};
  Table table_{ram_.map(), source_, cpus_, M::kLevels};
  AddressSpace<Table> space_{ram_.map(), source_, table_};
  std::vector<Memory> memories_;
  std::vector<PhysAddr> taken_;  // frames that the kernel has taken for itself
  VirtAddr recent_;              // the pages of the last operation
  uint64_t recent_pages_ = 0;
};

TYPED_TEST(SmallMachines, EqualAModel) {
  typename ModelledMachine<TypeParam>::Counts counts;
  for (uint32_t seed = 0; seed < 24; ++seed) {
    ModelledMachine<TypeParam> machine(seed, counts);
    for (int step = 0; step < 1500; ++step) {
      machine.step(step);
      if (::testing::Test::HasFatalFailure()) return;
    }
    machine.release_all();
    if (::testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(counts.refused, 300u);
  EXPECT_GT(counts.granted, 300u);
  EXPECT_GT(counts.protects, 100u);
  EXPECT_GT(counts.failed, 100u);
  EXPECT_GT(counts.spurious, 0u);
  EXPECT_GT(counts.synchronized, 500u);
}

}  // namespace
}  // namespace cairn::kernel
