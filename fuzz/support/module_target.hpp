// The functions that libFuzzer calls to mutate and cross inputs, for fuzz targets whose inputs are modules. Valid
// modules mostly stay valid. The only source file of such a target includes this header.
#pragma once

#include "support/module_mutator.hpp"

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return cairn::fuzz::mutate_module(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data, size_t size, const uint8_t* other, size_t other_size,
                                            uint8_t* out, size_t max_size, unsigned seed) {
  return cairn::fuzz::cross_modules(data, size, other, other_size, out, max_size, seed);
}
