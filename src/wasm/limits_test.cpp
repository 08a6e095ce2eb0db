// Each limit is reached by a module that is one above it; and modules that are as large as allowed take linear time.
#include "wasm/limits.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <string>

#include "wasm/decoder.hpp"
#include "wasm/text/byte_writer.hpp"

namespace cairn::wasm {
namespace {

using text::ByteWriter;

enum SectionId : uint32_t {
  kType = 1,
  kImport,
  kFunction,
  kTable,
  kMemory,
  kGlobal,
  kExport,
  kStart,
  kElem,
  kCode,
  kData,
  kDataCount,
  kTag,
};

class ModuleWriter {
 public:
  ModuleWriter() { out_.append(std::string_view("\0asm\1\0\0\0", 8)); }
  ModuleWriter& section(uint32_t id, const std::function<void(ByteWriter&)>& write) {
    ByteWriter contents;
    write(contents);
    out_.section(id, contents.bytes());
    return *this;
  }
  // A vector of `count` items.
  ModuleWriter& items(uint32_t id, uint64_t count, std::string_view item) {
    return section(id, [&](ByteWriter& out) {
      out.unsigned_leb(count);
      for (uint64_t i = 0; i < count; ++i) out.append(item);
    });
  }
  // Type 0, [] -> [], and a function of it with these bytes as body.
  ModuleWriter& function(const ByteWriter& body) {
    items(kType, 1, std::string_view("\x60\0\0", 3));
    items(kFunction, 1, std::string_view("\0", 1));
    return section(kCode, [&](ByteWriter& out) {
      out.unsigned_leb(1);
      out.sized(body.bytes());
    });
  }
  std::vector<std::byte> take() { return out_.take(); }

