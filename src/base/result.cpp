#include "base/result.hpp"

#include "base/format.hpp"

namespace cairn {

std::string Error::to_string() const {
  if (!has_offset) return message;
  return message + " (at offset " + hex(offset) + ")";
}

}  // namespace cairn
