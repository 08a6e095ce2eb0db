// A directory with WASI's functions over it, and what came of a call there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "files/operation.hpp"
#include "wasi/fake_system.hpp"
#include "wasi/functions.hpp"

namespace cairn::fuzz {

// What the caller learns: an error number, and everything else as text.
struct Outcome {
  wasi::Errno error = wasi::Errno::success;
  std::string text;
  uint64_t count = 0;  // bytes read or written

  bool operator==(const Outcome&) const = default;
  [[nodiscard]] std::string to_string() const;
};

// The text of a stat, in the worlds and in the model: what does not depend on the file system's kind.
std::string stat_text(wasi::FileType type, uint64_t links, uint64_t size);
// The times of a stat that were set; reading a link while a path is walked sets its time of access anew, on Linux.
std::string times_text(wasi::FileType type, uint64_t access, uint64_t modification);
std::string listing_text(std::vector<std::string> entries);

class World {
 public:
  World(wasi::System& system, std::unique_ptr<wasi::Directory> root);
  Outcome perform(const Operation& op);
  // In the next operation the allocation after `count` others fails, if there are so many. Builds without debugging
  // know no such failures.
  void fail_allocation_after(uint32_t count) { fails_at_ = count + 1; }
  // Whether one has failed in the last operation.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  // Closes everything but the root.
  void close_all();

 private:
  Outcome perform_call(const Operation& op);
  // Calls a WASI function, in which alone allocations fail.
  template <class Function, class... Arguments>
  wasi::Errno call(Function function, Arguments... arguments);
  void put_text(wasi::Pointer at, const std::string& text);
  template <class T>
  T get(wasi::Pointer at);
  Outcome stat_outcome(wasi::Errno error, bool with_times);
  Outcome list(const Operation& op);

  wasi::Context context_;
  std::vector<std::byte> memory_;
  wasi::Call call_;
  uint64_t fails_at_ = 0;  // 0: none
  bool has_failed_ = false;
};

}  // namespace cairn::fuzz
