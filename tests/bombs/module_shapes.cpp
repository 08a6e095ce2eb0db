// The shapes of modules that have many items of one kind: types, imports, functions, segments, names. The texts in
// raw() are bytes of the binary format [wasm 5].
#include <algorithm>

#include "shapes.hpp"
#include "wasm/text/testing/module_writer.hpp"

namespace cairn::bombs {
namespace {

using namespace wasm::testing;

constexpr std::string_view kEmptyType = raw("\x60\0\0");
constexpr size_t kMost = 1'000'000;  // a module's limit on most kinds of items

// Returns how many items of `each` bytes fit into `bytes`, but not more than `most`.
size_t count_of(size_t bytes, size_t each, size_t most = kMost) { return std::min(bytes / each, most); }

// Writes a function type with 18 parameters. Each i below kDistinctTypes gives another type.
void distinct_type(ByteWriter& out, uint32_t i) {
  out.append(raw("\x60\x12"));
  for (uint32_t bit = 0; bit < 18; ++bit) out.byte((i >> bit & 1) != 0 ? 0x7f : 0x7e);
  out.byte(0);
}
constexpr size_t kDistinctTypeBytes = 21;  // size of each type, in bytes
constexpr size_t kDistinctTypes = 1 << 18;

ModuleWriter with_empty_type() {
  ModuleWriter module;
  module.items(kType, 1, kEmptyType);
  return module;
}

// Returns a module of `count` functions of type 0 with this body.
Bytes functions(size_t count, const ByteWriter& body) {
  return with_empty_type().items(kFunction, count, raw("\0")).bodies(count, body).take();
}
ByteWriter body(std::string_view bytes) { return repeated(bytes, 0, {}, raw("\x0b")); }

Bytes one_global(const ByteWriter& initializer) {
  return ModuleWriter()
      .section(kGlobal,
               [&](ByteWriter& out) {
                 out.append(raw("\1\x7f\0"));
                 out.append(initializer.bytes());
               })
      .take();
}

// Writes a custom section.
void custom(ByteWriter& out, std::string_view name, const ByteWriter& contents) {
  ByteWriter section;
  section.name(name);
  section.append(contents.bytes());
  out.section(kCustom, section.bytes());
}
Bytes followed_by(Bytes module, std::string_view name, const ByteWriter& contents) {
  ByteWriter out;
  out.append(module);
  custom(out, name, contents);
  return out.take();
}

// Returns the contents of a name section that gives each of `count` functions a name of `length` characters.
ByteWriter function_names(size_t count, size_t length) {
  ByteWriter map;
  map.unsigned_leb(count);
  for (size_t i = 0; i < count; ++i) {
    map.unsigned_leb(i);
    map.name(std::string(length, 'n'));
  }
  ByteWriter out;
  out.section(1, map.bytes());
  return out;
}

// Writes one recursion group of structures, each of which refers to the next and to the first.
void recursive_structs(ByteWriter& out, uint32_t first, uint32_t count) {
  out.byte(0x4e);
  out.unsigned_leb(count);
  for (uint32_t i = 0; i < count; ++i) {
    out.append(raw("\x5f\2\x63"));
    out.signed_leb(first + (i + 1) % count);
    out.append(raw("\0\x63"));
    out.signed_leb(first);
    out.byte(1);
  }
}

// Returns a module of chains of 64 structure types. In a chain, each type is a subtype of the type before it. All have
// `fields` fields.
Bytes subtype_chains(size_t bytes, uint32_t fields) {
  const size_t chains = std::max<size_t>(1, bytes / (64 * (7 + 2 * fields)));
  return ModuleWriter()
      .items(kType, chains * 64,
             [&](ByteWriter& out, uint32_t i) {
               out.byte(0x50);
               if (i % 64 == 0) {
                 out.byte(0);
               } else {
                 out.byte(1);
                 out.unsigned_leb(i - 1);
               }
               out.byte(0x5f);
               out.unsigned_leb(fields);
               for (uint32_t field = 0; field < fields; ++field) out.append(raw("\x7f\1"));
             })
      .take();
}

// Returns a module with one function of many `if`s, each of which has a branch hint.
Bytes branch_hints(size_t bytes) {
  const size_t count = count_of(bytes, 12);
  ByteWriter code = repeated(raw("\0"), count, raw("\x41\0\4\x40\x0b"), raw("\x0b"));
  ByteWriter hints;
  hints.append(raw("\1\0"));
  hints.unsigned_leb(count);
  for (size_t i = 0; i < count; ++i) {
    hints.unsigned_leb(3 + 5 * i);
    hints.append(raw("\1\1"));
  }
  ByteWriter section;
  section.name("metadata.code.branch_hint");
  section.append(hints.bytes());
  ModuleWriter module = with_empty_type();
  module.items(kFunction, 1, raw("\0"));
  module.section(kCustom, [&](ByteWriter& out) { out.append(section.bytes()); });
  return module.body(code).take();
}

void export_item(ByteWriter& out, uint32_t i) {
  out.name("e" + std::to_string(i));
  out.byte(0);
  out.unsigned_leb(i);
}

using S = const Shape&;

void add(std::vector<Shape>& shapes, std::string name, Bytes (*make)(S, size_t)) {
  shapes.push_back({std::move(name), make, {}, {}, {}, ~size_t{0}});
}

void add_types(std::vector<Shape>& shapes) {
  add(shapes, "types", [](S, size_t b) { return ModuleWriter().items(kType, count_of(b, 3), kEmptyType).take(); });
  add(shapes, "types_distinct", [](S, size_t b) {
    return ModuleWriter().items(kType, count_of(b, kDistinctTypeBytes, kDistinctTypes), distinct_type).take();
  });
  add(shapes, "types_of_escaped_functions", [](S, size_t b) {
    const size_t count = count_of(b, kDistinctTypeBytes + 3 + 3 + 11, kDistinctTypes);
    return ModuleWriter()
        .items(kType, count, distinct_type)
        .items(kFunction, count, [](ByteWriter& out, uint32_t i) { out.unsigned_leb(i); })
        .items(kExport, count, export_item)
        .bodies(count, body(raw("\0")))
        .take();
  });
  add(shapes, "types_wide", [](S, size_t b) {
    return ModuleWriter()
        .items(kType, count_of(b, 2005),
               repeated(raw("\x60\xe8\7"), 1000, raw("\x7e"), repeated(raw("\xe8\7"), 1000, raw("\x7e"), {}).view())
                   .view())
        .take();
  });
  add(shapes, "types_wide_of_exports", [](S, size_t b) {
    const size_t count = count_of(b, 1011);
    return ModuleWriter()
        .items(kType, count,
               [](ByteWriter& out, uint32_t i) {
                 out.append(raw("\x60\xe8\7"));
                 for (uint32_t p = 0; p < 1000; ++p) out.byte((i >> p % 31 & 1) != 0 ? 0x7f : 0x7e);
                 out.byte(0);
               })
        .items(kFunction, count, [](ByteWriter& out, uint32_t i) { out.unsigned_leb(i); })
        .items(kExport, count, export_item)
        .bodies(count, body(raw("\0")))
        .take();
  });
  add(shapes, "recursion_group", [](S, size_t b) {
    return ModuleWriter()
        .section(kType,
                 [&](ByteWriter& out) {
                   out.byte(1);
                   recursive_structs(out, 0, static_cast<uint32_t>(count_of(b, 11)));
                 })
        .take();
  });
  add(shapes, "recursion_groups_equal", [](S, size_t b) {
    return ModuleWriter()
        .items(kType, count_of(b, 105, kMost / 10),
               [](ByteWriter& out, uint32_t i) { recursive_structs(out, 10 * i, 10); })
        .take();
  });
  add(shapes, "structs_wide", [](S, size_t b) {
    return ModuleWriter()
        .items(kType, count_of(b, 20'003), repeated(raw("\x5f\x90\x4e"), 10'000, raw("\x7f\1"), {}).view())
        .take();
  });
  add(shapes, "subtype_chains", [](S, size_t b) { return subtype_chains(b, 0); });
  add(shapes, "subtype_chains_of_wide_structs", [](S, size_t b) { return subtype_chains(b, 1000); });
}

void add_functions(std::vector<Shape>& shapes) {
  add(shapes, "functions", [](S, size_t b) { return functions(count_of(b, 4), body(raw("\0"))); });
  add(shapes, "functions_with_many_locals",
      [](S, size_t b) { return functions(count_of(b, 8), body(raw("\1\xd0\x86\3\x7f"))); });
  add(shapes, "functions_with_many_local_types", [](S, size_t b) {
    return functions(count_of(b, 24), body(raw("\5\x90\x4e\x7f\x90\x4e\x7e\x90\x4e\x7d\x90\x4e\x7c\x90\x4e\x7b")));
  });
  add(shapes, "functions_with_many_locals_and_a_loop", [](S, size_t b) {
    return functions(count_of(b, 20), body(raw("\1\xd0\x86\3\x7f\3\x40\x41\0\x21\0\x0c\0\x0b")));
  });
  add(shapes, "functions_with_many_references",
      [](S, size_t b) { return functions(count_of(b, 9), body(raw("\1\xd0\x86\3\x6f"))); });
  add(shapes, "functions_with_blocks",
      [](S, size_t b) { return functions(count_of(b, 13), body(raw("\0\x41\0\4\x40\x41\0\x45\x1a\x0b"))); });
  add(shapes, "functions_that_call", [](S, size_t b) {
    const size_t count = count_of(b, 8);
    return with_empty_type()
        .items(kFunction, count, raw("\0"))
        .items(kCode, count,
               [&](ByteWriter& out, uint32_t i) {
                 ByteWriter code;
                 code.append(raw("\0\x10"));
                 code.unsigned_leb((i + 1) % count);
                 code.byte(0x0b);
                 out.sized(code.bytes());
               })
        .take();
  });
  add(shapes, "imports",
      [](S, size_t b) { return with_empty_type().items(kImport, count_of(b, 4), raw("\0\0\0\0")).take(); });
  add(shapes, "exports", [](S, size_t b) {
    const size_t count = count_of(b, 11);
    return with_empty_type()
        .items(kFunction, 1, raw("\0"))
        .items(kExport, count,
               [](ByteWriter& out, uint32_t i) {
                 out.name("e" + std::to_string(i));
                 out.append(raw("\0\0"));
               })
        .bodies(1, body(raw("\0")))
        .take();
  });
}

void add_globals_tables_and_tags(std::vector<Shape>& shapes) {
  add(shapes, "globals",
      [](S, size_t b) { return ModuleWriter().items(kGlobal, count_of(b, 5), raw("\x7f\0\x41\0\x0b")).take(); });
  add(shapes, "globals_that_follow", [](S, size_t b) {
    return ModuleWriter()
        .items(kGlobal, count_of(b, 10),
               [](ByteWriter& out, uint32_t i) {
                 out.append(raw("\x7f\0"));
                 if (i == 0) {
                   out.append(raw("\x41\1\x0b"));
                 } else {
                   out.byte(0x23);
                   out.unsigned_leb(i - 1);
                   out.append(raw("\x41\1\x6a\x0b"));
                 }
               })
        .take();
  });
  add(shapes, "long_initializer",
      [](S, size_t b) { return one_global(repeated(raw("\x41\1"), b / 3, raw("\x41\1\x6a"), raw("\x0b"))); });
  add(shapes, "deep_initializer", [](S, size_t b) {
    const size_t count = count_of(b, 3, 999'999);
    return one_global(repeated({}, count, raw("\x41\1"), repeated({}, count - 1, raw("\x6a"), raw("\x0b")).view()));
  });
  add(shapes, "tables",
      [](S, size_t b) { return ModuleWriter().items(kTable, count_of(b, 3, 100'000), raw("\x70\0\0")).take(); });
  add(shapes, "tags", [](S, size_t b) { return with_empty_type().items(kTag, count_of(b, 2), raw("\0\0")).take(); });
}

void add_segments(std::vector<Shape>& shapes) {
  add(shapes, "data_segments", [](S, size_t b) {
    return ModuleWriter()
        .items(kMemory, 1, raw("\0\1"))
        .items(kData, count_of(b, 5, 100'000), raw("\0\x41\0\x0b\0"))
        .take();
  });
  add(shapes, "data", [](S, size_t b) {
    return ModuleWriter()
        .items(kMemory, 1, raw("\0\x80\x02"))
        .section(kData,
                 [&](ByteWriter& out) {
                   out.append(raw("\1\0\x41\0\x0b"));
                   out.name(std::string(std::min<size_t>(b, 16 << 20), 'd'));
                 })
        .take();
  });
  add(shapes, "element_segments_empty",
      [](S, size_t b) { return ModuleWriter().items(kElem, count_of(b, 3, 10'000'000), raw("\1\0\0")).take(); });
  add(shapes, "element_segments", [](S, size_t b) {
    const size_t count = count_of(b, 6, 10'000'000);
    return with_empty_type()
        .items(kFunction, 1, raw("\0"))
        .items(kTable, 1, raw("\x70\0\1"))
        .items(kElem, count, raw("\0\x41\0\x0b\1\0"))
        .bodies(1, body(raw("\0")))
        .take();
  });
  add(shapes, "elements", [](S, size_t b) {
    const size_t count = count_of(b, 1, 10'000'000);
    return with_empty_type()
        .items(kFunction, 1, raw("\0"))
        .section(kTable,
                 [&](ByteWriter& out) {
                   out.append(raw("\1\x70\0"));
                   out.unsigned_leb(count);
                 })
        .section(kElem,
                 [&](ByteWriter& out) {
                   out.append(raw("\1\0\x41\0\x0b"));
                   out.unsigned_leb(count);
                   for (size_t i = 0; i < count; ++i) out.byte(0);
                 })
        .bodies(1, body(raw("\0")))
        .take();
  });
  add(shapes, "element_expressions", [](S, size_t b) {
    return with_empty_type()
        .items(kFunction, 1, raw("\0"))
        .section(kElem,
                 [&](ByteWriter& out) {
                   const size_t count = count_of(b, 3, 10'000'000);
                   out.append(raw("\1\5\x70"));
                   out.unsigned_leb(count);
                   for (size_t i = 0; i < count; ++i) out.append(raw("\xd2\0\x0b"));
                 })
        .bodies(1, body(raw("\0")))
        .take();
  });
}

void add_custom_sections(std::vector<Shape>& shapes) {
  add(shapes, "custom_sections", [](S, size_t b) {
    ByteWriter out;
    out.append(ModuleWriter().take());
    for (size_t i = 0; i < b / 3; ++i) out.append(raw("\0\1\0"));
    return out.take();
  });
  add(shapes, "names", [](S, size_t b) {
    const size_t count = count_of(b, 20);
    return followed_by(functions(count, body(raw("\0"))), "name", function_names(count, 12));
  });
  add(shapes, "long_names", [](S, size_t b) {
    const size_t count = std::max<size_t>(1, count_of(b, 90'000));
    return followed_by(functions(count, body(raw("\0"))), "name", function_names(count, 90'000));
  });
  add(shapes, "branch_hints", [](S, size_t b) { return branch_hints(b); });
}

}  // namespace

std::vector<Shape> module_shapes() {
  std::vector<Shape> shapes;
  add_types(shapes);
  add_functions(shapes);
  add_globals_tables_and_tags(shapes);
  add_segments(shapes);
  add_custom_sections(shapes);
  return shapes;
}

}  // namespace cairn::bombs
