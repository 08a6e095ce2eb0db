#include "kernel/memory/memory.hpp"

#include <memory>
#include <new>
#include <utility>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "base/system_account.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/code_memory.hpp"
#include "kernel/memory/heap.hpp"
#include "kernel/panic.hpp"
#include "kernel/trap/cpu.hpp"

namespace cairn::kernel {
namespace {

// An object that lives as long as the kernel. It is made in place, because there is no heap yet.
template <class T>
class Permanent {
 public:
  template <class... Args>
  T& create(Args&&... args) {
    return *new (storage_) T(std::forward<Args>(args)...);
  }
  T& operator*() { return *std::launder(reinterpret_cast<T*>(storage_)); }

 private:
  alignas(T) std::byte storage_[sizeof(T)] = {};
};

constinit FrameSource frames;
constinit Tlb tlb;
constinit Permanent<KernelPageTable> page_table;
constinit Permanent<LockedAddressSpace> space;
constinit Permanent<Locked<Heap, SpinLock, LockRank::heap>> heap;
constinit bool ready = false;

constinit void (*out_of_memory_end)(size_t size) = nullptr;
constinit void (*exceeding_call)() = nullptr;

void require(bool success) {
  if (!success) panic("not enough memory to start the kernel");
}

// Maps a part of the image where it is linked. The frames of a part that is not writable become read-only in the direct
// map, too.
void map_image(ImagePart part, Access access) {
  const ImageSegment segment = image_segment(part);
  if (segment.size == 0) return;
  KernelPageTable& table = *page_table;
  const PhysRange physical = frames_of(segment);
  require(table.map_range(segment.start, physical.start, segment.size, access, 0));
  if (access.write) return;
  require(table.protect(VirtAddr::of(kDirectMap.at(physical.start)), segment.size, {}));
}

// Removes the first page tables, which entry.S made and which map everything writable and executable. No CPU uses them
// any more.
void retire_boot_tables() {
  const ImageSegment tables = first_page_tables();
  const PhysRange physical = frames_of(tables);
  require((*page_table).unmap(tables.start, tables.size));
  std::memset(kDirectMap.at(physical.start), 0, tables.size);
  frames.with([&](FrameSource::State& s) {
    if (s.frames.covers(physical.start) && s.frames.covers({physical.end() - kPageSize})) s.frames.add(physical);
  });
}

CodeMemory<KernelPageTable> code_memory(KernelAddressSpace& s) {
  return {kDirectMap, frames, s, *page_table, machine::largest_page_level()};
}

SpaceResult<VirtAddr> map_pages(KernelAddressSpace& s, uint64_t size, Claim claim) {
  const VirtAddr start = CAIRN_TRY(
      s.reserve({layout::kKernelRegions}, {layout::kKernelRegionsEnd}, size, kPageSize, charge_for(Use::heap)));
  if (auto done = s.commit(start, size, {.write = true}, claim); !done) {
    s.release(start);
    return std::unexpected(done.error());
  }
  return start;
}

}  // namespace

void initialize_memory(const BootInfo& info) {
  const uint64_t highest = std::min(info.memory.highest(), layout::kDirectMapSize);
  // Only the memory that the first page tables map is used at first. The rest follows when the direct map is complete.
  MemoryMap early = info.memory;
  early.reserve({{machine::early_memory_end()}, ~uint64_t{0} >> 1});
  require(frames.initialize(kDirectMap, early.usable(), highest));

  KernelPageTable& table = page_table.create(kDirectMap, frames, tlb, machine::page_table_levels(info));
  require(table.create());
  const unsigned largest = machine::largest_page_level();
  uint64_t mapped_end = 0;  // the end of the pages mapped so far; two ranges may share a large page
  for (const PhysRange& range : info.ram.usable()) {
    const uint64_t start = std::max(align_down(range.start.value, kLargePageSize), mapped_end);
    const uint64_t end = std::min(align_up(range.end(), kLargePageSize), layout::kDirectMapSize);
    if (start < end) {
      require(table.map_range(VirtAddr::of(kDirectMap.at({start})), {start}, end - start, {.write = true}, largest));
      mapped_end = end;
    }
  }
  map_image(ImagePart::text, {.execute = true});
  map_image(ImagePart::rodata, {});
  map_image(ImagePart::data, {.write = true});
  map_image(ImagePart::symbols, {});
  for (const VirtAddr guard : guard_pages()) require(table.unmap(guard, kPageSize));
  machine::activate_page_table(table.root(), table.levels());
  retire_boot_tables();

  frames.with([&](FrameSource::State& s) {
    for (PhysRange range : info.memory.usable()) {
      const uint64_t start = std::max(range.start.value, machine::early_memory_end());
      const uint64_t end = std::min(range.end(), layout::kDirectMapSize);
      if (start < end) s.frames.add({{start}, end - start});
    }
    // The reserve is for the kernel's own objects once guests have taken all that they can get: 1/64 of memory plus
    // 512 frames (2 MiB).
    s.reserve = s.frames.total_frames() / 64 + 512;
  });
  heap.create(kDirectMap, frames);
  space.create(kDirectMap, frames, table);
  ready = true;
}

FrameSource& frame_source() { return frames; }
LockedAddressSpace& address_space() { return *space; }
VirtAddr guest_addresses_start() { return {kLargePageSize}; }
VirtAddr guest_addresses_end() { return machine::guest_addresses_end((*page_table).levels()); }

Error to_error(const SpaceFailure& failure) {
  return make_error([&] {
    const std::string wanted = decimal(failure.wanted) + " bytes";
    if (failure.kind == SpaceFailure::Kind::addresses)
      return Error::of(ErrorKind::resource, "no address space left for " + wanted);
    return Error::of(ErrorKind::resource,
                     "out of memory: " + wanted + " wanted, " + decimal(failure.available) + " available");
  });
}

Result<volatile std::byte*> map_device(PhysRange registers) {
  return in_address_space([&](KernelAddressSpace & s)->SpaceResult<volatile std::byte*> {
    return CAIRN_TRY(s.map_device({layout::kKernelRegions}, {layout::kKernelRegionsEnd}, registers)).as_pointer();
  });
}

void decommit(VirtAddr start, uint64_t size) {
  while ((*space).with([&](KernelAddressSpace& s) { return s.decommit_portion(start, size); })) {
  }
}
void release(VirtAddr reservation) {
  while ((*space).with([&](KernelAddressSpace& s) { return s.release_portion(reservation); })) {
  }
}

namespace {

// Calls visit(start, size) for each portion of a piece of code. Large pages are not divided.
template <class F>
bool for_each_portion(VirtAddr start, uint64_t size, F&& visit) {
  const uint64_t portion = size >= KernelAddressSpace::kLargeSegment ? kLargePageSize : 256 * 1024;
  for (uint64_t at = start.value; at < start.value + size;) {
    const uint64_t end = std::min(align_down(at, portion) + portion, start.value + size);
    if (!visit(VirtAddr{at}, end - at)) return false;
    at = end;
  }
  return true;
}

}  // namespace

Result<std::span<std::byte>> allocate_code(uint64_t size, uint64_t alignment) {
  const AccountNumber account = current_account().number();
  const VirtAddr start = CAIRN_TRY(in_address_space([&](KernelAddressSpace& s) {
    return code_memory(s).reserve(guest_addresses_start(), guest_addresses_end(), size, alignment, account);
  }));
  uint64_t prepared = 0;
  const bool done = for_each_portion(start, size, [&](VirtAddr at, uint64_t bytes) {
    if (!(*space).with([&](KernelAddressSpace& s) { return code_memory(s).prepare(at, bytes); })) return false;
    prepared += bytes;
    return true;
  });
  if (done) return std::span(start.as_pointer(), size);
  release_code({start.as_pointer(), prepared});
  return in_address_space([&](KernelAddressSpace& s) -> SpaceResult<std::span<std::byte>> {
    return std::unexpected(SpaceFailure{SpaceFailure::Kind::memory, size, s.available_bytes(account)});
  });
}
void seal_code(std::span<std::byte> code, uint64_t text) {
  const VirtAddr start = VirtAddr::of(code.data());
  const auto seal = [&](VirtAddr at, uint64_t bytes) {
    const uint64_t end = start.value + text;
    const uint64_t executable = at.value >= end ? 0 : std::min(bytes, end - at.value);
    (*space).with([&](KernelAddressSpace& s) { code_memory(s).seal(at, bytes, executable); });
    return true;
  };
  (void)for_each_portion(start, code.size(), seal);
}
void release_code(std::span<std::byte> code) {
  const VirtAddr start = VirtAddr::of(code.data());
  (void)for_each_portion(start, code.size(), [&](VirtAddr at, uint64_t bytes) {
    (*space).with([&](KernelAddressSpace& s) { code_memory(s).take_back(at, bytes); });
    return true;
  });
  release(start);
}

namespace {

// The heap's part of an operation's record.
Heap::Operation& operation_of(OperationRecord& record) {
  return *std::launder(reinterpret_cast<Heap::Operation*>(record.allocator.data()));
}

}  // namespace

void* allocate_bytes(size_t size, size_t alignment, Claim claim) {
  CAIRN_ASSERT(ready && !held_locks().has_spin_lock());
  if (frames.must_fail(claim)) return nullptr;
  OperationRecord* const record = operation_current();
  Heap::Operation* const operation = record != nullptr ? &operation_of(*record) : nullptr;
  MemoryAccount& account = current_account();
  void* result = (*heap).with([&](Heap& h) { return h.allocate(size, alignment, claim, operation, account); });
  if (claim == Claim::last && account.was_exceeded() && exceeding_call != nullptr) exceeding_call();
  if (result != nullptr || size <= Heap::kLargestSmall || size >= uint64_t{1} << 40) return result;
  // There may be no contiguous frames for a large block, so pages are mapped instead. They are filled at once, because
  // code that holds a spin lock may access the heap, and must not fault. The result is the start of a page or, in an
  // operation, the end of the header at the start of a page. So greater alignments are refused.
  const size_t header = operation != nullptr ? Heap::kBlockHeader : 0;
  if (alignment > (operation != nullptr ? Heap::kBlockHeader : kPageSize)) return nullptr;
  (*space).with([&](KernelAddressSpace& s) {
    const uint64_t bytes = align_up(size + header, kPageSize);
    if (const auto start = map_pages(s, bytes, claim)) {
      s.fill(*start, bytes);
      result = start->as_pointer();
    }
  });
  if (result == nullptr || operation == nullptr) return result;
  return (*heap).with([&](Heap&) { return Heap::adopt_mapped(static_cast<std::byte*>(result), *operation); });
}

// --- Operations (base/operation.hpp).

void begin_operation(OperationRecord& record) {
  static_assert(sizeof(Heap::Operation) <= sizeof record.allocator);
  std::construct_at(reinterpret_cast<Heap::Operation*>(record.allocator.data()));
}
void keep_operation(OperationRecord& record) {
  while ((*heap).with([&](Heap& h) { return h.keep_portion(operation_of(record)); })) {
  }
}
void drop_operation(OperationRecord& record) {
  // Blocks must not be unmapped under the heap's lock, so they are linked by their first words until the lock is
  // released.
  struct Link {
    Link* next;
  };
  Link* mapped = nullptr;
  while ((*heap).with([&](Heap& h) {
    return h.drop_portion(operation_of(record), [&](std::byte* block) { mapped = new (block) Link{mapped}; });
  })) {
  }
  while (mapped != nullptr) {
    const VirtAddr block = VirtAddr::of(std::exchange(mapped, mapped->next));
    release(block);
  }
}

void end_without_memory(void (*end)(size_t size)) { out_of_memory_end = end; }

[[noreturn]] void out_of_memory(size_t size) {
  if (out_of_memory_end != nullptr) out_of_memory_end(size);
  panic("out of memory: the kernel's heap cannot grow");
}

void free_bytes(void* pointer) {
  if (pointer == nullptr) return;
  CAIRN_ASSERT(!held_locks().has_spin_lock());
  const VirtAddr address = VirtAddr::of(pointer);
  if (address.value >= layout::kKernelRegions && address.value < layout::kKernelRegionsEnd) {
    const VirtAddr start{align_down(address.value, kPageSize)};
    // A block with a header was allocated in an operation.
    if (start != address) (*heap).with([&](Heap&) { Heap::forget_mapped(start.as_pointer()); });
    release(start);
  } else {
    (*heap).with([&](Heap& h) { h.free(pointer); });
  }
}

bool is_memory_ready() { return ready; }
std::optional<Translation> translate(VirtAddr address) {
  return ready ? (*page_table).translate(address) : std::nullopt;
}

// --- Accounts.

MemoryAccount& current_account() {
  MemoryAccount* const account = this_context().account;
  return account != nullptr ? *account : frames.accounts().system();
}
AccountScope::AccountScope(MemoryAccount* account) : previous_(this_context().account) {
  CAIRN_ASSERT(this_context().operation == nullptr);
  this_context().account = account;
}
AccountScope::~AccountScope() {
  CAIRN_ASSERT(this_context().operation == nullptr);
  this_context().account = previous_;
}

bool add_account(MemoryAccount& account) { return frames.add(account); }
void remove_account(MemoryAccount& account) { frames.remove(account); }
bool promise_minimum(MemoryAccount& account, uint64_t bytes) {
  return frames.set_minimum(account, (bytes >> kPageBits) + ((bytes & (kPageSize - 1)) != 0 ? 1 : 0));
}
uint64_t release_unused(MemoryAccount& account) {
  return (*heap).with([&](Heap& h) {
    h.release_empty_slabs(account);
    return Heap::used(account);
  });
}
AccountState state_of(const MemoryAccount& account) { return frames.state_of(account); }
size_t read_accounts(std::span<AccountState> states) { return frames.read_accounts(states); }
void after_exceeding(void (*call)()) { exceeding_call = call; }

bool accounts_are_exact() {
  return (*space).with([](KernelAddressSpace& s) {
    return (*heap).with([&](Heap& h) {
      const uint64_t pages_and_heap = (s.committed_total() + h.footprint()) >> kPageBits;
      return frames.accounts_are_exact(pages_and_heap);
    });
  });
}

MemoryStatistics memory_statistics() {
  MemoryStatistics statistics{};
  frames.with([&](FrameSource::State& s) {
    statistics.total = s.frames.total_frames() << kPageBits;
    statistics.free = s.frames.free_frames() << kPageBits;
    statistics.promised = s.promised << kPageBits;
  });
  (*heap).with([&](Heap& h) {
    statistics.heap = h.footprint();
    statistics.heap_used = h.used();
  });
  (*space).with([&](KernelAddressSpace& s) {
    statistics.committed = s.committed_total();
    statistics.filled = s.filled_total();
    statistics.reservations = s.reservation_count();
    statistics.segments = s.segment_count();
    statistics.nodes = s.node_frames() << kPageBits;
  });
  return statistics;
}

bool promises_are_exact() {
  return (*space).with([](KernelAddressSpace& s) { return s.recount() == frames.promised(); });
}
InjectedFailure& injected_failure() { return frames.injected_failure(); }

}  // namespace cairn::kernel

