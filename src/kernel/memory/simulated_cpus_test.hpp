// CPUs with MMUs for the tests of this folder. They walk page tables by the manuals' rules, without the code under
// test, and each remembers as much as the manuals allow: translations, pointers to tables, absent entries (RISC-V), and
// fetched instructions (RISC-V). A CPU forgets only what it is made to forget.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "kernel/memory/flush_request.hpp"
#include "kernel/memory/page_table.hpp"
#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel::testing {

enum class Want : uint8_t { read, write, execute };

// An entry of a page table, decoded.
struct Entry {
  bool present = false, leaf = false, write = false, execute = false;
  uint64_t address = 0;
};

// The rules of x86-64 [sdm 3A 4.5, 4.10].
struct X64Rules {
  static constexpr bool kRemembersAbsence = false;
  static constexpr bool kFetchesCoherently = true;
  // A page fault makes the CPU forget what it remembers of the faulting address [sdm 3A 4.10.4.1].
  static constexpr bool kFaultForgets = true;
  // A flush of one page makes the CPU forget all pointers to tables.
  static constexpr bool kPageFlushForgetsTables = true;

  static Entry decode(uint64_t entry, unsigned level) {
    const bool leaf = level == 0 || (entry & 0x80) != 0;
    const uint64_t low = leaf ? page_size_at(level) - 1 : kPageSize - 1;
    return {(entry & 1) != 0, leaf, (entry & 2) != 0, entry >> 63 == 0, entry & 0x000f'ffff'ffff'f000 & ~low};
  }
};

// The rules of RISC-V [riscv-priv 10.2.1, 10.3.2].
struct Rv64Rules {
  static constexpr bool kRemembersAbsence = true;
  static constexpr bool kFetchesCoherently = false;
  static constexpr bool kFaultForgets = false;
  static constexpr bool kPageFlushForgetsTables = false;

  static Entry decode(uint64_t entry, unsigned level) {
    const bool read = (entry & 2) != 0, write = (entry & 4) != 0, execute = (entry & 8) != 0;
    const uint64_t address = (entry >> 10 & ((uint64_t{1} << 44) - 1)) << 12;
    const bool leaf = read || execute;
    const bool valid =
        (entry & 1) != 0 && (read || !write) && (leaf ? (address & (page_size_at(level) - 1)) == 0 : level != 0);
    return {valid, leaf, write, execute, address};
  }
};

// One CPU. `Place` is the part of the address space that an entry of a level maps.
template <class Rules>
class SimulatedCpu {
 public:
  struct Place {
    unsigned level;
    uint64_t block;  // the first address
    auto operator<=>(const Place&) const = default;
  };
  struct Page {
    uint64_t phys;
    bool write, execute;
  };

  // Whether an instruction does the access, or the CPU looks up the address speculatively. Only an instruction's fault
  // makes an x86-64 CPU forget what it remembers of the address.
  enum class As : uint8_t { executed, speculative };
  // What a CPU uses of what it remembers: translations and pointers to tables, only pointers to tables, or nothing.
  // A CPU that uses less does not forget the rest.
  enum class Uses : uint8_t { what_it_remembers, tables_it_remembers, the_root };

  // Returns the physical address, or nothing if the access faults.
  std::optional<uint64_t> access(const DirectMap& map, PageTableRoot root, uint64_t virt, Want want, Uses uses,
                                 As as = As::executed) {
    const auto page = translation(map, root, virt, uses);
    if (page && (want == Want::read || (want == Want::write ? page->second.write : page->second.execute)))
      return page->second.phys + (virt - page->first.block);
    if (as == As::executed && Rules::kFaultForgets) flush(virt);
    return std::nullopt;
  }
  // Fetches the instruction at a physical address.
  std::byte fetch(const DirectMap& map, uint64_t phys) {
    if (Rules::kFetchesCoherently) return *map.at({phys});
    return fetched_.try_emplace(phys, *map.at({phys})).first->second;
  }

  void flush(uint64_t virt) {
    for (unsigned level = 0; level < kLevels; ++level) pages_.erase(place(level, virt));
    absent_.erase(place(0, virt));
    if (Rules::kPageFlushForgetsTables) tables_.clear();
  }
  void flush_tables(uint64_t virt) {
    flush(virt);
    if (!Rules::kPageFlushForgetsTables) flush_all();
  }
  void flush_all() { pages_.clear(), tables_.clear(), absent_.clear(); }
  void synchronize_code() { fetched_.clear(); }

  [[nodiscard]] const std::map<Place, Page>& pages() const { return pages_; }
  // For each place, the physical address of the table to which its entry points.
  [[nodiscard]] const std::map<Place, uint64_t>& tables() const { return tables_; }
  [[nodiscard]] const std::set<Place>& absent() const { return absent_; }
  static Place place(unsigned level, uint64_t virt) { return {level, align_down(virt, page_size_at(level))}; }

 private:
  static constexpr unsigned kLevels = 4;

