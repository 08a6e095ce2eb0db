// Trees of page tables with 512 entries each: x86-64's four levels, Sv39, Sv48 and Sv57. They differ in three
// parameters: `levels` is the height of the tree, Format says how an entry is written, and Tlb says how a translation
// is flushed. The tests run on the host against an emulated MMU.
//
// Entries record whether their frame belongs to the mapping (Access::owned); unmapping frees such frames. A PageTable
// has no lock of its own. The lock around the AddressSpace that uses it protects it.
//
// Several CPUs may use a tree, and each remembers translations and pointers to tables. The CPU that changes an entry
// flushes its own at once. A FlushRequest collects what the others must forget, and RemovedFrames collects the frames
// that were taken away. When a function returns, the other CPUs have carried out the request, and the removed frames
// are free (INV-23). ChangeScope joins the requests of several functions, so that the other CPUs are interrupted once.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/assert.hpp"
#include "kernel/memory/address.hpp"
#include "kernel/memory/flush_request.hpp"
#include "kernel/memory/removed_frames.hpp"

namespace cairn::kernel {

// The rights and properties of a mapped page. Every mapped page can be read.
struct Access {
  bool write = false;
  bool execute = false;
  bool device = false;  // not cached, not reordered
  bool owned = false;   // the frame is freed when the page is unmapped
  bool operator==(const Access&) const = default;

  // Whether a change from these rights to `changed` takes a right away, or changes how the page is cached.
  [[nodiscard]] constexpr bool loses(Access changed) const {
    return (write && !changed.write) || (execute && !changed.execute) || device != changed.device;
  }
};

// How the entries of tables are made and read. An entry of level 0 maps 4 KiB, and one of each level above maps 512
// times as much.
template <class F>
concept PageTableFormat = requires(uint64_t entry, PhysAddr address, Access access, unsigned level) {
  { F::is_present(entry) } -> std::same_as<bool>;
  { F::is_leaf(entry, level) } -> std::same_as<bool>;  // the entry must be present
  { F::leaf(address, access, level) } -> std::same_as<uint64_t>;
  { F::table(address) } -> std::same_as<uint64_t>;
  { F::address(entry, level) } -> std::same_as<PhysAddr>;  // the entry must be present
  { F::access(entry) } -> std::same_as<Access>;            // the entry must be a leaf
  { F::is_user(entry) } -> std::same_as<bool>;             // whether the entry lets user mode in
};

struct Translation {
  PhysAddr address;  // start of the page, not the translated byte
  unsigned level = 0;
  Access access;
};

// The root table of a tree and the number of its levels, which a CPU needs in order to use the tree.
struct PageTableRoot {
  PhysAddr address;
  unsigned levels = 0;
};

constexpr uint64_t page_size_at(unsigned level) { return kPageSize << (9 * level); }

// The source of frames for new tables: frames that were promised (FrameSource), so that there are enough, or others.
enum class TableFrames : uint8_t { promised, any };

// When other CPUs may use rights that protect() adds. A CPU that remembers the old rights faults when it uses the new
// ones. AddressSpace::fault() resolves this in committed memory, so the CPUs may learn of the new rights by such a
// fault there. Elsewhere (in the direct map, which is also touched under locks) they must know when protect() returns.
enum class Gains : uint8_t { seen_lazily, seen_at_once };

// Frames is the source of frames (FrameSource). Its functions allocate_table() and redeem_table() return the frame for
// a new table as a std::optional<PhysAddr>, and free_table(PhysAddr) takes it back. The frames of owned pages that were
// removed go to free_pages(PhysAddr, uint64_t count) or to unredeem(PhysAddr, uint64_t count), as RemovedAs says.
//
// A new translation needs no flush: a CPU that remembers the page as absent faults, and AddressSpace::fault() makes the
// CPU look again. For pages at which a fault cannot be handled, the caller calls announce() after mapping them.
template <PageTableFormat Format, class Frames, TranslationCache Tlb>
class PageTable {
 public:
  PageTable(DirectMap map, Frames& frames, Tlb& tlb, unsigned levels)
      : map_(map), frames_(frames), tlb_(tlb), levels_(levels) {}

