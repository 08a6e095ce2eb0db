// What unit tests include besides, precompiled (CMakeLists.txt).
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "standard_library.hpp"
