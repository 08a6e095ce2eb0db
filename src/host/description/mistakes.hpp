// The mistakes that were found in a system file (docs/manual/systems.md), each with its position.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "host/description/position.hpp"

namespace cairn::host {

class Mistakes {
 public:
  // Control characters in `text`, which may quote the file, become question marks, so that a mistake is one line.
  void add(Position position, std::string text);
  [[nodiscard]] bool empty() const { return all_.empty(); }

  // Returns one line `FILE:LINE:COLUMN: TEXT` for each mistake, in the order of their positions. `file` is the file's
  // name.
  [[nodiscard]] std::string to_string(std::string_view file) const;
  // Returns the same lines as the message of an Error of kind malformed.
  [[nodiscard]] Error to_error(std::string_view file) const;

 private:
  struct Mistake {
    Position position;
    std::string text;
  };
  std::vector<Mistake> all_;
};

}  // namespace cairn::host