  // Makes an empty root table; returns false when there is no memory.
  bool create() {
    const auto root = allocate_table(TableFrames::any);
    if (root) root_ = *root;
    return root.has_value();
  }
  [[nodiscard]] PhysAddr root() const { return root_; }
  [[nodiscard]] unsigned levels() const { return levels_; }

  // While a ChangeScope lives, the other CPUs may still see what was taken away, and removed frames may not be free
  // yet. The end of the outermost scope settles both.
  class [[nodiscard]] ChangeScope {
   public:
    explicit ChangeScope(PageTable& table) : table_(table) { ++table_.open_scopes_; }
    ~ChangeScope() {
      if (--table_.open_scopes_ == 0) table_.settle();
    }
    ChangeScope(const ChangeScope&) = delete;
    ChangeScope& operator=(const ChangeScope&) = delete;

   private:
    PageTable& table_;
  };
  // Makes the other CPUs forget what was taken away so far, and then frees the removed frames. Does nothing if nothing
  // was taken away.
  void settle() {
    if (!request_.is_empty()) tlb_.synchronize(request_);
    request_.clear();
    removed_.give_back(frames_);
  }

  // Maps one page of the size of `level` where nothing is mapped. Returns false, with nothing changed, if there is no
  // memory for a table.
  bool map(VirtAddr virt, PhysAddr phys, unsigned level, Access access, TableFrames from = TableFrames::any) {
    uint64_t* entry = walk_to(virt, level, from);
    if (entry == nullptr) return false;
    CAIRN_ASSERT(!Format::is_present(*entry));
    store(entry, Format::leaf(phys, access, level));
    return true;
  }

  // Maps [virt, virt + size) to consecutive frames, in the largest pages that fit (at most of `largest_level`). Returns
  // false if there is no memory for a table; what was mapped before stays mapped.
  bool map_range(VirtAddr virt, PhysAddr phys, uint64_t size, Access access, unsigned largest_level,
                 TableFrames from = TableFrames::any) {
    while (size != 0) {
      unsigned level = largest_level;
      while (level != 0 && (((virt.value | phys.value) & (page_size_at(level) - 1)) != 0 || size < page_size_at(level)))
        --level;
      if (!map(virt, phys, level, access, from)) return false;
      virt = virt + page_size_at(level), phys = phys + page_size_at(level), size -= page_size_at(level);
    }
    return true;
  }

  // Returns the page that holds `virt`; nothing if none is mapped there.
  [[nodiscard]] std::optional<Translation> translate(VirtAddr virt) const {
    const uint64_t* table = map_.at<uint64_t>(root_);
    for (unsigned level = levels_ - 1;; --level) {
      const uint64_t entry = table[index(virt, level)];
      if (!Format::is_present(entry)) return std::nullopt;
      if (Format::is_leaf(entry, level))
        return Translation{Format::address(entry, level), level, Format::access(entry)};
      if (level == 0) return std::nullopt;
      table = map_.at<uint64_t>(Format::address(entry, level));
    }
  }

  // Whether all of the `pages` pages from `virt` on are unmapped. All of them must belong to one table.
  [[nodiscard]] bool is_empty(VirtAddr virt, unsigned pages) {
    if (has_no_table(virt)) return true;
    const uint64_t* entry = find(virt, 0);
    for (unsigned i = 0; entry != nullptr && i < pages; ++i) {
      if (Format::is_present(entry[i])) return false;
    }
    return entry != nullptr;
  }
  // Whether the 2 MiB block that holds `virt` has neither a table of 4 KiB pages nor a large page.
  [[nodiscard]] bool has_no_table(VirtAddr virt) const {
    const uint64_t* table = map_.at<uint64_t>(root_);
    for (unsigned level = levels_ - 1; level != 0; --level) {
      const uint64_t entry = table[index(virt, level)];
      if (!Format::is_present(entry)) return true;
      if (Format::is_leaf(entry, level)) return false;
      table = map_.at<uint64_t>(Format::address(entry, level));
    }
    return false;
  }

