// Checks each limit: a module with exactly as many items is accepted. A module with one more is refused with an error
// that names the limit, its number and the offset. Modules that are as large as allowed take linear time.
#include "wasm/types/limits.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <string>

#include "wasm/byte_reader.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/testing/module_writer.hpp"

namespace cairn::wasm {
namespace {

using namespace wasm::testing;

using Bytes = std::vector<std::byte>;

uint64_t leb_size(uint64_t value) {
  ByteWriter out;
  out.unsigned_leb(value);
  return out.size();
}

// Returns the offset of the contents of the last section with that id.
uint64_t section_start(const Bytes& module, uint32_t id) {
  ByteReader in(std::span(module).subspan(8), 8);
  uint64_t found = 0;
  uint8_t section = 0;
  uint32_t size = 0;
  while (in.read_u8(section) && in.read_u32(size)) {
    if (section == id) found = in.offset();
    if (!in.skip(size)) break;
  }
  return found;
}

// A limit, and modules that reach it.
struct Limit {
  const char* what;
  uint64_t limit;
  Bytes (*make)(uint64_t count);
  uint32_t section;         // the section that the error is in
  uint64_t offset;          // the error's offset in the section's contents, or in the first body
  bool is_in_body = false;  // `offset` counts from the start of the first body
};

Bytes items(uint32_t id, uint64_t count, std::string_view item) { return ModuleWriter().items(id, count, item).take(); }
Bytes function_of(std::string_view before, uint64_t count, std::string_view item, std::string_view after) {
  return ModuleWriter().function(repeated(before, count, item, after)).take();
}
// Returns a module with a function whose body is `before`, `count` as a LEB128 number, and `after`.
Bytes function_with(std::string_view before, uint64_t count, std::string_view after) {
  ByteWriter body;
  body.append(before);
  body.unsigned_leb(count);
  body.append(after);
  return ModuleWriter().function(body).take();
}
// Returns a module with a type section of one type: `before`, the count, that many items, and `after`.
Bytes type_of(std::string_view before, uint64_t count, std::string_view item, std::string_view after = {}) {
  return ModuleWriter()
      .section(kType,
               [&](ByteWriter& out) {
                 out.append(before);
                 out.unsigned_leb(count);
                 for (uint64_t i = 0; i < count; ++i) out.append(item);
                 out.append(after);
               })
      .take();
}
// Returns a module with type 0, [] -> [], and `imported` imported functions of that type.
ModuleWriter importing(uint64_t imported) {
  ModuleWriter module;
  module.items(kType, 1, raw("\x60\0\0")).items(kImport, imported, raw("\0\0\0\0"));
  return module;
}

const Limit kLimits[] = {
    {"too many types", limits::kTypes, [](uint64_t n) { return items(kType, n, raw("\x60\0\0")); }, kType, 0},
    {"too many types", limits::kTypes, [](uint64_t n) { return type_of(raw("\1\x4e"), n, raw("\x5f\0")); }, kType, 2},
    {"too many imports", limits::kImports, [](uint64_t n) { return items(kImport, n, raw("\0\0\3\x7f\0")); }, kImport,
     0},
    {"too many functions", limits::kFunctions,
     [](uint64_t n) {
       return ModuleWriter()
           .items(kType, 1, raw("\x60\0\0"))
           .items(kFunction, n, raw("\0"))
           .items(kCode, n, raw("\2\0\x0b"))
           .take();
     },
     kFunction, 0},
    {"too many functions", limits::kFunctions,
     [](uint64_t n) { return importing(n - 1).items(kFunction, 1, raw("\0")).items(kCode, 1, raw("\2\0\x0b")).take(); },
     kFunction, 0},
    {"too many tables", limits::kTables, [](uint64_t n) { return items(kTable, n, raw("\x70\0\0")); }, kTable, 0},
    {"too many memories", limits::kMemories, [](uint64_t n) { return items(kMemory, n, raw("\0\0")); }, kMemory, 0},
    {"too many tags", limits::kTags,
     [](uint64_t n) { return ModuleWriter().items(kType, 1, raw("\x60\0\0")).items(kTag, n, raw("\0\0")).take(); },
     kTag, 0},
    {"too many globals", limits::kGlobals, [](uint64_t n) { return items(kGlobal, n, raw("\x7f\0\x41\0\x0b")); },
     kGlobal, 0},
    {"too many exports", limits::kExports,
     [](uint64_t n) {
       return ModuleWriter()
           .items(kMemory, 1, raw("\0\0"))
           .items(kExport, n,
                  [](ByteWriter& out, uint32_t i) {
                    out.name(std::to_string(i));
                    out.append(raw("\2\0"));
                  })
           .take();
     },
     kExport, 0},
    {"too many element segments", limits::kElemSegments, [](uint64_t n) { return items(kElem, n, raw("\1\0\0")); },
     kElem, 0},
    {"too many elements in a segment", limits::kElemSegmentSize,
     [](uint64_t n) {
       return importing(1)
           .section(kElem,
                    [&](ByteWriter& out) {
                      out.append(raw("\1\1\0"));
                      out.unsigned_leb(n);
                      for (uint64_t i = 0; i < n; ++i) out.byte(0);
                    })
           .take();
     },
     kElem, 3},
    {"too many data segments", limits::kDataSegments, [](uint64_t n) { return items(kData, n, raw("\1\0")); }, kData,
     0},
    {"too many data segments", limits::kDataSegments,
     [](uint64_t n) {
       return ModuleWriter()
           .section(kDataCount, [&](ByteWriter& out) { out.unsigned_leb(n); })
           .items(kData, n, raw("\1\0"))
           .take();
     },
     kDataCount, 0},
    {"too many parameters", limits::kParams,
     [](uint64_t n) { return type_of(raw("\1\x60"), n, raw("\x7f"), raw("\0")); }, kType, 2},
    {"too many results", limits::kResults, [](uint64_t n) { return type_of(raw("\1\x60\0"), n, raw("\x7f")); }, kType,
     3},
    {"too many fields", limits::kStructFields, [](uint64_t n) { return type_of(raw("\1\x5f"), n, raw("\x7f\0")); },
     kType, 2},
    {"name too long", limits::kStringSize,
     [](uint64_t n) {
       return ModuleWriter()
           .section(kImport,
                    [&](ByteWriter& out) {
                      out.byte(1);
                      out.name(std::string(n, 'x'));
                      out.append(raw("\0\3\x7f\0"));
                    })
           .take();
     },
     kImport, 1},
    {"name too long", limits::kStringSize,
     [](uint64_t n) {
       return ModuleWriter()
           .items(kMemory, 1, raw("\0\0"))
           .section(kExport,
                    [&](ByteWriter& out) {
                      out.byte(1);
                      out.name(std::string(n, 'x'));
                      out.append(raw("\2\0"));
                    })
           .take();
     },
     kExport, 1},
    {"name too long", limits::kStringSize,
     [](uint64_t n) {
       return ModuleWriter().section(kCustom, [&](ByteWriter& out) { out.name(std::string(n, 'x')); }).take();
     },
     kCustom, 0},
    {"function body too large", limits::kFunctionSize,
     [](uint64_t n) { return function_of(raw("\0"), n - 2, raw("\1"), raw("\x0b")); }, kCode, 1},
    {"too many locals", limits::kLocals, [](uint64_t n) { return function_with(raw("\1"), n, raw("\x7f\x0b")); }, kCode,
     1, true},
    {"too many operands of array.new_fixed", limits::kArrayNewFixed,
     [](uint64_t n) {
       ByteWriter body = repeated(raw("\0"), n, raw("\x41\0"), raw("\xfb\x08\1"));
       body.unsigned_leb(n);
       body.append(raw("\x1a\x0b"));
       return ModuleWriter()
           .items(kType, 2,
                  [](ByteWriter& out, uint32_t i) { out.append(i == 0 ? raw("\x60\0\0") : raw("\x5e\x7f\0")); })
           .items(kFunction, 1, raw("\0"))
           .body(body)
           .take();
     },
     kCode, 1 + 2 * (uint64_t{limits::kArrayNewFixed} + 1), true},
    {"too many catch clauses", limits::kTryTableClauses,
     [](uint64_t n) {
       ByteWriter body;
       body.append(raw("\0\x1f\x40"));
       body.unsigned_leb(n);
       for (uint64_t i = 0; i < n; ++i) body.append(raw("\2\0"));
       body.append(raw("\x0b\x0b"));
       return ModuleWriter().function(body).take();
     },
     kCode, 1, true},
    {"too many targets of br_table", limits::kBrTableTargets,
     [](uint64_t n) {
       ByteWriter body;
       body.append(raw("\0\x41\0\x0e"));
       body.unsigned_leb(n);
       for (uint64_t i = 0; i <= n; ++i) body.byte(0);
       body.byte(0x0b);
       return ModuleWriter().function(body).take();
     },
     kCode, 3, true},
};

TEST(Limits, ExactlyAsManyAreAcceptedAndOneMoreIsNot) {
  for (const Limit& limit : kLimits) {
    const Result<Module> accepted = decode_and_validate(limit.make(limit.limit), Features::all());
    EXPECT_TRUE(accepted.has_value()) << limit.what << ": " << accepted.error().to_string();

    const Bytes module = limit.make(limit.limit + 1);
    uint64_t offset = section_start(module, limit.section) + limit.offset;
    if (limit.is_in_body) {
      // The code section begins with the number of bodies and the size of the first body.
      const Bytes& bytes = module;
      const uint64_t size = bytes.size() - section_start(module, kCode) - 1;
      offset += 1 + leb_size(size - leb_size(size));
    }
    const Result<Module> refused = decode_and_validate(module, Features::all());
    ASSERT_FALSE(refused.has_value()) << limit.what;
    EXPECT_EQ(refused.error().kind, ErrorKind::limit) << refused.error().to_string();
    const std::string wanted =
        std::string(limit.what) + ": " + decimal(limit.limit + 1) + " (the limit is " + decimal(limit.limit) + ")";
    EXPECT_TRUE(refused.error().message.starts_with(wanted)) << refused.error().message;
    EXPECT_EQ(refused.error().offset, offset) << limit.what;
  }
}

// A limit on a depth, which validation finds exceeded before it knows the whole depth.
struct Depth {
  std::string message;
  uint64_t limit;
  Bytes (*make)(uint64_t count);
};

TEST(Limits, DepthsAreLimitedToo) {
  const Depth depths[] = {
      {"subtyping too deep: 64 (the limit is 63)", limits::kSubtypingDepth,
       [](uint64_t n) {
         return ModuleWriter()
             .items(kType, n + 1,
                    [](ByteWriter& out, uint32_t i) {
                      if (i == 0) return out.append(raw("\x50\0\x5f\0"));
                      out.append(raw("\x50\1"));
                      out.unsigned_leb(i - 1);
                      out.append(raw("\x5f\0"));
                    })
             .take();
       }},
      {"blocks nested too deeply (the limit is 100000)", limits::kControlNesting,
       [](uint64_t n) {
         return function_of(raw("\0"), n, raw("\2\x40"), repeated({}, n, raw("\x0b"), raw("\x0b")).view());
       }},
      {"operand stack too high (the limit is 1000000 values)", limits::kOperandStack,
       [](uint64_t n) {
         return function_of(raw("\0"), n, raw("\x41\0"), repeated({}, n, raw("\x1a"), raw("\x0b")).view());
       }},
  };
  for (const Depth& depth : depths) {
    const Result<Module> accepted = decode_and_validate(depth.make(depth.limit), Features::all());
    EXPECT_TRUE(accepted.has_value()) << depth.message << ": " << accepted.error().to_string();
    const Result<Module> refused = decode_and_validate(depth.make(depth.limit + 1), Features::all());
    ASSERT_FALSE(refused.has_value()) << depth.message;
    EXPECT_EQ(refused.error().kind, ErrorKind::limit);
    EXPECT_TRUE(refused.error().message.starts_with(depth.message)) << refused.error().message;
    EXPECT_TRUE(refused.error().has_offset && refused.error().offset > 8) << refused.error().to_string();
  }
}

TEST(Limits, ModulesOfAGibibyte) {
  // Returns a module of `size` bytes, most of which are a custom section.
  const auto module = [](uint64_t size) {
    ByteWriter out;
    out.append(raw("\0asm\1\0\0\0\0"));
    out.unsigned_leb(size - out.size() - 5);
    out.byte(0);
    Bytes bytes = out.take();
    bytes.resize(size);
    return bytes;
  };
  const Result<Module> accepted = decode_module(module(limits::kModuleSize), Features::all());
  EXPECT_TRUE(accepted.has_value()) << accepted.error().to_string();
  const Result<Module> refused = decode_module(module(limits::kModuleSize + 1), Features::all());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().to_string(), "module too large: 1073741825 (the limit is 1073741824) (at offset 0x0)");
}

// --- Modules as large as allowed. The time per byte stays below a bound that any quadratic step would exceed by orders
// of magnitude.

void expect_linear(Bytes module, const char* what) {
  const size_t size = module.size();
  const std::clock_t start = std::clock();  // this process's CPU time, since the machine may be busy
  const auto result = decode_and_validate(std::move(module), Features::all());
  const double microseconds = static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC;
  EXPECT_TRUE(result.has_value()) << what << ": " << result.error().to_string();
  EXPECT_LT(microseconds / static_cast<double>(size), 2.0) << what << ": microseconds a byte";
}

TEST(Limits, LargeModulesTakeLinearTime) {
  expect_linear(ModuleWriter().items(kType, 1'000'000, raw("\x60\0\0")).take(), "equal types");
  ModuleWriter distinct;
  distinct.section(kType, [](ByteWriter& out) {
    out.unsigned_leb(250'000);
    for (uint32_t i = 0; i < 250'000; ++i) {
      out.append(raw("\x60\x12"));
      for (uint32_t bit = 0; bit < 18; ++bit) out.byte((i >> bit & 1) != 0 ? 0x7f : 0x7e);
      out.byte(0);
    }
  });
  expect_linear(distinct.take(), "distinct types");
  ModuleWriter functions;
  functions.items(kType, 1, raw("\x60\0\0")).items(kFunction, 1'000'000, raw("\0"));
  expect_linear(functions.items(kCode, 1'000'000, raw("\2\0\x0b")).take(), "functions");
  expect_linear(ModuleWriter().function(repeated(raw("\0"), 7'654'319, raw("\1"), raw("\x0b"))).take(), "nops");
  expect_linear(ModuleWriter().function(repeated(raw("\0"), 1'500'000, raw("\x41\0\x1a"), raw("\x0b"))).take(),
                "a long function");
  ByteWriter nested = repeated(raw("\0"), 99'999, raw("\2\x40"), {});
  for (int i = 0; i < 100'000; ++i) nested.byte(0x0b);
  expect_linear(ModuleWriter().function(nested).take(), "nested blocks");
  expect_linear(ModuleWriter().function(repeated(raw("\1"), 1, raw("\xd0\x86\3\x7f"), raw("\x0b"))).take(), "locals");
  ByteWriter table;
  table.append(raw("\0\2\x40\x41\0\x0e"));
  table.unsigned_leb(1'000'000);
  for (int i = 0; i < 1'000'001; ++i) table.byte(static_cast<uint32_t>(i % 2));
  table.append(raw("\x0b\x0b"));
  expect_linear(ModuleWriter().function(table).take(), "br_table");
}

TEST(Limits, HostileCountsReserveNothing) {
  EXPECT_FALSE(decode_module(
      ModuleWriter().section(kFunction, [](ByteWriter& out) { out.unsigned_leb(999'999); }).take(), Features::all()));
}

}  // namespace
}  // namespace cairn::wasm
