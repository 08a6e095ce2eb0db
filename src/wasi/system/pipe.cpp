#include "wasi/system/pipe.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "base/ref.hpp"
#include "base/try_vector.hpp"
#include "runtime/guarded.hpp"
#include "runtime/time_limit.hpp"

namespace cairn::wasi {
namespace {

using platform::Platform;

// A wait is repeated after this many nanoseconds, so the platform does not take it for a deadlock.
constexpr uint64_t kTurn = 1'000'000'000;
// Other threads write to and read from this many bytes of guest memory while the pipe's lock is not held.
constexpr size_t kPiece = 2048;

enum class End : uint8_t { reader, writer };

class Pipe final : public RefCounted {
 public:
  [[nodiscard]] bool create(size_t capacity) {
    return state_.with([&](State& state) { return state.bytes.try_resize(capacity); });
  }

  WasiResult<size_t> read(std::span<std::byte> to) {
    if (to.empty()) return 0;
    // Guest memory must not be touched while the lock is held, so bytes go through a piece on the stack.
    std::byte piece[kPiece];
    for (;;) {
      const auto taken = state_.with([&](State& state) -> std::optional<size_t> {
        const size_t count = std::min({to.size(), kPiece, state.used});
        if (count == 0 && state.has_writer) return state.begin_wait(can_read_), std::nullopt;
        for (size_t i = 0; i < count; ++i) piece[i] = state.bytes[(state.first + i) % state.bytes.size()];
        state.first = (state.first + count) % state.bytes.size();
        state.used -= count;
        return count;
      });
      if (taken) {
        if (*taken != 0) {
          std::memcpy(to.data(), piece, *taken);
          raise(can_write_);
        }
        return *taken;
      }
      if (!wait(can_read_)) return std::unexpected(Errno::intr);
    }
  }

  WasiResult<size_t> write(std::span<const std::byte> from) {
    std::byte piece[kPiece];
    size_t written = 0;
    while (written != from.size()) {
      const size_t size = std::min(kPiece, from.size() - written);
      std::memcpy(piece, from.data() + written, size);
      for (size_t done = 0; done != size;) {
        const WasiResult<size_t> count = put(std::span(piece).subspan(done, size - done));
        if (!count) return written == 0 ? count : written;
        if (*count == 0 && !wait(can_write_)) {
          if (written == 0) return std::unexpected(Errno::intr);
          return written;
        }
        done += *count;
        written += *count;
      }
    }
    return written;
  }

  bool wait_readable(std::optional<uint64_t> deadline) {
    for (;;) {
      const bool is_ready = state_.with([&](State& state) {
        if (state.used != 0 || !state.has_writer) return true;
        state.begin_wait(can_read_);
        return false;
      });
      if (is_ready) return true;
      const uint64_t now = Platform::nanoseconds();
      if ((deadline && *deadline <= now) || runtime::TimeLimit::is_over()) return false;
      (void)Platform::park(can_read_, deadline ? std::min(kTurn, *deadline - now) : kTurn);
    }
  }
  uint64_t readable_bytes() {
    return state_.with([](const State& state) { return uint64_t{state.used}; });
  }
  bool is_writable() {
    return state_.with([](const State& state) { return state.used != state.bytes.size() || !state.has_reader; });
  }

  // Called when an end is destroyed.
  void close(End end) {
    state_.with([&](State& state) { (end == End::reader ? state.has_reader : state.has_writer) = false; });
    raise(can_read_);
    raise(can_write_);
  }

 private:
  struct State {
    TryVector<std::byte> bytes;
    size_t first = 0, used = 0;  // the place of the next byte to be read, and how many bytes there are
    bool has_reader = true, has_writer = true;

    // A thread that waits lowers the word while it holds the lock, so that no later change is missed.
    static void begin_wait(std::atomic<uint32_t>& word) { word.store(0, std::memory_order_release); }
  };

  // Puts as many bytes as there is room for. If it returns 0, the caller has to wait.
  WasiResult<size_t> put(std::span<const std::byte> from) {
    const auto count = state_.with([&](State& state) -> WasiResult<size_t> {
      if (!state.has_reader) return std::unexpected(Errno::pipe);
      const size_t size = std::min(from.size(), state.bytes.size() - state.used);
      if (size == 0) state.begin_wait(can_write_);
      for (size_t i = 0; i < size; ++i) state.bytes[(state.first + state.used + i) % state.bytes.size()] = from[i];
      state.used += size;
      return size;
    });
    if (count && *count != 0) raise(can_read_);
    return count;
  }

  static bool wait(std::atomic<uint32_t>& word) {
    (void)Platform::park(word, kTurn);
    return !runtime::TimeLimit::is_over();
  }
  static void raise(std::atomic<uint32_t>& word) {
    word.store(1, std::memory_order_release);
    Platform::unpark(word);
  }

  runtime::Guarded<State, LockRank::pipe> state_;
  // 0 while threads wait until the pipe can be read, or written.
  std::atomic<uint32_t> can_read_ = 1, can_write_ = 1;
};

class PipeFile final : public File {
 public:
  PipeFile(Ref<Pipe> pipe, End end) : pipe_(std::move(pipe)), end_(end) {}
  ~PipeFile() override { pipe_->close(end_); }

  [[nodiscard]] bool is_stream() const override { return true; }
  WasiResult<size_t> read(uint64_t, std::span<std::byte> buffer) override {
    if (end_ != End::reader) return std::unexpected(Errno::badf);
    return pipe_->read(buffer);
  }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override {
    if (end_ != End::writer) return std::unexpected(Errno::badf);
    return pipe_->write(bytes);
  }
  WasiResult<FileStat> stat() override { return FileStat{}; }
  Errno set_size(uint64_t) override { return Errno::inval; }
  Errno allocate(uint64_t, uint64_t) override { return Errno::spipe; }
  Errno set_times(const SetTimes&) override { return Errno::success; }
  Errno sync() override { return Errno::success; }
  bool wait_readable(std::optional<uint64_t> deadline) override {
    return end_ != End::reader || pipe_->wait_readable(deadline);
  }
  uint64_t readable_bytes() override { return end_ == End::reader ? pipe_->readable_bytes() : 0; }
  bool is_writable() override { return end_ != End::writer || pipe_->is_writable(); }

 private:
  Ref<Pipe> pipe_;
  End end_;
};

}  // namespace

PipeEnds make_pipe(size_t capacity) {
  const Ref<Pipe> pipe(new (std::nothrow) Pipe);
  if (!pipe || !pipe->create(capacity)) return {};
  PipeEnds ends;
  ends.reader = try_make_unique<PipeFile>(pipe, End::reader);
  if (ends.reader) ends.writer = try_make_unique<PipeFile>(pipe, End::writer);
  if (!ends.writer) ends.reader.reset();
  return ends;
}

}  // namespace cairn::wasi
