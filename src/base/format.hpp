// Numbers as text, without <format> and locales, which a kernel does not have.
#pragma once

#include <cstdint>
#include <string>

namespace cairn {

std::string decimal(uint64_t value);
std::string decimal(int64_t value);
inline std::string decimal(uint32_t value) { return decimal(uint64_t{value}); }
inline std::string decimal(int32_t value) { return decimal(int64_t{value}); }

// "0x" and lower-case digits, at least `digits` of them.
std::string hex(uint64_t value, unsigned digits = 1);

// A time in nanoseconds in whole seconds or, when it is none, milliseconds: "2 s", "1500 ms".
std::string duration(uint64_t nanoseconds);

}  // namespace cairn
