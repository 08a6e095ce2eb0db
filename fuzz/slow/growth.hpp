// Mutations that look for what costs more than its size: they repeat and nest what is there.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace cairn::fuzz {

// A module of at most `max_size` bytes, which may be invalid; empty when there is nothing to repeat.
std::vector<std::byte> grow_module(const std::vector<std::byte>& bytes, size_t max_size, std::mt19937& random);

}  // namespace cairn::fuzz
