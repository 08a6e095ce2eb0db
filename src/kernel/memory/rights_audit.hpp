// Reads every entry of all page tables, as the CPU does, and reports violations of the rules about rights:
//
// - No entry lets user mode in.
// - No frame is writable in one mapping and executable in the same or another (INV-7); frames that are to be read-only
//   are writable in none.
// - Executable pages lie where the caller says that code lies.
// - In the lower half, which guests' memories are part of, there are no registers of devices, no page tables, and no
//   frames of the kernel's image.
//
// The audit shares no code with PageTable. The entry that maps a page decides alone whether the page is executable or
// writable, because the entries of tables allow both.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "kernel/memory/page_table.hpp"

namespace cairn::kernel {

struct RightsRules {
  VirtAddr lower_half_end;
  std::vector<PhysRange> read_only;            // frames that nothing may write
  std::vector<PhysRange> private_to_kernel;    // frames that the lower half does not map
  std::function<bool(VirtAddr page)> is_code;  // whether a page may be executable
};

struct RightsViolation {
  std::string_view what;  // the end of a sentence about the page, such as "lets user mode in"
  VirtAddr page;
  PhysAddr frame;
};

struct RightsReport {
  uint64_t pages = 0;  // entries that map something
  uint64_t tables = 0;
  uint64_t executable = 0;  // bytes in executable pages
  uint64_t violation_count = 0;
  std::vector<RightsViolation> violations;  // the first few
};

template <PageTableFormat Format>
class RightsAudit {
 public:
  RightsAudit(const DirectMap& map, PageTableRoot root, const RightsRules& rules)
      : map_(map), root_(root), rules_(rules) {}

  RightsReport run() {
    collect();
    check();
    return report_;
  }

 private:
  enum class EntryKind : uint8_t { page, table, neither };
  struct Page {
    VirtAddr start;
    PhysAddr frame;
    uint64_t size;
    Access access;
  };

  // Lists the executable frames and the page tables, sorted by address.
  void collect() {
    tables_.push_back({root_.address, kPageSize});
    walk([&](const Page& page, uint64_t entry, EntryKind kind) {
      expect_of(page, !Format::is_user(entry), "lets user mode in");
      expect_of(page, kind != EntryKind::neither, "is no page, in a table of pages");
      if (kind == EntryKind::table) tables_.push_back({page.frame, kPageSize});
      if (kind == EntryKind::page && page.access.execute) executable_.push_back({page.frame, page.size});
    });
    std::ranges::sort(executable_, {}, &PhysRange::start);
    std::ranges::sort(tables_, {}, &PhysRange::start);
    report_.tables = tables_.size();
  }

  void check() {
    std::vector<PhysRange> read_only = rules_.read_only, hidden = rules_.private_to_kernel;
    std::ranges::sort(read_only, {}, &PhysRange::start);
    std::ranges::sort(hidden, {}, &PhysRange::start);
    walk([&](const Page& page, uint64_t, EntryKind kind) {
      if (kind != EntryKind::page) return;
      ++report_.pages;
      const auto expect = [&](bool condition, std::string_view what) { expect_of(page, condition, what); };
      if (page.access.execute) {
        report_.executable += page.size;
        for (uint64_t at = 0; at < page.size; at += kPageSize) {
          expect(rules_.is_code(page.start + at), "is executable, but there is no code");
        }
        expect(!page.access.device, "registers of a device are executable");
      }
      if (page.access.write) {
        expect(!overlaps(executable_, page), "is writable, and its frame is executable");
        expect(!overlaps(read_only, page), "is writable, and its frame is to be read only");
      }
      if (page.start < rules_.lower_half_end) {
        expect(!page.access.device, "registers of a device are in the lower half");
        expect(!overlaps(tables_, page), "a page table is in the lower half");
        expect(!overlaps(hidden, page), "a frame of the kernel's is in the lower half");
      }
    });
  }

  void expect_of(const Page& page, bool condition, std::string_view what) {
    if (condition) return;
    constexpr uint64_t kKept = 8;
    if (report_.violation_count++ < kKept) report_.violations.push_back({what, page.start, page.frame});
  }

  // The ranges are sorted and none contains another, so only the last that starts before the page's end can overlap it.
  static bool overlaps(const std::vector<PhysRange>& ranges, const Page& page) {
    const auto after = std::ranges::lower_bound(ranges, page.frame.value + page.size, {},
                                                [](const PhysRange& r) { return r.start.value; });
    return after != ranges.begin() && (after - 1)->end() > page.frame.value;
  }

  // Calls visit(Page, entry, kind) for every entry that is present. If the entry is a table, Page holds the addresses
  // that the table maps and the table's frame.
  template <class F>
  void walk(F&& visit) {
    walk(root_.address, root_.levels - 1, 0, visit);
  }
  template <class F>
  void walk(PhysAddr table, unsigned level, uint64_t base, F& visit) {
    const auto* entries = map_.at<uint64_t>(table);
    for (uint64_t i = 0; i < 512; ++i) {
      const uint64_t entry = entries[i];
      if (!Format::is_present(entry)) continue;
      // Addresses of the upper half are sign-extended.
      uint64_t start = base + i * page_size_at(level);
      if (level + 1 == root_.levels && i >= 256) start |= ~uint64_t{0} << (kPageBits + 9 * root_.levels);
      const EntryKind kind = Format::is_leaf(entry, level) ? EntryKind::page
                             : level != 0                  ? EntryKind::table
                                                           : EntryKind::neither;
      const PhysAddr address = Format::address(entry, level);
      visit(Page{{start}, address, page_size_at(level), kind == EntryKind::page ? Format::access(entry) : Access{}},
            entry, kind);
      if (kind == EntryKind::table) walk(address, level - 1, start, visit);
    }
  }

  DirectMap map_;
  PageTableRoot root_;
  const RightsRules& rules_;
  RightsReport report_;
  std::vector<PhysRange> executable_;
  std::vector<PhysRange> tables_;
};

}  // namespace cairn::kernel
