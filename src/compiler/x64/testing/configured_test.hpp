// A fixture that runs each test three times: without optional instruction sets, with all that this machine has, and
// with these and only three registers of each class.
#pragma once

#include <gtest/gtest.h>

#include "compiler/x64/testing/execution.hpp"

namespace cairn::x64::testing {

class ConfiguredTest : public ::testing::TestWithParam<int> {
 protected:
  static compiler::Options options() {
    compiler::Options options;
    if (GetParam() != 0) options.cpu = host_features();
    if (GetParam() == 2) options.register_limit = 3;
    return options;
  }
  Arena arena_{size_t{1} << 30};
};

inline const auto kConfigurations = ::testing::Values(0, 1, 2);

}  // namespace cairn::x64::testing
