// A fixture for tests that run on several machines, with all registers and with few.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "compiler/rv64/testing/execution.hpp"

namespace cairn::rv64 {

// The test's parameter is the index of the machine in machines(), and the number of registers that the allocator may
// use of each class. 0 means all.
class ConfiguredTest : public ::testing::TestWithParam<std::tuple<unsigned, unsigned>> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Program::can_run()) << "needs qemu-riscv64, clang-22 and RISC-V's C library: tools/packages.txt";
  }
  Program make() { return Program(machines()[std::get<0>(GetParam())], std::get<1>(GetParam())); }
};

// The configurations for scalar operations: without extensions, with Zba, Zbb and Zbs, and with these extensions but
// only three registers of each class.
inline const auto kConfigurations = ::testing::Values(std::tuple(0u, 0u), std::tuple(1u, 0u), std::tuple(1u, 3u));
// The configurations for vector operations: without V, and with vector registers of 128 and 256 bits; some with four
// registers of each class.
inline const auto kVectorConfigurations = ::testing::Values(std::tuple(0u, 0u), std::tuple(1u, 4u), std::tuple(2u, 0u),
                                                            std::tuple(2u, 4u), std::tuple(3u, 0u));

inline std::string name_of_configuration(const ::testing::TestParamInfo<std::tuple<unsigned, unsigned>>& info) {
  return machines()[std::get<0>(info.param)].name + "_" + std::to_string(std::get<1>(info.param));
}

}  // namespace cairn::rv64
