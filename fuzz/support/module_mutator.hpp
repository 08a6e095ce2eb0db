// Mutates modules in the binary format, section by section, and inside of functions instruction by instruction, so that
// a valid module mostly stays valid.
//
// About one mutation in eight damages bytes at random instead, by LLVMFuzzerMutate(). The result depends on nothing but
// the arguments, and in fuzz targets on libFuzzer's own mutator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "wasm/module.hpp"

namespace cairn::fuzz {

// These functions have the interfaces of LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver.
//
// Changes the module in place. It may grow up to `max_size`. Returns its new size.
size_t mutate_module(uint8_t* data, size_t size, size_t max_size, unsigned seed);
// Writes to `out` the first module with some of its functions or sections replaced by those of `other`. Returns the
// size.
size_t cross_modules(const uint8_t* data, size_t size, const uint8_t* other, size_t other_size, uint8_t* out,
                     size_t max_size, unsigned seed);

// Returns the module with other function bodies: body_of(i) is the new body of the function with index i.
std::vector<std::byte> replace_bodies(const wasm::Module& module,
                                      const std::function<std::span<const std::byte>(uint32_t)>& body_of);

}  // namespace cairn::fuzz

// Damages the bytes in place and returns the new size. libFuzzer defines this function; in programs without libFuzzer,
// byte_mutator.cpp does.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