  // Makes this CPU look up the translation again, beginning at the root.
  void forget(VirtAddr virt) { tlb_.flush_tables(virt); }
  // Makes sure that no CPU remembers as absent what is mapped now.
  void announce() {
    if constexpr (Tlb::kRemembersAbsence) {
      const ChangeScope scope(*this);
      tlb_.flush_all();
      request_.add_everything();
    }
  }
  // Makes sure that no CPU executes instructions that it fetched earlier.
  void synchronize_code() {
    const ChangeScope scope(*this);
    tlb_.synchronize_code();
    request_.add_code();
  }

  // The number of missing tables whose entries are of `level` and that the addresses from `first` to `last` need.
  [[nodiscard]] uint64_t missing_tables(unsigned level, VirtAddr first, VirtAddr last) const {
    return missing_below(root_, levels_ - 1, level, first.value, last.value);
  }

  // Removes all mappings in the range; frees owned frames and emptied tables. Returns false if there is no memory to
  // split a large page that reaches beyond the range; then that page stays mapped.
  bool unmap(VirtAddr virt, uint64_t size) {
    return unmap(
        virt, size, TableFrames::any, RemovedAs::free_page, [](VirtAddr, uint64_t) { return false; }, [](unsigned) {});
  }
  // Does the same, but the caller decides: an empty table, which maps `span` bytes from `block` on, stays when
  // keeps_table(block, span) says so, and `removed_as` says what becomes of the frames of owned pages. Calls
  // removes_owned(level) for each owned page.
  template <class KeepsTable, class RemovesOwned>
  bool unmap(VirtAddr virt, uint64_t size, TableFrames from, RemovedAs removed_as, KeepsTable&& keeps_table,
             RemovesOwned&& removes_owned) {
    const ChangeScope scope(*this);
    return change(root_, levels_ - 1, virt.value, virt.value + (size - 1), from, keeps_table,
                  [&](uint64_t* entry, VirtAddr at, unsigned level) {
                    const uint64_t old = *entry;
                    store(entry, 0);
                    tlb_.flush(at);
                    request_.add_page(at);
                    if (!Format::access(old).owned) return;
                    remove(Format::address(old, level), level, removed_as);
                    removes_owned(level);
                  });
  }

  // Changes the rights of all pages mapped in the range; whether frames are owned does not change. Returns false in the
  // same case as unmap.
  bool protect(VirtAddr virt, uint64_t size, Access access, TableFrames from = TableFrames::any,
               Gains gains = Gains::seen_lazily) {
    const ChangeScope scope(*this);
    return change(
        root_, levels_ - 1, virt.value, virt.value + (size - 1), from, [](VirtAddr, uint64_t) { return true; },
        [&](uint64_t* entry, VirtAddr at, unsigned level) {
          const Access old = Format::access(*entry);
          Access changed = access;
          changed.owned = old.owned;
          if (changed == old) return;
          store(entry, Format::leaf(Format::address(*entry, level), changed, level));
          tlb_.flush(at);
          if (old.loses(changed) || gains == Gains::seen_at_once) request_.add_page(at);
        });
  }

  // Makes `boundary` lie between two pages by splitting the large pages around it. Returns false if there is no memory;
  // then the mappings are the same, perhaps in smaller pages.
  bool split_at(VirtAddr boundary, TableFrames from = TableFrames::any) {
    const ChangeScope scope(*this);
    uint64_t* table = map_.at<uint64_t>(root_);
    for (unsigned level = levels_ - 1;; --level) {
      uint64_t* entry = &table[index(boundary, level)];
      if (!Format::is_present(*entry)) return true;
      if (Format::is_leaf(*entry, level)) {
        const uint64_t within = boundary.value & (page_size_at(level) - 1);
        if (within == 0) return true;
        if (!split(entry, level, {boundary.value - within}, from)) return false;
      }
      table = map_.at<uint64_t>(Format::address(*entry, level));
    }
  }
  // The number of new tables that split_at(boundary) needs.
  [[nodiscard]] uint64_t tables_to_split_at(VirtAddr boundary) const {
    const auto page = translate(boundary);
    uint64_t tables = 0;
    for (unsigned level = 1; page && level <= page->level; ++level) {
      if ((boundary.value & (page_size_at(level) - 1)) != 0) ++tables;
    }
    return tables;
  }

