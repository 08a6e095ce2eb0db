// Numbers as text, without <format> and locales, which a kernel does not have.
#pragma once

#include <cstdint>
#include <string>

namespace cairn {

// These functions return the value in decimal digits, after a "-" if it is negative.
std::string decimal(uint64_t value);
std::string decimal(int64_t value);
inline std::string decimal(uint32_t value) { return decimal(uint64_t{value}); }
inline std::string decimal(int32_t value) { return decimal(int64_t{value}); }

// Returns "0x" and the value's lower-case hexadecimal digits, with leading zeros up to `digits`.
std::string hex(uint64_t value, unsigned digits = 1);

// Returns a time as text: "2 s" for whole seconds, otherwise milliseconds, rounded down ("1500 ms").
std::string duration(uint64_t nanoseconds);

// Returns a size as text in the largest unit of which it is a multiple: "3 GiB", "64 MiB" or "1500 KiB". A size below
// 1 KiB is rounded down.
std::string size_text(uint64_t bytes);

}  // namespace cairn
