// A standard stream for programs that have nothing to read, or whose output is not wanted.
#pragma once

#include "wasi/interface/file.hpp"

namespace cairn::wasi {

// A stream that is empty and discards what is written.
class NullFile final : public File {
 public:
  [[nodiscard]] bool is_stream() const override { return true; }
  WasiResult<size_t> read(uint64_t, std::span<std::byte>) override { return size_t{0}; }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override { return bytes.size(); }
  WasiResult<FileStat> stat() override { return FileStat{.type = FileType::character_device}; }
  Errno set_size(uint64_t) override { return Errno::inval; }
  Errno allocate(uint64_t, uint64_t) override { return Errno::spipe; }
  Errno set_times(const SetTimes&) override { return Errno::inval; }
  Errno sync() override { return Errno::success; }
  bool wait_readable(std::optional<uint64_t>) override { return true; }
  uint64_t readable_bytes() override { return 0; }
};

}  // namespace cairn::wasi
