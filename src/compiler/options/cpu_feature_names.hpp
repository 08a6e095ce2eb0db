// The names of the optional instruction sets, as the option cpu= takes them and messages give them.
#pragma once

#include <array>
#include <string_view>

#include "compiler/options/options.hpp"

namespace cairn::compiler {

struct CpuFeatureName {
  std::string_view name;
  bool CpuFeatures::* field;  // whether the instruction set may be used
};

// Add new names at the end only: in a code object, the bit of an instruction set is its position in this array.
inline constexpr std::array<CpuFeatureName, 12> kCpuFeatureNames = {{
    {"sse42", &CpuFeatures::sse42},
    {"popcnt", &CpuFeatures::popcnt},
    {"lzcnt", &CpuFeatures::lzcnt},
    {"bmi1", &CpuFeatures::bmi1},
    {"bmi2", &CpuFeatures::bmi2},
    {"avx", &CpuFeatures::avx},
    {"avx2", &CpuFeatures::avx2},
    {"fma", &CpuFeatures::fma},
    {"zba", &CpuFeatures::zba},
    {"zbb", &CpuFeatures::zbb},
    {"zbs", &CpuFeatures::zbs},
    {"v", &CpuFeatures::v},
}};
static_assert(sizeof(CpuFeatures) == kCpuFeatureNames.size());

}  // namespace cairn::compiler