  // Finds a translation among those that are remembered, or by a walk that begins at a remembered table or the root.
  std::optional<std::pair<Place, Page>> translation(const DirectMap& map, PageTableRoot root, uint64_t virt,
                                                    Uses uses) {
    for (unsigned level = 0; level < root.levels && uses == Uses::what_it_remembers; ++level) {
      if (const auto found = pages_.find(place(level, virt)); found != pages_.end()) return *found;
    }
    unsigned level = root.levels - 1;
    uint64_t table = root.address.value;
    for (unsigned from = 1; from < root.levels && uses != Uses::the_root; ++from) {
      if (const auto found = tables_.find(place(from, virt)); found != tables_.end()) {
        level = from - 1, table = found->second;
        break;
      }
    }
    for (;; --level) {
      const Place at = place(level, virt);
      if (absent_.contains(at)) return std::nullopt;
      const Entry entry = Rules::decode(map.at<uint64_t>({table})[virt >> (kPageBits + 9 * level) & 511], level);
      if (!entry.present) {
        if (Rules::kRemembersAbsence) absent_.insert(at);
        return std::nullopt;
      }
      if (entry.leaf) {
        const Page page{entry.address, entry.write, entry.execute};
        pages_[at] = page;
        return std::pair(at, page);
      }
      tables_[at] = table = entry.address;
    }
  }

  std::map<Place, Page> pages_;
  std::map<Place, uint64_t> tables_;
  std::set<Place> absent_;
  std::map<uint64_t, std::byte> fetched_;
};

struct Range {
  uint64_t start, end;
};
using Ranges = std::vector<Range>;

// Several CPUs, one of which runs the code under test: the TranslationCache of a page table. Before and after each
// flush, all CPUs look at addresses, because the others run at the same time, and each CPU may look up translations
// before it needs them.
template <class Rules>
class SimulatedCpus {
 public:
  static constexpr bool kRemembersAbsence = Rules::kRemembersAbsence;
  using Cpu = SimulatedCpu<Rules>;

  SimulatedCpus(const Ram& ram, unsigned levels, unsigned count = 1)
      : map_(ram.map()), ram_(ram.range()), levels_(levels), cpus_(count) {}

  void flush(VirtAddr page) {
    look();
    running().flush(page.value);
    look();
  }
  void flush_tables(VirtAddr page) {
    look();
    running().flush_tables(page.value);
    look();
  }
  void flush_all() {
    look();
    running().flush_all();
    look();
  }
  void synchronize_code() { running().synchronize_code(); }
  void synchronize(const FlushRequest& request) {
    ++synchronizations_;
    look();
    for (Cpu& cpu : cpus_) {
      if (&cpu == &running()) continue;
      One one{cpu};
      carry_out(request, one);
      look();
    }
  }

  std::optional<uint64_t> access(PhysAddr root, uint64_t virt, Want want) {
    return running().access(map_, {root, levels_}, virt, want, uses());
  }
  std::byte fetch(uint64_t phys) { return running().fetch(map_, phys); }

  [[nodiscard]] uint64_t synchronizations() const { return synchronizations_; }
  [[nodiscard]] size_t count() const { return cpus_.size(); }
  void run_on(size_t cpu) { running_ = cpu; }
  // From now on, the CPUs look at the addresses that `choose` returns, in the tables of this root.
  void let_look(PhysAddr root, std::function<uint64_t(std::mt19937&)> choose) {
    root_ = root;
    choose_ = std::move(choose);
  }

  // Has the CPUs look at addresses now.
  void look() {
    if (!choose_) return;
    for (Cpu& cpu : cpus_) {
      for (uint32_t looks = random_() % 4; looks != 0; --looks) {
        const auto want = static_cast<Want>(random_() % 3);
        const auto phys = cpu.access(map_, {root_, levels_}, choose_(random_), want, uses(), Cpu::As::speculative);
        if (phys && want == Want::execute && *phys - ram_.start.value < ram_.size) cpu.fetch(map_, *phys);
      }
    }
  }

  // --- What must hold.

