// Mutations for the search for modules that cost too much for their size: they repeat and nest parts of a module.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace cairn::fuzz {

// Returns a module of at most about `max_size` bytes, which may be invalid, or no bytes if there is nothing to repeat.
std::vector<std::byte> grow_module(const std::vector<std::byte>& bytes, size_t max_size, std::mt19937& random);

}  // namespace cairn::fuzz
