// Checks the specification's test suite without running any module. Valid modules have to assemble and validate.
// Malformed and invalid modules have to be refused with the message that the suite names.
#include "wasm/text/testing/suite.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::wasm::text {
namespace {

namespace fs = std::filesystem;
using testing::read_file;
using testing::suite_files;
using testing::suite_root;

// Returns the features with which a file is checked: those of the proposals that its authors knew. The files of the
// threads proposal were written when sizes had 32 bits and a module had one memory, one table and no reference types
// but funcref. Of the other files, all except those of custom page sizes expect that a memory with a page size is
// malformed.
Features features_of(const std::string& name) {
  if (name.contains("custom-page-sizes")) return Features::all();
  if (!name.contains("threads")) return Features::all().without(Feature::custom_page_sizes);
  return Features::all()
      .without(Feature::memory64)
      .without(Feature::multi_memory)
      .without(Feature::reference_types)
      .without(Feature::function_references)
      .without(Feature::gc);
}

struct Counts {
  int files = 0;
  int modules = 0;
  int malformed = 0;
  int invalid = 0;
};

// Decodes and validates the module of a script. Fails with the error of assembling it if the script's text is wrong.
Result<Module> load(const ScriptModule& module, Features features) {
  return decode_and_validate(CAIRN_TRY(Result<std::vector<std::byte>>(module.bytes)), features);
}

// Returns how the result differs from what the directive expects, or nothing if it does not differ.
std::string check(const Directive& directive, Features features, Counts& counts) {
  const ScriptModule* module = nullptr;
  const AssertModule* assertion = std::get_if<AssertModule>(&directive.what);
  if (const auto* define = std::get_if<DefineModule>(&directive.what)) module = &define->module;
  if (assertion != nullptr) module = std::get_if<ScriptModule>(&assertion->subject);
  if (module == nullptr) return {};
  const Result<Module> loaded = load(*module, features);
  if (assertion == nullptr || assertion->kind == AssertModule::Kind::unlinkable ||
      assertion->kind == AssertModule::Kind::trap) {
    ++counts.modules;
    return loaded ? "" : loaded.error().to_string();
  }
  const bool is_invalid =
      assertion->kind == AssertModule::Kind::invalid || assertion->kind == AssertModule::Kind::invalid_custom;
  ++(is_invalid ? counts.invalid : counts.malformed);
  if (loaded.has_value()) return "accepted, although " + assertion->message;
  const Error& error = loaded.error();
  const ErrorKind kind = is_invalid ? ErrorKind::invalid : ErrorKind::malformed;
  const bool is_off = error.kind == ErrorKind::unsupported && features != Features::all();
  const bool is_kind = error.kind == kind || error.kind == ErrorKind::limit || is_off;
  if (is_kind && error.message.starts_with(assertion->message)) return {};
  return "got \"" + error.to_string() + "\", expected \"" + assertion->message + '"';
}

TEST(Suite, ModulesValidateAndOthersAreRefused) {
  if (!fs::exists(suite_root())) GTEST_SKIP() << "no test suite at " << suite_root();
  Counts counts;
  for (const fs::path& path : suite_files()) {
    const std::string name = fs::relative(path, suite_root()).string();
    const std::string source = read_file(path);
    const Features features = features_of(name);
    const Result<Script> script = parse_script(source, name, features);
    ASSERT_TRUE(script.has_value()) << script.error().message;
    ++counts.files;
    for (const Directive& directive : script->directives) {
      const std::string where = name + ":" + std::to_string(directive.line);
      const std::string problem = check(directive, features, counts);
      EXPECT_EQ(problem, "") << where;
    }
  }
  EXPECT_EQ(counts.files, 274);
  std::cout << counts.files << " files, " << counts.modules << " modules, " << counts.malformed << " malformed, "
            << counts.invalid << " invalid\n";
}

// For every module that validates, text -> bytes -> text -> bytes gives the same bytes as text -> bytes. Some things
// are lost because the module does not keep them: an explicit page size of 64 KiB, an empty recursive group, and the
// form of binary modules.
TEST(Suite, ModulesRoundTripThroughText) {
  if (!fs::exists(suite_root())) GTEST_SKIP() << "no test suite at " << suite_root();
  int modules = 0;
  std::vector<std::string> different;
  for (const fs::path& path : suite_files()) {
    const std::string name = fs::relative(path, suite_root()).string();
    const Result<Script> script = parse_script(read_file(path), name, Features::all());
    ASSERT_TRUE(script.has_value()) << script.error().message;
    for (const Directive& directive : script->directives) {
      const auto* define = std::get_if<DefineModule>(&directive.what);
      if (define == nullptr) continue;
      const std::string where = name + ":" + std::to_string(directive.line);
      const Result<Module> module = load(define->module, Features::all());
      if (!module) continue;
      const Result<std::string> text = disassemble(*module);
      ASSERT_TRUE(text.has_value()) << where << ": " << text.error().to_string();
      const Result<std::vector<std::byte>> bytes = assemble(*text, where);
      ASSERT_TRUE(bytes.has_value()) << bytes.error().message << "\n" << *text;
      const Result<Module> again = decode_and_validate(*bytes, Features::all());
      ASSERT_TRUE(again.has_value()) << where << ": " << again.error().to_string();
      ++modules;
      // Empty sections of a binary module vanish, which can change the place of a custom section beside them.
      const bool is_binary = define->module.form == ModuleForm::binary;
      if (!is_binary || module->custom_sections.empty()) EXPECT_EQ(*disassemble(*again), *text) << where;
      if (!is_binary && *bytes != *define->module.bytes) different.push_back(where);
    }
  }
  EXPECT_GE(modules, 2000);
  EXPECT_LE(different.size(), 14u) << ::testing::PrintToString(different);
}

}  // namespace
}  // namespace cairn::wasm::text
