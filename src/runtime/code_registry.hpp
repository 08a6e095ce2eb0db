// Which code image a program counter lies in. Looked up by fault handlers, so that look-ups take no lock: writers publish a
// new sorted table, and free older ones when nobody is looking.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/guarded.hpp"

namespace cairn::runtime {

class CodeImage;

class CodeRegistry {
 public:
  CodeRegistry() = default;

  void add(const CodeImage& image);
  // The image's code must not be running any more.
  void remove(const CodeImage& image);
  [[nodiscard]] const CodeImage* find(uintptr_t pc) const;
  // How many tables there are, the current one and those that somebody was looking at; for tests.
  [[nodiscard]] size_t tables();

 private:
  using Table = std::vector<const CodeImage*>;  // sorted by address
  void publish(std::unique_ptr<Table> table, std::vector<std::unique_ptr<Table>>& tables);

  Guarded<std::vector<std::unique_ptr<Table>>> tables_;  // the last one is current
  std::atomic<const Table*> current_ = nullptr;
  mutable std::atomic<uint32_t> readers_ = 0;  // threads in find(), each counted before it reads current_
};

}  // namespace cairn::runtime