  // Undoes splitting: each table that touches the range and maps only consecutive frames with these rights becomes a
  // large page.
  void join(VirtAddr virt, uint64_t size, Access access, unsigned largest_level) {
    const ChangeScope scope(*this);
    for (unsigned level = 1; level <= largest_level; ++level) {
      const uint64_t span = page_size_at(level), last = virt.value + (size - 1);
      for (uint64_t at = align_down(virt.value, span);; at += span) {
        uint64_t* entry = find({at}, level);
        if (entry != nullptr && Format::is_present(*entry) && !Format::is_leaf(*entry, level))
          join(entry, level, access);
        if (last - at < span) break;
      }
    }
  }

 private:
  static constexpr unsigned index(VirtAddr virt, unsigned level) {
    return static_cast<unsigned>(virt.value >> (kPageBits + 9 * level)) & 511;
  }
  // The MMU of another CPU may read entries at any time, so each is written by one store.
  static void store(uint64_t* entry, uint64_t value) { __atomic_store_n(entry, value, __ATOMIC_RELEASE); }

  // Keeps a removed frame until no CPU sees it. When there is no room, the frames that were removed before are freed.
  void remove(PhysAddr frame, unsigned level, RemovedAs removed_as) {
    if (removed_.is_full()) settle();
    removed_.add(frame, level, removed_as);
  }

  std::optional<PhysAddr> allocate_table(TableFrames from) {
    auto frame = from == TableFrames::promised ? frames_.redeem_table() : frames_.allocate_table();
    if (!frame && removed_.count() != 0) {
      settle();  // frees the frames that were removed before
      frame = frames_.allocate_table();
    }
    CAIRN_ASSERT(frame.has_value() || from == TableFrames::any);
    if (frame) std::memset(map_.at(*frame), 0, kPageSize);
    return frame;
  }

  // Returns the entry of level `target` for `virt` and makes missing tables above it; null when there is no memory.
  uint64_t* walk_to(VirtAddr virt, unsigned target, TableFrames from) {
    uint64_t* table = map_.at<uint64_t>(root_);
    for (unsigned level = levels_ - 1; level > target; --level) {
      uint64_t* entry = &table[index(virt, level)];
      if (!Format::is_present(*entry)) {
        const auto made = allocate_table(from);
        if (!made) return nullptr;
        store(entry, Format::table(*made));
      }
      CAIRN_ASSERT(!Format::is_leaf(*entry, level));
      table = map_.at<uint64_t>(Format::address(*entry, level));
    }
    return &table[index(virt, target)];
  }

  // Returns the entry of level `target` for `virt`; null if a table above it is missing or a large page holds `virt`.
  uint64_t* find(VirtAddr virt, unsigned target) {
    uint64_t* table = map_.at<uint64_t>(root_);
    for (unsigned level = levels_ - 1; level > target; --level) {
      const uint64_t entry = table[index(virt, level)];
      if (!Format::is_present(entry) || Format::is_leaf(entry, level)) return nullptr;
      table = map_.at<uint64_t>(Format::address(entry, level));
    }
    return &table[index(virt, target)];
  }

  // Turns the large page of `entry` into a table of pages one size smaller. Returns false if there is no memory for the
  // table.
  bool split(uint64_t* entry, unsigned level, VirtAddr at, TableFrames from) {
    const auto made = allocate_table(from);
    if (!made) return false;
    const PhysAddr start = Format::address(*entry, level);
    const Access access = Format::access(*entry);
    auto* table = map_.at<uint64_t>(*made);
    for (unsigned i = 0; i < 512; ++i) table[i] = Format::leaf(start + i * page_size_at(level - 1), access, level - 1);
    store(entry, Format::table(*made));
    tlb_.flush_tables(at);
    request_.add_page(at);
    request_.add_tables();
    return true;
  }

