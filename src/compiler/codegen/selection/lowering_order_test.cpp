// Tests that branch hints decide, on every target, which block comes after a branch.
#include <gtest/gtest.h>

#include <string>

#include "compiler/compile.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::compiler {
namespace {

// Whether the constant 1111 comes before 2222 in the machine code of a function with this body.
bool comes_first(const std::string& body, Architecture architecture) {
  const auto bytes = wasm::text::assemble("(module (memory 1) (func (param i32) " + body + "))", "test.wat");
  EXPECT_TRUE(bytes) << bytes.error().message;
  const auto module = wasm::decode_and_validate(*bytes, wasm::Features::all());
  EXPECT_TRUE(module) << module.error().to_string();
  Options options;
  options.architecture = architecture;
  const auto dump = dump_function(*module, wasm::FuncIndex(0), options);
  EXPECT_TRUE(dump) << dump.error().to_string();
  const size_t first = dump->allocated.find("1111"), second = dump->allocated.find("2222");
  EXPECT_NE(first, std::string::npos) << dump->allocated;
  EXPECT_NE(second, std::string::npos) << dump->allocated;
  return first < second;
}

class BranchHints : public testing::TestWithParam<Architecture> {};

constexpr const char* kHint = "(@metadata.code.branch_hint \"\\0";
// Returns the annotation that marks the next branch as likely or unlikely to be taken.
std::string hint(bool likely) { return kHint + std::string(likely ? "1\") " : "0\") "); }

TEST_P(BranchHints, DecideWhatFollowsAnIf) {
  for (const bool likely : {false, true}) {
    EXPECT_EQ(comes_first(hint(likely) + R"((if (local.get 0)
                                              (then (i32.store (i32.const 0) (i32.const 1111)))
                                              (else (i32.store (i32.const 0) (i32.const 2222)))))",
                          GetParam()),
              likely);
  }
}

TEST_P(BranchHints, DecideWhatFollowsABranch) {
  for (const bool likely : {false, true}) {
    EXPECT_EQ(comes_first("(block $done (block $taken " + hint(likely) + R"((br_if $taken (local.get 0))
                             (i32.store (i32.const 0) (i32.const 2222)) (br $done))
                           (i32.store (i32.const 0) (i32.const 1111))))",
                          GetParam()),
              likely);
  }
}

// An unlikely exit from the middle of a loop is placed outside the loop.
TEST_P(BranchHints, KeepUnlikelyCodeOutOfLoops) {
  EXPECT_FALSE(
      comes_first("(loop $again (i32.store (i32.const 0) (i32.const 7)) " + hint(false) +
                      R"((if (i32.load (i32.const 4)) (then (i32.store (i32.const 0) (i32.const 1111)) (return)))
                                  (i32.store (i32.const 8) (i32.const 2222))
                                  (br_if $again (i32.load (i32.const 12)))))",
                  GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Targets, BranchHints, testing::Values(Architecture::x86_64, Architecture::riscv64),
                         [](const auto& info) { return info.param == Architecture::x86_64 ? "X64" : "Rv64"; });

}  // namespace
}  // namespace cairn::compiler
