// Mutations of modules in the binary format that know what they change: section by section, and inside of functions
// instruction by instruction, so that a valid module mostly stays valid.
//
// About one mutation in eight is plain damage instead. The result is a function of the arguments; `mutate_bytes` is
// what damages bytes (libFuzzer's own mutator in fuzz targets).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "wasm/module.hpp"

namespace cairn::fuzz {

// libFuzzer's interfaces. The module is changed in place and may grow up to `max_size`.
size_t mutate_module(uint8_t* data, size_t size, size_t max_size, unsigned seed);
// Functions or sections of `other` in the place of some of the first module's.
size_t cross_modules(const uint8_t* data, size_t size, const uint8_t* other, size_t other_size, uint8_t* out,
                     size_t max_size, unsigned seed);

// The module with the bodies that `body_of` gives, by the function's index.
std::vector<std::byte> replace_bodies(const wasm::Module& module,
                                      const std::function<std::span<const std::byte>(uint32_t)>& body_of);

}  // namespace cairn::fuzz

// libFuzzer's, or the program's own where there is no libFuzzer: damages bytes, gives the new size.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