  // Says where the direct map lies, through which every CPU sees all frames.
  void set_direct_map(Range range) { direct_map_ = range; }
  // Fails if a CPU can use one of these frames at another address.
  void expect_unseen(PhysAddr first, uint64_t bytes, std::string_view what) const {
    const auto overlaps = [&](uint64_t start, uint64_t size) {
      return start < first.value + bytes && first.value < start + size;
    };
    for (const Cpu& cpu : cpus_) {
      for (const auto& [place, page] : cpu.pages()) {
        if (place.block >= direct_map_.start && place.block < direct_map_.end) continue;
        if (overlaps(page.phys, page_size_at(place.level)))
          ADD_FAILURE() << what << " is free, a CPU sees it at " << place.block;
      }
      for (const auto& [place, table] : cpu.tables()) {
        if (overlaps(table, kPageSize)) ADD_FAILURE() << what << " is free, a CPU walks through it at " << place.block;
      }
    }
  }
  // Called between operations. Fails if a CPU remembers a removed page, more rights than a page has, or a removed
  // table. In the `exact` ranges, where a fault could not be handled, it also fails if a CPU remembers fewer rights, or
  // a mapped page as absent.
  void expect_current(PhysAddr root, const Ranges& exact) const {
    for (const Cpu& cpu : cpus_) {
      for (const auto& [place, page] : cpu.pages()) {
        const auto now = look_up(root, place.block, 0);
        if (!now || now->second.address + (place.block - now->first.block) != page.phys) {
          ADD_FAILURE() << "a CPU remembers the removed page " << place.block;
        } else if (now->first.level != place.level) {
          ADD_FAILURE() << "a CPU remembers another size of the page " << place.block;
        } else if (page.write > now->second.write || page.execute > now->second.execute) {
          ADD_FAILURE() << "a CPU remembers a lost right of the page " << place.block;
        } else if (touches(exact, place) && (page.write != now->second.write || page.execute != now->second.execute)) {
          ADD_FAILURE() << "a CPU does not know a new right of the page " << place.block;
        }
      }
      for (const auto& [place, table] : cpu.tables()) {
        const auto now = look_up(root, place.block, place.level);
        if (!now || now->first.level != place.level || now->second.leaf || now->second.address != table)
          ADD_FAILURE() << "a CPU remembers the removed table of " << place.block;
      }
      for (const auto& place : cpu.absent()) {
        if (touches(exact, place)) ADD_FAILURE() << "a CPU remembers the new page " << place.block << " as absent";
      }
    }
  }

 private:
  // One CPU that carries out a request.
  struct One {
    static constexpr bool kRemembersAbsence = Rules::kRemembersAbsence;
    Cpu& cpu;
    void flush(VirtAddr page) { cpu.flush(page.value); }
    void flush_tables(VirtAddr page) { cpu.flush_tables(page.value); }
    void flush_all() { cpu.flush_all(); }
    void synchronize_code() { cpu.synchronize_code(); }
    void synchronize(const FlushRequest&) {}
  };

  Cpu& running() { return cpus_[running_]; }
  // Without let_look(), the CPUs always use what they remember, so that tests know what happens.
  typename Cpu::Uses uses() {
    const uint32_t choice = choose_ ? random_() % 8 : 0;
    return choice < 6   ? Cpu::Uses::what_it_remembers
           : choice < 7 ? Cpu::Uses::tables_it_remembers
                        : Cpu::Uses::the_root;
  }
  static bool touches(const Ranges& ranges, const typename Cpu::Place& place) {
    return std::ranges::any_of(ranges, [&](const Range& range) {
      return range.start < place.block + page_size_at(place.level) && place.block < range.end;
    });
  }
  // Looks up an address in the tables as they are now. Returns the leaf, or the entry of level `lowest` if no leaf is
  // above it.
  std::optional<std::pair<typename Cpu::Place, Entry>> look_up(PhysAddr root, uint64_t virt, unsigned lowest) const {
    uint64_t table = root.value;
    for (unsigned level = levels_ - 1;; --level) {
      const Entry entry = Rules::decode(map_.at<uint64_t>({table})[virt >> (kPageBits + 9 * level) & 511], level);
      if (!entry.present) return std::nullopt;
      if (entry.leaf || level == lowest) return std::pair(Cpu::place(level, virt), entry);
      table = entry.address;
    }
  }

  DirectMap map_;
  PhysRange ram_;
  unsigned levels_;
  std::vector<Cpu> cpus_;
  size_t running_ = 0;
  uint64_t synchronizations_ = 0;
  std::mt19937 random_{7};
  Range direct_map_{};
  PhysAddr root_;
  std::function<uint64_t(std::mt19937&)> choose_;
};

// A source of frames that checks, whenever a frame of the page tables comes back, that no CPU can use it. It spoils the
// contents, so that a CPU which walks through a free table does not find its way.
template <class Cpus>
class WatchedFrames : public FrameSource {
 public:
  void watch(const Cpus& cpus, DirectMap map) { cpus_ = &cpus, map_ = map; }

  void free_table(PhysAddr frame) {
    returned(frame, kPageSize, "a table");
    FrameSource::free_table(frame);
  }
  void free_pages(PhysAddr start, uint64_t count) {
    returned(start, count * kPageSize, "a page");
    FrameSource::free_pages(start, count);
  }
  void unredeem(PhysAddr start, uint64_t count) {
    returned(start, count * kPageSize, "a page");
    FrameSource::unredeem(start, count);
  }

 private:
  void returned(PhysAddr first, uint64_t bytes, std::string_view what) {
    if (cpus_ == nullptr) return;
    cpus_->expect_unseen(first, bytes, what);
    std::memset(map_.at(first), 0xdb, kPageSize);
  }

  const Cpus* cpus_ = nullptr;
  DirectMap map_{0};
};

}  // namespace cairn::kernel::testing
