// poll_oneoff, which really waits, and the socket functions, which always fail.
#include <algorithm>

#include "base/try_vector.hpp"
#include "runtime/time_limit.hpp"
#include "wasi/functions.hpp"

namespace cairn::wasi {

namespace {

enum class EventType : uint8_t { clock = 0, fd_read = 1, fd_write = 2 };

struct Subscription {
  uint64_t userdata = 0;
  EventType type = EventType::clock;
  Ref<Descriptor> descriptor;  // for EventType::fd_read and fd_write; null if `error` is not success
  uint64_t deadline = 0;       // nanoseconds of the monotonic clock; only for EventType::clock
  Errno error = Errno::success;
};

struct Layout {
  uint32_t size, clock_id, timeout, flags;  // size of a subscription in bytes, and offsets of its fields
};
constexpr Layout kPreview1{48, 16, 24, 40};
constexpr Layout kUnstable{56, 24, 32, 48};
constexpr uint16_t kAbsolute = 1;
constexpr uint32_t kMaximumSubscriptions = 4096;

// Returns the time on the monotonic clock at which a clock subscription is due.
WasiResult<uint64_t> deadline_of(Call& call, uint32_t clock, uint64_t timeout, uint16_t flags) {
  if (clock > static_cast<uint32_t>(ClockId::thread_cputime) || (flags & ~kAbsolute) != 0) {
    return std::unexpected(Errno::inval);
  }
  const uint64_t now = call.context.system().now(ClockId::monotonic);
  uint64_t wait = timeout;
  if ((flags & kAbsolute) != 0) {
    const uint64_t current = time_of(call, static_cast<ClockId>(clock));
    wait = timeout > current ? timeout - current : 0;
  }
  return wait > ~uint64_t{0} - now ? ~uint64_t{0} : now + wait;
}

WasiResult<Subscription> load(Call& call, Pointer at, const Layout& layout) {
  Record<kUnstable.size> fields;
  if (const Errno error = fields.read(call.memory, at, layout.size); error != Errno::success)
    return std::unexpected(error);
  Subscription result;
  result.userdata = fields.get<uint64_t>(0);
  const auto type = fields.get<uint8_t>(8);
  if (type > static_cast<uint8_t>(EventType::fd_write)) return std::unexpected(Errno::inval);
  result.type = static_cast<EventType>(type);
  if (result.type == EventType::clock) {
    auto deadline = deadline_of(call, fields.get<uint32_t>(layout.clock_id), fields.get<uint64_t>(layout.timeout),
                                fields.get<uint16_t>(layout.flags));
    if (deadline) {
      result.deadline = *deadline;
    } else {
      result.error = deadline.error();
    }
  } else {
    auto descriptor = call.context.get_file(fields.get<uint32_t>(16), rights::poll_fd_readwrite);
    if (descriptor) {
      result.descriptor = *std::move(descriptor);
    } else {
      result.error = descriptor.error();
    }
  }
  return result;
}

}  // namespace

Errno poll_oneoff(Call& call, Pointer subscriptions, Pointer events, uint32_t count, Pointer event_count) {
  if (count == 0) return Errno::inval;
  if (count > kMaximumSubscriptions) return Errno::inval;
  const Layout& layout = call.snapshot == Snapshot::unstable ? kUnstable : kPreview1;
  System& system = call.context.system();
  // Both arrays are checked before the call waits.
  if (const Errno error = call.memory.check(subscriptions, uint64_t{count} * layout.size); error != Errno::success)
    return error;
  if (const Errno error = call.memory.check(events, uint64_t{count} * 32); error != Errno::success) return error;
  TryVector<Subscription> pending;
  if (!pending.try_reserve(count)) return Errno::nomem;
  for (uint32_t i = 0; i < count; ++i) {
    auto subscription = load(call, subscriptions + i * layout.size, layout);
    if (!subscription) return subscription.error();
    pending.push_back_within_capacity(*std::move(subscription));
  }

  const auto file_of = [&](const Subscription& s) -> File& { return *s.descriptor->file; };
  const auto is_ready = [&](const Subscription& s) {
    if (s.error != Errno::success) return true;
    switch (s.type) {
      case EventType::clock: return system.now(ClockId::monotonic) >= s.deadline;
      case EventType::fd_read: return !file_of(s).is_stream() || file_of(s).wait_readable(0);
      case EventType::fd_write: return file_of(s).is_writable();
    }
    return true;
  };

  // The loop waits for the first subscription that becomes ready. wait_readable() waits for one stream only, and
  // nothing waits until a stream can be written. So in these cases the loop waits at most kTurn nanoseconds before it
  // checks all streams again.
  while (std::ranges::none_of(pending, is_ready)) {
    if (runtime::TimeLimit::is_over()) return Errno::intr;
    std::optional<uint64_t> deadline;
    File* stream = nullptr;
    size_t streams = 0;
    bool writes = false;
    for (const Subscription& s : pending) {
      if (s.type == EventType::clock) {
        deadline = std::min(deadline.value_or(~uint64_t{0}), s.deadline);
      } else if (s.type == EventType::fd_read) {
        stream = &file_of(s);
        ++streams;
      } else {
        writes = true;
      }
    }
    constexpr uint64_t kTurn = 1'000'000;
    if (streams > 1 || writes)
      deadline = std::min(deadline.value_or(~uint64_t{0}), system.now(ClockId::monotonic) + kTurn);
    if (stream != nullptr) {
      stream->wait_readable(deadline);
    } else if (deadline) {
      system.sleep_until(*deadline);
    }
  }

  uint32_t ready = 0;
  for (const Subscription& s : pending) {
    if (!is_ready(s)) continue;
    Record<32> event;
    event.set(0, s.userdata);
    event.set(8, static_cast<uint16_t>(s.error));
    event.set(10, static_cast<uint8_t>(s.type));
    if (s.error == Errno::success && s.type == EventType::fd_read) event.set(16, file_of(s).readable_bytes());
    // The number of bytes is nominal.
    if (s.error == Errno::success && s.type == EventType::fd_write) event.set(16, uint64_t{65536});
    if (Errno error = event.write(call.memory, events + ready * 32); error != Errno::success) return error;
    ++ready;
  }
  return call.memory.store(event_count, ready);
}

namespace {
// There is no network: a descriptor is never a socket.
Errno not_a_socket(Call& call, uint32_t fd) {
  auto descriptor = call.context.get(fd, 0);
  return descriptor ? Errno::notsock : descriptor.error();
}
}  // namespace

Errno sock_accept(Call& call, uint32_t fd, uint32_t, Pointer) { return not_a_socket(call, fd); }
Errno sock_recv(Call& call, uint32_t fd, Pointer, uint32_t, uint32_t, Pointer, Pointer) {
  return not_a_socket(call, fd);
}
Errno sock_send(Call& call, uint32_t fd, Pointer, uint32_t, uint32_t, Pointer) { return not_a_socket(call, fd); }
Errno sock_shutdown(Call& call, uint32_t fd, uint32_t) { return not_a_socket(call, fd); }

}  // namespace cairn::wasi
