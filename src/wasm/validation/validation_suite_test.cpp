// Decodes and validates the modules of the specification's test suite. Valid modules pass. Malformed and invalid ones
// are refused with the right kind of error, whose message begins with the message in the suite.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "wasm/decoder.hpp"
#include "wasm/text/testing/suite.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::wasm {
namespace {

namespace fs = std::filesystem;
using testing::read_file;
using testing::suite_files;
using testing::suite_root;

// Some modules that a file expects to be malformed or invalid are valid with a later proposal. So each file is run
// without the proposals that it does not know.
Features features_of(const std::string& name) {
  Features features = Features::all();
  if (!name.contains("custom-page-sizes")) features = features.without(Feature::custom_page_sizes);
  if (!name.contains("threads")) features = features.without(Feature::threads);
  if (name.contains("threads")) {
    features = features.without(Feature::memory64).without(Feature::multi_memory).without(Feature::reference_types);
  }
  return features;
}

struct Counts {
  int valid = 0;
  int invalid = 0;
  int malformed = 0;
};

void check(const text::Directive& directive, const std::string& where, Features features, Counts& counts) {
  if (const auto* define = std::get_if<text::DefineModule>(&directive.what)) {
    if (!define->module.bytes) return;  // text/suite_test.cpp reports that the text cannot be assembled
    ++counts.valid;
    const auto module = decode_and_validate(*define->module.bytes, features);
    EXPECT_TRUE(module.has_value()) << where << ": " << module.error().to_string();
    return;
  }
  const auto* assertion = std::get_if<text::AssertModule>(&directive.what);
  if (assertion == nullptr) return;
  const auto* source = std::get_if<text::ScriptModule>(&assertion->subject);
  if (source == nullptr || !source->bytes) return;
  const auto module = decode_and_validate(*source->bytes, features);
  switch (assertion->kind) {
    case text::AssertModule::Kind::malformed:
    case text::AssertModule::Kind::invalid: {
      const bool is_malformed = assertion->kind == text::AssertModule::Kind::malformed;
      ++(is_malformed ? counts.malformed : counts.invalid);
      if (module) {
        ADD_FAILURE() << where << ": accepted, although " << assertion->message;
        return;
      }
      const Error& error = module.error();
      const ErrorKind kind = is_malformed ? ErrorKind::malformed : ErrorKind::invalid;
      EXPECT_TRUE(error.message.starts_with(assertion->message))
          << where << ": got \"" << error.to_string() << "\", expected \"" << assertion->message << '"';
      EXPECT_TRUE(error.kind == kind || error.kind == ErrorKind::unsupported)
          << where << ": wrong kind of error: " << error.to_string();
      return;
    }
    case text::AssertModule::Kind::unlinkable:
    case text::AssertModule::Kind::trap:
      ++counts.valid;
      EXPECT_TRUE(module.has_value()) << where << ": " << module.error().to_string();
      return;
    case text::AssertModule::Kind::malformed_custom:
    case text::AssertModule::Kind::invalid_custom: return;
  }
}

TEST(ValidationSuite, ModulesAreValidInvalidOrMalformedAsAsserted) {
  if (!fs::exists(suite_root())) GTEST_SKIP() << "no test suite at " << suite_root();
  Counts counts;
  for (const fs::path& path : suite_files()) {
    const std::string name = fs::relative(path, suite_root()).string();
    const Features features = features_of(name);
    const auto script = text::parse_script(read_file(path), name, features);
    ASSERT_TRUE(script.has_value()) << script.error().message;
    for (const text::Directive& directive : script->directives) {
      check(directive, name + ":" + std::to_string(directive.line), features, counts);
    }
  }
  EXPECT_GE(counts.valid, 2000);
  EXPECT_GE(counts.invalid, 2800);
  EXPECT_GE(counts.malformed, 700);
  RecordProperty("valid", counts.valid);
  RecordProperty("invalid", counts.invalid);
  RecordProperty("malformed", counts.malformed);
}

}  // namespace
}  // namespace cairn::wasm
