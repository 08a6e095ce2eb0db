// Defines those functions of the compiled libraries libc++ and libc++abi that the headers of libc++ and compiled code
// refer to.
#include <__hash_table>
#include <__verbose_abort>
#include <atomic>
#include <cstdint>
#include <exception>
#include <new>

#include "base/assert.hpp"

_LIBCPP_BEGIN_NAMESPACE_STD

// Called where the library would throw. Prints only the format, without its arguments, because the top of the backtrace
// shows which function failed.
[[noreturn]] void __libcpp_verbose_abort(const char* format, ...) noexcept {
  ::cairn::assertion_failed(format, "libc++", 0);
}

// Returns the least prime that is not less than `n` (0 for 0), by trial division by 3 and by odd numbers that are no
// multiples of 3. This is fast enough for sizes of hash tables: a prime near a million takes some 330 divisions.
size_t __next_prime(size_t n) {
  if (n <= 2) return n <= 1 ? n * 2 : 2;
  for (n |= 1;; n += 2) {
    bool prime = n % 3 != 0 || n == 3;
    for (size_t d = 5; prime && d <= n / d; d += 6) prime = n % d != 0 && n % (d + 2) != 0;
    if (prime) return n;
  }
}

_LIBCPP_END_NAMESPACE_STD

// These names belong to libc++abi, so they are in `std` itself and not in libc++'s inline namespace.
namespace std {

const nothrow_t nothrow{};
exception::~exception() noexcept = default;
const char* exception::what() const noexcept { return "std::exception"; }
[[noreturn]] void terminate() noexcept { ::cairn::assertion_failed("std::terminate", "libc++", 0); }

}  // namespace std

extern "C" {

[[noreturn]] void __cxa_pure_virtual() { ::cairn::assertion_failed("pure virtual call", "libc++", 0); }

// Compiled code calls these two functions before and after it initializes a function-local static variable.
// __cxa_guard_acquire returns 1 if the caller has to initialize the variable, and 0 if the variable is initialized. It
// waits while another CPU initializes the variable. Byte 0 of the guard says that the variable is initialized, and byte
// 1 that a CPU is initializing it.
int __cxa_guard_acquire(uint64_t* guard) {
  auto* bytes = reinterpret_cast<uint8_t*>(guard);
  for (;;) {
    if (__atomic_load_n(&bytes[0], __ATOMIC_ACQUIRE) != 0) return 0;
    if (__atomic_exchange_n(&bytes[1], 1, __ATOMIC_ACQUIRE) == 0) break;
  }
  if (__atomic_load_n(&bytes[0], __ATOMIC_ACQUIRE) == 0) return 1;
  __atomic_store_n(&bytes[1], 0, __ATOMIC_RELEASE);
  return 0;
}
void __cxa_guard_release(uint64_t* guard) {
  auto* bytes = reinterpret_cast<uint8_t*>(guard);
  __atomic_store_n(&bytes[0], 1, __ATOMIC_RELEASE);
  __atomic_store_n(&bytes[1], 0, __ATOMIC_RELEASE);
}

}  // extern "C"
