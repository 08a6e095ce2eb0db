// A standard stream of one of several programs, whose lines begin with the program's name.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "wasi/interface/file.hpp"
#include "wasi/supervision/marked_lines.hpp"

namespace cairn::wasi {

// Line is a MarkedLine with a lock, because all programs write to the stream: Locked (base/sync/locked.hpp) or Guarded
// (runtime/guarded.hpp). `line` and `name` must outlive the file.
template <class Line>
class MarkedFile final : public File {
 public:
  MarkedFile(std::unique_ptr<File> file, Line& line, std::string_view name)
      : file_(std::move(file)), line_(line), name_(name) {}

  [[nodiscard]] bool is_stream() const override { return true; }
  WasiResult<size_t> read(uint64_t offset, std::span<std::byte> buffer) override { return file_->read(offset, buffer); }
  WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override {
    return line_.with([&](MarkedLine& line) {
      return write_marked_lines(line, name_, bytes,
                                [&](std::span<const std::byte> text) { return file_->write(0, text); });
    });
  }
  WasiResult<FileStat> stat() override { return file_->stat(); }
  Errno set_size(uint64_t size) override { return file_->set_size(size); }
  Errno allocate(uint64_t offset, uint64_t length) override { return file_->allocate(offset, length); }
  Errno set_times(const SetTimes& times) override { return file_->set_times(times); }
  Errno sync() override { return file_->sync(); }
  bool wait_readable(std::optional<uint64_t> deadline) override { return file_->wait_readable(deadline); }
  uint64_t readable_bytes() override { return file_->readable_bytes(); }

 private:
  std::unique_ptr<File> file_;
  Line& line_;
  std::string_view name_;
};

}  // namespace cairn::wasi
