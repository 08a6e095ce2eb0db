// Standard input of a program that can be asked to stop.
#pragma once

#include <algorithm>
#include <atomic>
#include <utility>

#include "runtime/time_limit.hpp"
#include "wasi/context.hpp"

namespace cairn::wasi {

// The time between two looks at a request to stop, in nanoseconds.
inline constexpr uint64_t kStopPause = 20'000'000;

// A stream of another descriptor that ends when the program is asked to stop.
class StopFile final : public File {
 public:
  // The flag must outlive the file.
  StopFile(Ref<Descriptor> source, const std::atomic<uint32_t>& stop) : source_(std::move(source)), stop_(stop) {}

  [[nodiscard]] bool is_stream() const override { return true; }
  WasiResult<size_t> read(uint64_t, std::span<std::byte> buffer) override {
    if (!wait_readable(std::nullopt)) return std::unexpected(Errno::intr);
    return is_asked() ? 0 : source_->file->read(0, buffer);
  }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override {
    return source_->file->write(0, bytes);
  }
  WasiResult<FileStat> stat() override { return source_->file->stat(); }
  Errno set_size(uint64_t size) override { return source_->file->set_size(size); }
  Errno allocate(uint64_t offset, uint64_t length) override { return source_->file->allocate(offset, length); }
  Errno set_times(const SetTimes& times) override { return source_->file->set_times(times); }
  Errno sync() override { return source_->file->sync(); }
  bool wait_readable(std::optional<uint64_t> deadline) override {
    for (;;) {
      if (is_asked()) return true;
      const uint64_t now = platform::Platform::nanoseconds();
      const uint64_t turn = now + kStopPause;
      if (source_->file->wait_readable(std::min(deadline.value_or(turn), turn))) return true;
      if (runtime::TimeLimit::is_over() || (deadline && *deadline <= now)) return false;
    }
  }
  uint64_t readable_bytes() override { return is_asked() ? 0 : source_->file->readable_bytes(); }

 private:
  [[nodiscard]] bool is_asked() const { return stop_.load(std::memory_order_acquire) != 0; }

  Ref<Descriptor> source_;
  const std::atomic<uint32_t>& stop_;
};

}  // namespace cairn::wasi
