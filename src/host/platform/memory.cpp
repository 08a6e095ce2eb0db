// Implements the platform's functions for address space, stacks and code with mmap.
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "base/assert.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "platform/injection.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::platform {

namespace {

std::unexpected<Error> no_memory(std::string_view doing, size_t bytes, std::string_view what, int reason) {
  return fail(make_error([&] {
    return Error::of(ErrorKind::resource, "cannot " + std::string(doing) + " " + decimal(uint64_t{bytes}) +
                                              " bytes of " + std::string(what) + ": " + std::strerror(reason));
  }));
}

// Maps fresh memory. `what` names the memory in the error.
Result<std::span<std::byte>> map(size_t bytes, int protection, std::string_view what) {
  void* address = injected_failure()
                      ? MAP_FAILED
                      : mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return no_memory("reserve", bytes, what, errno);
  count_mapping(1);
  return std::span(static_cast<std::byte*>(address), bytes);
}

void unmap(std::byte* address, size_t bytes) {
  if (bytes == 0) return;
  count_mapping(-1);
  CAIRN_ASSERT(munmap(address, bytes) == 0);
}

}  // namespace

// On x86-64, Linux gives a process 2^47 bytes. On RISC-V, every Linux has at least Sv39, whose lower half of 2^38 bytes
// belongs to the process [riscv-priv 10.4.1]; some machines have no more.
uint64_t Platform::address_space() {
  return uint64_t{1} << (kArchitecture == compiler::Architecture::x86_64 ? 47 : 38);
}

Result<std::span<std::byte>> Platform::reserve(size_t bytes) { return map(bytes, PROT_NONE, "address space"); }

Result<void> Platform::commit(std::span<std::byte> pages) {
  if (injected_failure() || mprotect(pages.data(), pages.size(), PROT_READ | PROT_WRITE) != 0) {
    return no_memory("commit", pages.size(), "memory", errno);
  }
  return {};
}

void Platform::decommit(std::span<std::byte> pages) {
  if (pages.empty()) return;
  // Maps fresh pages in place of the old ones.
  void* address =
      mmap(pages.data(), pages.size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  CAIRN_ASSERT(address == pages.data());
}

void Platform::release(std::span<std::byte> reservation) { unmap(reservation.data(), reservation.size()); }

Result<std::span<std::byte>> Platform::allocate_stack(size_t bytes) {
  const size_t guard = runtime::kStackGuardBytes;
  std::span<std::byte> mapping = CAIRN_TRY(map(bytes + guard, PROT_READ | PROT_WRITE, "stack"));
  if (mprotect(mapping.data(), guard, PROT_NONE) != 0) {
    unmap(mapping.data(), mapping.size());
    return no_memory("guard", guard, "stack", errno);
  }
  return mapping.subspan(guard);
}

void Platform::release_stack(std::span<std::byte> stack) {
  unmap(stack.data() - runtime::kStackGuardBytes, stack.size() + runtime::kStackGuardBytes);
}

Result<std::span<std::byte>> Platform::allocate_code(size_t bytes) {
  const size_t rounded = (bytes + kPageSize - 1) & ~(kPageSize - 1);
  return map(rounded, PROT_READ | PROT_WRITE, "code");
}

bool Platform::seal_code(std::span<std::byte> mapping, size_t text_bytes) {
  const size_t text = (text_bytes + kPageSize - 1) & ~(kPageSize - 1);
  // mprotect() splits the mapping in two, for which the system may have no memory.
  if (text < mapping.size() && mprotect(mapping.data() + text, mapping.size() - text, PROT_READ) != 0) return false;
  if (text != 0 && mprotect(mapping.data(), text, PROT_READ | PROT_EXEC) != 0) return false;
  __builtin___clear_cache(reinterpret_cast<char*>(mapping.data()),
                          reinterpret_cast<char*>(mapping.data() + text_bytes));
  return true;
}

void Platform::release_code(std::span<std::byte> mapping) { unmap(mapping.data(), mapping.size()); }

}  // namespace cairn::platform
