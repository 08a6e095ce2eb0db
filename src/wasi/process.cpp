// The WASI functions for arguments, environment variables, clocks, entropy, yielding and signals.
#include <algorithm>

#include "runtime/time_limit.hpp"
#include "wasi/functions.hpp"

namespace cairn::wasi {

namespace {

// Stores the strings one after the other at `buffer`, each with a NUL, and stores pointers to them at `pointers`.
Errno store_strings(const GuestMemory& memory, const std::vector<std::string>& strings, Pointer pointers,
                    Pointer buffer) {
  uint64_t at = buffer;
  for (size_t i = 0; i < strings.size(); ++i) {
    if (at > 0xffff'ffff) return Errno::fault;
    const std::span with_nul(strings[i].c_str(), strings[i].size() + 1);
    if (Errno error = memory.copy_out(static_cast<Pointer>(at), std::as_bytes(with_nul)); error != Errno::success)
      return error;
    const uint64_t slot = uint64_t{pointers} + 4 * i;
    if (slot > 0xffff'ffff) return Errno::fault;
    if (Errno error = memory.store(static_cast<Pointer>(slot), static_cast<uint32_t>(at)); error != Errno::success) {
      return error;
    }
    at += strings[i].size() + 1;
  }
  return Errno::success;
}

Errno store_sizes(const GuestMemory& memory, const std::vector<std::string>& strings, Pointer count, Pointer size) {
  uint64_t bytes = 0;
  for (const std::string& text : strings) bytes += text.size() + 1;
  if (bytes > 0xffff'ffff) return Errno::overflow;
  if (Errno error = memory.store(count, static_cast<uint32_t>(strings.size())); error != Errno::success) return error;
  return memory.store(size, static_cast<uint32_t>(bytes));
}

}  // namespace

Errno args_get(Call& call, Pointer argv, Pointer buffer) {
  return store_strings(call.memory, call.context.arguments, argv, buffer);
}
Errno args_sizes_get(Call& call, Pointer count, Pointer size) {
  return store_sizes(call.memory, call.context.arguments, count, size);
}
Errno environ_get(Call& call, Pointer environ, Pointer buffer) {
  return store_strings(call.memory, call.context.environment, environ, buffer);
}
Errno environ_sizes_get(Call& call, Pointer count, Pointer size) {
  return store_sizes(call.memory, call.context.environment, count, size);
}

uint64_t time_of(Call& call, ClockId clock) {
  return clock == ClockId::process_cputime ? call.context.threads().cpu_time() : call.context.system().now(clock);
}

Errno clock_res_get(Call& call, uint32_t clock, Pointer resolution) {
  if (clock > static_cast<uint32_t>(ClockId::thread_cputime)) return Errno::inval;
  return call.memory.store(resolution, call.context.system().resolution(static_cast<ClockId>(clock)));
}

Errno clock_time_get(Call& call, uint32_t clock, uint64_t /*precision*/, Pointer time) {
  if (clock > static_cast<uint32_t>(ClockId::thread_cputime)) return Errno::inval;
  return call.memory.store(time, time_of(call, static_cast<ClockId>(clock)));
}

Errno random_get(Call& call, Pointer buffer, uint32_t length) {
  if (const Errno error = call.memory.check(buffer, length); error != Errno::success) return error;
  constexpr uint32_t kPiece = 1 << 16;  // bytes; between two pieces, other threads may run or the program may end
  for (uint32_t done = 0; done < length;) {
    const uint32_t size = std::min(length - done, kPiece);
    auto target = call.memory.span(buffer + done, size);
    if (!target) return target.error();
    const Errno error = call.context.system().fill_random(std::move(*target).as_target());
    if (error != Errno::success) return error;
    done += size;
    if (done != length && !platform::Platform::go_on()) return Errno::intr;
  }
  return Errno::success;
}

Errno sched_yield(Call& call) {
  call.context.system().yield();
  return Errno::success;
}

// A guest cannot handle signals, so raising one could only end the program, which proc_exit does. Like other
// implementations, this one does not support raising.
Errno proc_raise(Call& /*call*/, uint32_t /*signal*/) { return Errno::notsup; }

}  // namespace cairn::wasi