 private:
  ByteWriter out_;
};

std::string_view bytes(const char* begin, size_t size) { return {begin, size}; }
#define BYTES(literal) bytes(literal, sizeof(literal) - 1)

std::string limit_error(std::vector<std::byte> module) {
  const auto result = decode_and_validate(std::move(module), Features::all());
  if (result) return "valid";
  EXPECT_EQ(result.error().kind, ErrorKind::limit) << result.error().message;
  return result.error().message;
}

ByteWriter body_of(uint64_t count, std::string_view item, std::string_view before, std::string_view after) {
  ByteWriter body;
  body.append(before);
  for (uint64_t i = 0; i < count; ++i) body.append(item);
  body.append(after);
  return body;
}

TEST(Limits, Sections) {
  EXPECT_EQ(limit_error(ModuleWriter().items(kType, 1'000'001, BYTES("\x60\0\0")).take()),
            "too many types: 1000001 (the limit is 1000000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kImport, 1'000'001, BYTES("\0\0\3\x7f\0")).take()),
            "too many imports: 1000001 (the limit is 1000000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kFunction, 1'000'001, BYTES("\0")).take()),
            "too many functions: 1000001 (the limit is 1000000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kTable, 100'001, BYTES("\x70\0\0")).take()),
            "too many tables: 100001 (the limit is 100000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kMemory, 101, BYTES("\0\0")).take()),
            "too many memories: 101 (the limit is 100)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kTag, 1'000'001, BYTES("\0\0")).take()),
            "too many tags: 1000001 (the limit is 1000000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kGlobal, 1'000'001, BYTES("\x7f\0\x41\0\x0b")).take()),
            "too many globals: 1000001 (the limit is 1000000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kExport, 1'000'001, BYTES("\0\0\0")).take()),
            "too many exports: 1000001 (the limit is 1000000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kElem, 10'000'001, BYTES("\1\0\0")).take()),
            "too many element segments: 10000001 (the limit is 10000000)");
  EXPECT_EQ(limit_error(ModuleWriter().items(kData, 100'001, BYTES("\1\0")).take()),
            "too many data segments: 100001 (the limit is 100000)");
}

TEST(Limits, Types) {
  const auto type = [](std::string_view before, uint64_t count, std::string_view item, std::string_view after) {
    return ModuleWriter()
        .section(kType,
                 [&](ByteWriter& out) {
                   out.append(before);
                   out.unsigned_leb(count);
                   for (uint64_t i = 0; i < count; ++i) out.append(item);
                   out.append(after);
                 })
        .take();
  };
  EXPECT_EQ(limit_error(type(BYTES("\1\x60"), 1001, BYTES("\x7f"), BYTES("\0"))),
            "too many parameters: 1001 (the limit is 1000)");
  EXPECT_EQ(limit_error(type(BYTES("\1\x60\0"), 1001, BYTES("\x7f"), {})),
            "too many results: 1001 (the limit is 1000)");
  EXPECT_EQ(limit_error(type(BYTES("\1\x5f"), 10'001, BYTES("\x7f\0"), {})),
            "too many fields: 10001 (the limit is 10000)");
  // A chain of 65 types: the last one is 64 levels deep.
  ModuleWriter chain;
  chain.section(kType, [](ByteWriter& out) {
    out.unsigned_leb(65);
    out.append(BYTES("\x50\0\x5f\0"));
    for (uint32_t i = 0; i < 64; ++i) {
      out.append(BYTES("\x50\1"));
      out.unsigned_leb(i);
      out.append(BYTES("\x5f\0"));
    }
  });
  EXPECT_EQ(limit_error(chain.take()), "subtyping too deep: 64 (the limit is 63)");
}

TEST(Limits, Names) {
  ModuleWriter module;
  module.section(kImport, [](ByteWriter& out) {
    out.unsigned_leb(1);
    out.name(std::string(100'001, 'x'));
    out.append(BYTES("\0\3\x7f\0"));
  });
  EXPECT_EQ(limit_error(module.take()), "name too long: 100001 (the limit is 100000)");
}

TEST(Limits, Functions) {
  EXPECT_EQ(limit_error(ModuleWriter().function(body_of(7'654'320, BYTES("\1"), BYTES("\0"), BYTES("\x0b"))).take()),
            "function body too large: 7654322 (the limit is 7654321)");
  EXPECT_EQ(
      limit_error(ModuleWriter().function(body_of(1, BYTES("\xd1\x86\3\x7f"), BYTES("\1"), BYTES("\x0b"))).take()),
      "too many locals: 50001 (the limit is 50000)");
  EXPECT_EQ(limit_error(ModuleWriter().function(body_of(100'001, BYTES("\2\x40"), BYTES("\0"), {})).take()),
            "blocks nested too deeply (the limit is 100000)");
  EXPECT_EQ(limit_error(ModuleWriter().function(body_of(1'000'001, BYTES("\x41\0"), BYTES("\0"), {})).take()),
            "operand stack too high (the limit is 1000000 values)");
}

// --- As large as allowed: time per byte stays below a bound that any quadratic step would break by orders of
// magnitude.

void expect_linear(std::vector<std::byte> module, const char* what) {
  const size_t size = module.size();
  const std::clock_t start = std::clock();  // of this process: the machine may be busy
  const auto result = decode_and_validate(std::move(module), Features::all());
  const double microseconds = static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC;
  EXPECT_TRUE(result.has_value()) << what << ": " << result.error().to_string();
  EXPECT_LT(microseconds / static_cast<double>(size), 2.0) << what << ": microseconds a byte";
}

TEST(Limits, LargeModulesTakeLinearTime) {
  expect_linear(ModuleWriter().items(kType, 1'000'000, BYTES("\x60\0\0")).take(), "equal types");
  ModuleWriter distinct;
  distinct.section(kType, [](ByteWriter& out) {
    out.unsigned_leb(250'000);
    for (uint32_t i = 0; i < 250'000; ++i) {
      out.append(BYTES("\x60\x12"));
      for (uint32_t bit = 0; bit < 18; ++bit) out.byte((i >> bit & 1) != 0 ? 0x7f : 0x7e);
      out.byte(0);
    }
  });
  expect_linear(distinct.take(), "distinct types");
  ModuleWriter functions;
  functions.items(kType, 1, BYTES("\x60\0\0")).items(kFunction, 1'000'000, BYTES("\0"));
  expect_linear(functions.items(kCode, 1'000'000, BYTES("\2\0\x0b")).take(), "functions");
  expect_linear(ModuleWriter().function(body_of(7'654'319, BYTES("\1"), BYTES("\0"), BYTES("\x0b"))).take(), "nops");
  expect_linear(ModuleWriter().function(body_of(1'500'000, BYTES("\x41\0\x1a"), BYTES("\0"), BYTES("\x0b"))).take(),
                "a long function");
  ByteWriter nested = body_of(99'999, BYTES("\2\x40"), BYTES("\0"), {});
  for (int i = 0; i < 100'000; ++i) nested.byte(0x0b);
  expect_linear(ModuleWriter().function(nested).take(), "nested blocks");
  expect_linear(ModuleWriter().function(body_of(1, BYTES("\xd0\x86\3\x7f"), BYTES("\1"), BYTES("\x0b"))).take(),
                "locals");
  ByteWriter table;
  table.append(BYTES("\0\2\x40\x41\0\x0e"));
  table.unsigned_leb(1'000'000);
  for (int i = 0; i < 1'000'001; ++i) table.byte(static_cast<uint32_t>(i % 2));
  table.append(BYTES("\x0b\x0b"));
  expect_linear(ModuleWriter().function(table).take(), "br_table");
}

TEST(Limits, HostileCountsReserveNothing) {
  EXPECT_FALSE(decode_module(
      ModuleWriter().section(kFunction, [](ByteWriter& out) { out.unsigned_leb(999'999); }).take(), Features::all()));
}

}  // namespace
}  // namespace cairn::wasm
