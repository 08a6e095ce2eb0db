// Memory for guest code (INV-7). From its allocation on, its frames are writable only at the address of the code. From
// sealing on, they are writable nowhere.
//
// A frame's alias in the direct map loses its write right when the frame is allocated, not when the code is sealed.
// That may need new tables, for which frames may run out, and sealing must not fail. Release restores the right before
// the frames return to the allocator, which keeps its lists in them. All CPUs must see the restored right at once,
// because a fault in the direct map cannot be handled.
//
// CodeMemory has no state except references to the address space and its table. Its user holds the address space's
// lock.
#pragma once

#include "base/result.hpp"
#include "kernel/memory/address_space.hpp"

namespace cairn::kernel {

template <class Table>
class CodeMemory {
 public:
  // `largest_level` is the largest level of the pages that the direct map is made of.
  CodeMemory(DirectMap map, FrameSource& source, AddressSpace<Table>& space, Table& table, unsigned largest_level)
      : map_(map), source_(source), space_(space), table_(table), largest_level_(largest_level) {}

  // Allocates `size` bytes (whole pages) somewhere in [first, end). They are charged to an account. The tables of a
  // split direct map are the system's. The other functions may be called for one portion of the pages after another,
  // because they take long for large code.
  SpaceResult<VirtAddr> reserve(VirtAddr first, VirtAddr end, uint64_t size, uint64_t alignment,
                                AccountNumber account = AccountNumber::system) {
    const VirtAddr start =
        CAIRN_TRY(space_.reserve(first, end, size, alignment, {.account = account, .use = Use::code}));
    if (auto done = space_.commit(start, size, {.write = true}); !done) {
      space_.release(start);
      return std::unexpected(done.error());
    }
    return start;
  }

  // Fills the pages with zeros, and removes the write right from their aliases. Returns false, and changes no alias, if
  // there is no memory for tables.
  [[nodiscard]] bool prepare(VirtAddr start, uint64_t size) {
    const Changes changes(table_);
    space_.fill(start, size);
    const uint64_t done = take_aliases(start, size);
    if (done == size) return true;
    give_aliases_back(start, done);
    return false;
  }

  // Makes the first `text` bytes (whole pages) executable, and all `size` bytes read-only. From then on, every CPU
  // executes what was written there.
  void seal(VirtAddr start, uint64_t size, uint64_t text) {
    const Changes changes(table_);
    if (text != 0) space_.protect(start, text, {.execute = true});
    if (text != size) space_.protect(start + text, size - text, {});
    table_.synchronize_code();
  }

  // Frees pages that were prepared, sealed or not. Their addresses stay reserved.
  void take_back(VirtAddr start, uint64_t size) {
    const Changes changes(table_);
    give_aliases_back(start, size);
    space_.decommit(start, size);
  }

 private:
  using Changes = typename Table::ChangeScope;

  static constexpr Access kAlias{.write = true};  // rights of the direct map

  // Calls `visit(alias, bytes)` for each run of consecutive frames among those of the pages in [start, start + size),
  // until a call returns false. Returns the number of bytes in the runs before the run of that call.
  template <class F>
  uint64_t for_each_run(VirtAddr start, uint64_t size, F&& visit) {
    for (uint64_t done = 0; done < size;) {
      const PhysAddr first = frame_at(start + done);
      uint64_t bytes = kPageSize;
      while (done + bytes < size && frame_at(start + done + bytes) == first + bytes) bytes += kPageSize;
      if (!visit(VirtAddr::of(map_.at(first)), bytes)) return done;
      done += bytes;
    }
    return size;
  }
  PhysAddr frame_at(VirtAddr page) {
    const auto translation = table_.translate(page);
    CAIRN_ASSERT(translation.has_value());
    return translation->address + (page.value & (page_size_at(translation->level) - 1));
  }

  // Splits the large page of the direct map at `boundary`. The tables for this are promised before they are taken, so
  // that they never come from the reserve.
  bool split_at(VirtAddr boundary) {
    if (!source_.promise(0, Claim::fallible, {}, table_.tables_to_split_at(boundary))) return false;
    return table_.split_at(boundary, TableFrames::promised);
  }
  // Removes the write right from the aliases of the pages' frames. Returns the number of bytes for which this is done;
  // fewer than `size` if there is no memory for tables.
  uint64_t take_aliases(VirtAddr start, uint64_t size) {
    return for_each_run(start, size, [&](VirtAddr alias, uint64_t bytes) {
      if (split_at(alias) && split_at(alias + bytes)) return table_.protect(alias, bytes, {});
      table_.join(alias, bytes, kAlias, largest_level_);
      return false;
    });
  }
  // Restores the write right of the aliases, and joins the direct map's pages again.
  void give_aliases_back(VirtAddr start, uint64_t size) {
    for_each_run(start, size, [&](VirtAddr alias, uint64_t bytes) {
      CAIRN_ASSERT(table_.protect(alias, bytes, kAlias, TableFrames::any, Gains::seen_at_once));
      table_.join(alias, bytes, kAlias, largest_level_);
      return true;
    });
  }

  DirectMap map_;
  FrameSource& source_;
  AddressSpace<Table>& space_;
  Table& table_;
  unsigned largest_level_;
};

}  // namespace cairn::kernel
