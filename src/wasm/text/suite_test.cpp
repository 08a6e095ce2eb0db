// The specification's test suite, as far as it can be checked without running anything: every module assembles, and
// what is malformed as text is refused with the message that the suite names.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "wasm/text/text.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::wasm::text {
namespace {

namespace fs = std::filesystem;

fs::path suite_root() {
  const char* root = std::getenv("CAIRN_WASM_TESTSUITE");
  return root != nullptr ? fs::path(root) : fs::path(CAIRN_SOURCE_DIR) / "../shared/wasm-testsuite";
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> suite_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(suite_root())) {
    const std::string path = entry.path().string();
    if (entry.path().extension() == ".wast" && !path.contains("custom-descriptors")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// The threads proposal's files are of a time when sizes had 32 bits.
Features features_of(const std::string& name) {
  return name.contains("threads") ? Features::all().without(Feature::memory64) : Features::all();
}

struct Counts {
  int files = 0;
  int modules = 0;
  int malformed = 0;
};

void check(const Directive& directive, const std::string& where, Counts& counts) {
  if (const auto* define = std::get_if<DefineModule>(&directive.what)) {
    ++counts.modules;
    EXPECT_TRUE(define->module.bytes.has_value()) << where << ": " << define->module.bytes.error().message;
  } else if (const auto* assertion = std::get_if<AssertModule>(&directive.what)) {
    const auto* module = std::get_if<ScriptModule>(&assertion->subject);
    if (module == nullptr) return;
    if (assertion->kind == AssertModule::Kind::malformed || assertion->kind == AssertModule::Kind::malformed_custom ||
        assertion->kind == AssertModule::Kind::invalid_custom) {
      if (module->form == ModuleForm::binary) return;
      ++counts.malformed;
      if (module->bytes.has_value()) {
        ADD_FAILURE() << where << ": assembled, although " << assertion->message;
      } else {
        EXPECT_TRUE(module->bytes.error().message.starts_with(assertion->message))
            << where << ": got \"" << module->bytes.error().message << "\", expected \"" << assertion->message << '"';
      }
    } else {
      ++counts.modules;
      EXPECT_TRUE(module->bytes.has_value()) << where << ": " << module->bytes.error().message;
    }
  }
}

TEST(Suite, ModulesAssembleAndMalformedTextIsRefused) {
  if (!fs::exists(suite_root())) GTEST_SKIP() << "no test suite at " << suite_root();
  Counts counts;
  for (const fs::path& path : suite_files()) {
    const std::string name = fs::relative(path, suite_root()).string();
    const std::string source = read(path);
    const Result<Script> script = parse_script(source, name, features_of(name));
    ASSERT_TRUE(script.has_value()) << script.error().message;
    ++counts.files;
    for (const Directive& directive : script->directives) {
      check(directive, name + ":" + std::to_string(directive.line), counts);
    }
  }
  EXPECT_GE(counts.files, 260);
  EXPECT_GE(counts.modules, 4000);
  EXPECT_GE(counts.malformed, 1200);
  RecordProperty("modules", counts.modules);
  std::cout << counts.files << " files, " << counts.modules << " modules, " << counts.malformed << " malformed\n";
}

}  // namespace
}  // namespace cairn::wasm::text