  // Turns the table of `entry` into one page, if its pages allow it.
  void join(uint64_t* entry, unsigned level, Access access) {
    const PhysAddr child = Format::address(*entry, level);
    const auto* table = map_.at<uint64_t>(child);
    if (!Format::is_present(table[0])) return;
    const PhysAddr start = Format::address(table[0], level - 1);
    if ((start.value & (page_size_at(level) - 1)) != 0) return;
    for (unsigned i = 0; i < 512; ++i) {
      if (table[i] != Format::leaf(start + i * page_size_at(level - 1), access, level - 1)) return;
    }
    store(entry, Format::leaf(start, access, level));
    // The translations of all 512 smaller pages must go, because a change of the large page flushes one address only.
    tlb_.flush_all();
    request_.add_everything();
    remove(child, 0, RemovedAs::table);
  }

  // Calls `apply` on every leaf in the addresses [first, last], after splitting leaves that reach beyond them. Frees
  // tables that are empty afterwards, except those that keeps_table keeps. Returns false if a leaf cannot be split.
  template <class KeepsTable, class Apply>
  bool change(PhysAddr table_address, unsigned level, uint64_t first, uint64_t last, TableFrames from,
              KeepsTable&& keeps_table, Apply&& apply) {
    auto* table = map_.at<uint64_t>(table_address);
    const uint64_t span = page_size_at(level);
    for (uint64_t at = first;;) {
      const uint64_t block = align_down(at, span);
      const uint64_t block_last = block + (span - 1);
      const uint64_t part_last = block_last < last ? block_last : last;
      uint64_t* entry = &table[index({at}, level)];
      if (Format::is_present(*entry)) {
        if (Format::is_leaf(*entry, level)) {
          if (at == block && part_last == block_last) {
            apply(entry, VirtAddr{block}, level);
          } else if (!split(entry, level, {block}, from)) {
            return false;
          }
        }
        if (Format::is_present(*entry) && !Format::is_leaf(*entry, level)) {
          const PhysAddr child = Format::address(*entry, level);
          if (!change(child, level - 1, at, part_last, from, keeps_table, apply)) return false;
          if (is_zero(child) && !keeps_table(VirtAddr{block}, span)) {
            store(entry, 0);
            tlb_.flush_tables({block});
            request_.add_tables();
            remove(child, 0, RemovedAs::table);
          }
        }
      }
      if (part_last == last) return true;
      at = part_last + 1;
    }
  }

  // The number of tables of level `wanted` that the addresses from `first` to `last` need below this table, whose level
  // is `level`, and that do not exist.
  [[nodiscard]] uint64_t missing_below(PhysAddr table_address, unsigned level, unsigned wanted, uint64_t first,
                                       uint64_t last) const {
    const auto* table = map_.at<uint64_t>(table_address);
    const uint64_t span = page_size_at(level), unit = page_size_at(wanted + 1);
    uint64_t missing = 0;
    for (uint64_t at = first;;) {
      const uint64_t block_last = align_down(at, span) + (span - 1);
      const uint64_t part_last = block_last < last ? block_last : last;
      const uint64_t entry = table[index({at}, level)];
      if (!Format::is_present(entry) || Format::is_leaf(entry, level)) {
        missing += part_last / unit - at / unit + 1;
      } else if (level > wanted + 1) {
        missing += missing_below(Format::address(entry, level), level - 1, wanted, at, part_last);
      }
      if (part_last == last) return missing;
      at = part_last + 1;
    }
  }

  [[nodiscard]] bool is_zero(PhysAddr table_address) const {
    const auto* table = map_.at<uint64_t>(table_address);
    for (unsigned i = 0; i < 512; ++i) {
      if (table[i] != 0) return false;
    }
    return true;
  }

  DirectMap map_;
  Frames& frames_;
  Tlb& tlb_;
  unsigned levels_;
  PhysAddr root_;
  FlushRequest request_;      // what the other CPUs must forget
  RemovedFrames removed_;     // the frames that other CPUs may still see
  unsigned open_scopes_ = 0;  // the number of ChangeScopes that live
};

}  // namespace cairn::kernel
