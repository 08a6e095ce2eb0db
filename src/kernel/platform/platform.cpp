#include "platform/platform.hpp"

#include <algorithm>
#include <new>

#include "abi/host_stack.hpp"
#include "kernel/cpu_features.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/guest_stack.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/trap.hpp"
#include "runtime/platform.hpp"

namespace cairn::platform {
namespace {

using kernel::KernelAddressSpace;
using kernel::SpaceResult;
using kernel::VirtAddr;

std::span<std::byte> as_span(VirtAddr start, size_t size) { return {start.as_pointer(), size}; }

// Large reservations start at a large page's boundary, so that large pages fit.
uint64_t alignment_for(size_t bytes) {
  return bytes >= kernel::kLargePageSize ? kernel::kLargePageSize : KernelAddressSpace::kGroup;
}

std::span<std::byte> whole_pages(std::span<std::byte> part) {
  return {part.data(), kernel::align_up(part.size(), Platform::kPageSize)};
}

void release_at(const std::byte* start) { kernel::release(VirtAddr::of(start)); }

}  // namespace

static_assert(runtime::PlatformContract<Platform>);
static_assert(kernel::kStackGroup >= abi::kGuestStackReserve);

uint64_t Platform::address_space() {
  return kernel::guest_addresses_end().value - kernel::guest_addresses_start().value;
}

Result<std::span<std::byte>> Platform::reserve(size_t bytes) {
  kernel::log_trace(kernel::Subsystem::memory, "reserve ", bytes, " bytes");
  return kernel::in_address_space([&](KernelAddressSpace& space) -> SpaceResult<std::span<std::byte>> {
    return as_span(CAIRN_TRY(space.reserve(kernel::guest_addresses_start(), kernel::guest_addresses_end(), bytes,
                                           alignment_for(bytes), kernel::charge_for(kernel::Use::memory))),
                   bytes);
  });
}

Result<void> Platform::commit(std::span<std::byte> pages) {
  kernel::log_trace(kernel::Subsystem::memory, "commit ", pages.size(), " bytes at ",
                    kernel::Hex{kernel::VirtAddr::of(pages.data()).value});
  return kernel::in_address_space([&](KernelAddressSpace& space) {
    const VirtAddr start = VirtAddr::of(pages.data());
    // A reservation that was kept for reuse (AddressPool) may have been made for another program.
    space.recharge(start, kernel::charge_for(kernel::Use::memory));
    return space.commit(start, pages.size(), {.write = true});
  });
}

void Platform::decommit(std::span<std::byte> pages) {
  kernel::log_trace(kernel::Subsystem::memory, "decommit ", pages.size(), " bytes at ",
                    kernel::Hex{kernel::VirtAddr::of(pages.data()).value});
  kernel::decommit(VirtAddr::of(pages.data()), pages.size());
}

void Platform::release(std::span<std::byte> reservation) {
  if (!reservation.empty()) release_at(reservation.data());
}

Result<std::span<std::byte>> Platform::allocate_stack(size_t bytes) {
  constexpr size_t kGuard = runtime::kStackGuardBytes;
  return kernel::in_address_space([&](KernelAddressSpace& space) -> SpaceResult<std::span<std::byte>> {
    const VirtAddr start =
        CAIRN_TRY(space.reserve(kernel::guest_addresses_start(), kernel::guest_addresses_end(), kGuard + bytes,
                                alignment_for(bytes), kernel::charge_for(kernel::Use::stacks)));
    if (auto done = kernel::begin_stack(space, start + kGuard, bytes); !done) {
      space.release(start);
      return std::unexpected(done.error());
    }
    return as_span(start + kGuard, bytes);
  });
}
void Platform::release_stack(std::span<std::byte> stack) {
  if (!stack.empty()) release_at(stack.data() - runtime::kStackGuardBytes);
}

Result<std::span<std::byte>> Platform::allocate_code(size_t bytes) {
  const size_t size = kernel::align_up(bytes, kPageSize);
  return CAIRN_TRY(kernel::allocate_code(size, alignment_for(size))).first(bytes);
}

bool Platform::seal_code(std::span<std::byte> mapping, size_t text_bytes) {
  kernel::seal_code(whole_pages(mapping), kernel::align_up(text_bytes, kPageSize));
  return true;
}

void Platform::release_code(std::span<std::byte> mapping) {
  if (!mapping.empty()) kernel::release_code(whole_pages(mapping));
}

runtime::Activation* Platform::activation() { return kernel::this_context().activation; }
void Platform::set_activation(runtime::Activation* activation) { kernel::this_context().activation = activation; }
void Platform::prepare_thread() { kernel::set_fault_handler(runtime::resolve_fault); }

runtime::ParkResult Platform::park(std::atomic<uint32_t>& word, std::optional<uint64_t> nanoseconds) {
  std::optional<uint64_t> deadline;
  if (nanoseconds) {
    uint64_t end;
    deadline = __builtin_add_overflow(kernel::nanoseconds_since_boot(), *nanoseconds, &end) ? ~uint64_t{0} : end;
  }
  // The wake-up may come from an unpark() of an earlier word at this address. Then the fiber waits again.
  for (;;) {
    const runtime::ParkResult result = kernel::park(word, deadline, kernel::EndsWithTime::yes);
    if (result != runtime::ParkResult::unparked || word.load(std::memory_order_acquire) != 0) return result;
  }
}

void Platform::unpark(std::atomic<uint32_t>& word) { kernel::unpark(word); }

void Platform::block(std::atomic<uint32_t>& word) {
  while (word.load(std::memory_order_acquire) == 0) (void)kernel::park(word, std::nullopt);
}

bool Platform::go_on() { return !kernel::is_over_limit(); }

const std::byte* Platform::host_stack_limit() { return kernel::this_context().stack.data(); }

uint64_t Platform::nanoseconds() { return kernel::nanoseconds_since_boot(); }

void Platform::resume(const void* pc, const std::byte* stack_pointer) {
#if defined(__x86_64__)
  asm volatile("movq %0, %%rsp; jmpq *%1" : : "r"(stack_pointer), "r"(pc) : "memory");
#else
  asm volatile("mv sp, %0; jr %1" : : "r"(stack_pointer), "r"(pc) : "memory");
#endif
  __builtin_unreachable();
}

compiler::CpuFeatures Platform::cpu_features() {
  static const compiler::CpuFeatures features = kernel::detect_cpu_features();
  return features;
}

}  // namespace cairn::platform
