// Tests loading code objects: an object is accepted only if this compiler made it from the same module, with settings
// that agree with the engine's.
#include <algorithm>
#include <cstring>

#include "compiler/codegen/object/object_identity.hpp"
#include "compiler/compile.hpp"
#include "compiler/options/cpu_feature_names.hpp"
#include "testing/runtime/runtime_test.hpp"
#include "wasm/decoder.hpp"

namespace cairn::runtime {
namespace {

using codegen::ObjectIdentity;
using compiler::BoundsMode;

constexpr const char* kModule =
    R"((module (memory 1) (func (export "f") (param i32) (result i32) (i32.load (local.get 0)))))";

class CodeObjects : public RuntimeTest {
 protected:
  static wasm::Module decode(const char* text) {
    return *wasm::decode_module(*wasm::text::assemble(text, "test.wat"), wasm::Features::all());
  }
  [[nodiscard]] std::vector<std::byte> compile_for(BoundsMode bounds) const {
    return compile_with([&](compiler::Options& o) { o.bounds = bounds; });
  }
  template <class Change>
  [[nodiscard]] std::vector<std::byte> compile_with(Change&& change) const {
    compiler::Options options = engine_->options();
    change(options);
    return *compiler::compile_module(decode(kModule), options);
  }
  // Returns the message of the error of loading the object; empty if loading succeeds.
  std::string refusal(std::span<const std::byte> object, BoundsMode bounds, const char* text = kModule) {
    const auto module = Module::load(*engine_, decode(text), object, bounds);
    return module ? std::string() : module.error().to_string();
  }
  // Returns the object with a changed identity.
  template <class Change>
  static std::vector<std::byte> changed(std::vector<std::byte> object, const compiler::Options& options,
                                        Change&& change) {
    ObjectIdentity identity = codegen::identity_of(codegen::ObjectKind::module, decode(kModule).digest, options);
    const auto bytes = std::as_writable_bytes(std::span(&identity, 1));
    const auto found = std::ranges::search(object, bytes);
    EXPECT_EQ(found.size(), sizeof identity);
    change(identity);
    std::ranges::copy(bytes, found.begin());
    return object;
  }
};

TEST_F(CodeObjects, AreLoadedAsTheyWereMade) {
  for (const BoundsMode bounds : {BoundsMode::guard, BoundsMode::check}) {
    EXPECT_EQ(refusal(compile_for(bounds), bounds), "");
    EXPECT_EQ(refusal(compile_with([&](compiler::Options& o) { o.bounds = bounds, o.cpu = {}; }), bounds), "");
    EXPECT_EQ(refusal(compile_with([&](compiler::Options& o) { o.bounds = bounds, o.optimize = false; }), bounds), "");
  }
}

TEST_F(CodeObjects, SayWhatIsWrongWithThem) {
  const std::vector<std::byte> object = compile_for(BoundsMode::guard);
  EXPECT_EQ(refusal(object, BoundsMode::check), "the code object was compiled for bounds mode guard, not check");
  EXPECT_EQ(refusal(compile_for(BoundsMode::check), BoundsMode::guard),
            "the code object was compiled for bounds mode check, not guard");
  EXPECT_TRUE(refusal(object, BoundsMode::guard,
                      "(module (memory 1) (func (param i32) (result i32) (i32.load8_u (local.get 0))))")
                  .contains("is of module "));
  EXPECT_TRUE(
      refusal(compile_with([](compiler::Options& o) { o.features = o.features.without(wasm::Feature::threads); }),
              BoundsMode::guard)
          .contains("features"));
  EXPECT_TRUE(
      refusal(compile_with([](compiler::Options& o) { o.deterministic_relaxed_simd = true; }), BoundsMode::guard)
          .contains("relaxed"));
  EXPECT_TRUE(
      refusal(*compiler::compile_stubs(engine_->options()), BoundsMode::guard).contains("holds stubs, not a module"));
  // The code needs the instruction sets of both architectures, and no CPU has them all.
  const std::string lacking = refusal(compile_with([](compiler::Options& o) {
                                        for (const auto& feature : compiler::kCpuFeatureNames)
                                          o.cpu.*feature.field = true;
                                      }),
                                      BoundsMode::guard);
  EXPECT_TRUE(lacking.contains("needs instruction sets that are not there: ")) << lacking;
  EXPECT_TRUE(lacking.contains(compiler::Architecture::x86_64 == engine_->options().architecture ? "zba" : "avx2"))
      << lacking;
}

TEST_F(CodeObjects, AreCheckedInEveryByteOfTheirIdentity) {
  const compiler::Options& options = engine_->options();
  const std::vector<std::byte> object = compile_for(options.bounds);
  EXPECT_EQ(refusal(changed(object, options, [](ObjectIdentity&) {}), options.bounds), "");
  for (size_t i = 0; i < sizeof(ObjectIdentity); ++i) {
    // The bits of instruction sets are not tested: an object may need fewer sets than the CPU has.
    if (i >= offsetof(ObjectIdentity, cpu) && i < offsetof(ObjectIdentity, cpu) + sizeof(ObjectIdentity::cpu)) continue;
    for (unsigned bit = 0; bit < 8; ++bit) {
      const auto flipped = changed(object, options, [&](ObjectIdentity& identity) {
        reinterpret_cast<unsigned char*>(&identity)[i] ^= static_cast<unsigned char>(1 << bit);
      });
      EXPECT_TRUE(refusal(flipped, options.bounds).starts_with("the code object ")) << "byte " << i << " bit " << bit;
    }
  }
  for (unsigned bit = 0; bit < 32; ++bit) {
    const bool is_usable =
        bit < compiler::kCpuFeatureNames.size() && engine_->usable_cpu().*compiler::kCpuFeatureNames[bit].field;
    const auto with_bit =
        changed(object, options, [&](ObjectIdentity& identity) { identity.cpu |= uint32_t{1} << bit; });
    EXPECT_EQ(refusal(with_bit, options.bounds).empty(), is_usable) << bit;
  }
}

}  // namespace
}  // namespace cairn::runtime
