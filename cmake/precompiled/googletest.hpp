// The headers that unit tests include in addition to those of other sources, precompiled (CMakeLists.txt).
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "standard_library.hpp"