namespace cairn {

void* enter_system_account() {
  CAIRN_ASSERT(kernel::this_context().operation == nullptr);
  return std::exchange(kernel::this_context().account, nullptr);
}
void leave_system_account(void* previous) {
  CAIRN_ASSERT(kernel::this_context().operation == nullptr);
  kernel::this_context().account = static_cast<kernel::MemoryAccount*>(previous);
}

OperationRecord* operation_current() { return kernel::this_context().operation; }

void operation_begin(OperationRecord& record) {
  record.limit_bytes = kernel::frame_source().most_for(kernel::current_account()) << kernel::kPageBits;
  kernel::begin_operation(record);
  kernel::this_context().operation = &record;
}

void operation_keep(OperationRecord& record) {
  kernel::this_context().operation = nullptr;
  kernel::keep_operation(record);
}

void operation_drop(OperationRecord& record) {
  kernel::this_context().operation = nullptr;
  kernel::drop_operation(record);
}
}  // namespace cairn

void* operator new(size_t size) { return operator new(size, std::align_val_t(16)); }
void* operator new(size_t size, std::align_val_t alignment) {
  using cairn::kernel::Claim;
  cairn::OperationRecord* const operation = cairn::operation_current();
  void* result = cairn::kernel::allocate_bytes(size, static_cast<size_t>(alignment),
                                               operation != nullptr ? Claim::fallible : Claim::last);
  if (result != nullptr) return result;
  if (operation != nullptr) cairn::operation_fail(*operation, size);
  cairn::kernel::out_of_memory(size);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::align_val_t(16), std::nothrow);
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return cairn::kernel::allocate_bytes(size, static_cast<size_t>(alignment), cairn::kernel::Claim::fallible);
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new[](size_t size, std::align_val_t alignment) { return operator new(size, alignment); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return operator new(size, std::nothrow); }
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return operator new(size, alignment, std::nothrow);
}
void operator delete(void* pointer) noexcept { cairn::kernel::free_bytes(pointer); }
void operator delete(void* pointer, size_t) noexcept { cairn::kernel::free_bytes(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { cairn::kernel::free_bytes(pointer); }
void operator delete(void* pointer, size_t, std::align_val_t) noexcept { cairn::kernel::free_bytes(pointer); }
void operator delete[](void* pointer) noexcept { cairn::kernel::free_bytes(pointer); }
void operator delete[](void* pointer, size_t) noexcept { cairn::kernel::free_bytes(pointer); }
void operator delete[](void* pointer, std::align_val_t) noexcept { cairn::kernel::free_bytes(pointer); }
void operator delete[](void* pointer, size_t, std::align_val_t) noexcept { cairn::kernel::free_bytes(pointer); }
