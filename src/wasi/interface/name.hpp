// A single name in a directory: neither empty nor "." nor "..", without slashes and NULs, and not too long. A Directory
// takes names only of this type, so that no path bypasses the walk (path.hpp).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "wasi/interface/types.hpp"

namespace cairn::wasi {

// The most bytes of a path and of a link's target, as on Linux. Longer ones give Errno::nametoolong.
constexpr size_t kMaximumPath = 4095;

class Name {
 public:
  static constexpr size_t kMaximum = 255;

  // Fails with Errno::nametoolong, or with Errno::inval if the text is not a single name.
  static WasiResult<Name> create(std::string_view text) {
    if (text.size() > kMaximum) return std::unexpected(Errno::nametoolong);
    if (text.empty() || text == "." || text == ".." || text.find('/') != std::string_view::npos ||
        text.find('\0') != std::string_view::npos) {
      return std::unexpected(Errno::inval);
    }
    return Name(text);
  }
  // Makes an empty Name, which stands for the absence of a name.
  Name() = default;

  [[nodiscard]] bool empty() const { return length_ == 0; }
  [[nodiscard]] std::string_view view() const { return {bytes_, length_}; }
  [[nodiscard]] const char* c_str() const { return bytes_; }

 private:
  explicit Name(std::string_view text) : length_(static_cast<uint8_t>(text.size())) {
    std::memcpy(bytes_, text.data(), text.size());
    bytes_[text.size()] = '\0';
  }

  uint8_t length_ = 0;
  char bytes_[kMaximum + 1] = {};
};

}  // namespace cairn::wasi
