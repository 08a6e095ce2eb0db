// Tests when types are equal, when one matches another, and how they are written as text.
#include "wasm/type_equivalence.hpp"

#include <gtest/gtest.h>

#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasm {
namespace {

Module decode(std::string_view text) {
  auto bytes = text::assemble(text, "test.wat");
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  auto module = decode_module(std::move(*bytes), Features::all());
  EXPECT_TRUE(module.has_value()) << module.error().message;
  return std::move(*module);
}

ValType ref(uint32_t index) { return ValType::reference(Nullability::non_null, HeapType::of(TypeIndex(index))); }

TEST(TypeEquivalence, GroupsOfTheSameShapeAreTheSame) {
  const Module module = decode(
      "(module (rec (type $a (func (param (ref $b)))) (type $b (struct (field (ref null $a)))))"
      "        (rec (type $c (func (param (ref $d)))) (type $d (struct (field (ref null $c)))))"
      "        (rec (type $e (func (param (ref $d)))) (type $f (struct (field (ref null $c))))))");
  EXPECT_EQ(module.types[0].canonical, module.types[2].canonical);
  EXPECT_EQ(module.types[1].canonical, module.types[3].canonical);
  EXPECT_NE(module.types[0].canonical, module.types[4].canonical);  // type 4 refers to a type outside its group
  EXPECT_NE(module.types[0].canonical, module.types[1].canonical);
  EXPECT_TRUE(matches(module.types, ref(0), ref(2)));
  EXPECT_FALSE(matches(module.types, ref(0), ref(4)));
}

TEST(TypeEquivalence, PositionAndFinalityCount) {
  const Module module =
      decode("(module (type (func)) (type (sub (func))) (rec (type (func)) (type (func))) (type (func)))");
  EXPECT_EQ(module.types[0].canonical, module.types[4].canonical);
  EXPECT_NE(module.types[0].canonical, module.types[1].canonical);
  EXPECT_NE(module.types[0].canonical, module.types[2].canonical);
  EXPECT_NE(module.types[2].canonical, module.types[3].canonical);
}

TEST(TypeEquivalence, OneCanonicalizerServesSeveralModules) {
  const Module first = decode("(module (type (func (param i64))) (type $t (func)) (type (func (param (ref $t)))))");
  const Module second = decode("(module (type $t (func)) (type (func (param (ref $t)))))");
  TypeCanonicalizer engine;
  const auto add = [&](const Module& module) {
    std::vector<uint32_t> ids;
    while (ids.size() < module.types.size()) {
      const SubType& type = module.types[ids.size()];
      const uint32_t id = engine.add_group(module.types, type.group_begin, type.group_end, ids);
      for (uint32_t i = type.group_begin; i < type.group_end; ++i) ids.push_back(id + i - type.group_begin);
    }
    return ids;
  };
  const auto a = add(first);
  const auto b = add(second);
  EXPECT_EQ(a[1], b[0]);
  EXPECT_EQ(a[2], b[1]);
  EXPECT_EQ(engine.size(), 3u);
}

TEST(TypeEquivalence, Subtyping) {
  const Module module = decode(
      "(module (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32 i64)))) (type $f (func)))");
  const auto null = [](HeapType heap) { return ValType::reference(Nullability::nullable, heap); };
  EXPECT_TRUE(matches(module.types, ref(1), ref(0)));
  EXPECT_FALSE(matches(module.types, ref(0), ref(1)));
  EXPECT_TRUE(matches(module.types, ref(1), null(HeapType::struct_)));
  EXPECT_TRUE(matches(module.types, ref(1), null(HeapType::eq)));
  EXPECT_TRUE(matches(module.types, null(HeapType::none), null(HeapType::of(TypeIndex(1)))));
  EXPECT_FALSE(matches(module.types, null(HeapType::none), ref(1)));
  EXPECT_FALSE(matches(module.types, null(HeapType::none), ValType::funcref()));
  EXPECT_TRUE(matches(module.types, ref(2), ValType::funcref()));
  EXPECT_TRUE(matches(module.types, null(HeapType::nofunc), null(HeapType::of(TypeIndex(2)))));
  EXPECT_FALSE(matches(module.types, ref(2), null(HeapType::any)));
  EXPECT_TRUE(matches(module.types, ValType::bottom_ref(), ref(2)));
  EXPECT_FALSE(matches(module.types, ValType::bottom_ref(), ValType::i32));
  EXPECT_TRUE(matches(module.types, ValType::bottom, ValType::i32));
  EXPECT_EQ(top_of(module.types, HeapType::of(TypeIndex(2))), HeapType::func);
  EXPECT_EQ(top_of(module.types, HeapType::i31), HeapType::any);
}

TEST(Types, Text) {
  EXPECT_EQ(to_string(ValType::funcref()), "funcref");
  EXPECT_EQ(to_string(ref(3)), "(ref 3)");
  EXPECT_EQ(to_string(ValType::reference(Nullability::nullable, HeapType::none)), "nullref");
  EXPECT_EQ(to_string(FuncType{{ValType::i32, ValType::i64}, {ValType::f32}}), "[i32 i64] -> [f32]");
  EXPECT_EQ(HeapType::of(TypeIndex(0xffff'fffe)).index().index(), HeapType::kMaxIndex);
}

}  // namespace
}  // namespace cairn::wasm
