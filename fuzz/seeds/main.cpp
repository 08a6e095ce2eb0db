// Writes the first inputs of fuzzing (seeds): cairn-fuzz-seeds OUT SUITE [DIRECTORY-OR-FILE...]
//   OUT/module OUT/text OUT/script OUT/ir OUT/object OUT/bundle OUT/pvh OUT/acpi OUT/system_file
//       folders of seeds; tools/fuzz.sh says which target gets which
//   OUT/text.dict OUT/ir.dict OUT/system_file.dict
//       the words of the text formats
// SUITE is the specification's test suite; the other arguments are further scripts, texts of modules, text tests of the
// compiler, and system files.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "base/arena.hpp"
#include "base/cpio.hpp"
#include "base/program_config.hpp"
#include "compiler/build/build.hpp"
#include "compiler/compile.hpp"
#include "compiler/ir/printer.hpp"
#include "runtime/configure.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"
#include "wasm/text/wast.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestModule = 3000;  // bytes
constexpr size_t kLargestText = 4000;    // bytes
constexpr size_t kMostOfAKind = 1500;    // seeds; more would only make the start of fuzzing slow

class SeedWriter {
 public:
  SeedWriter(fs::path out) : out_(std::move(out)) {}

  void add(const std::string& kind, std::string_view contents) {
    if (contents.empty() || counts_[kind] == kMostOfAKind ||
        !seen_[kind].insert(std::hash<std::string_view>()(contents)).second) {
      return;
    }
    fs::create_directories(out_ / kind);
    write(kind + "/" + std::to_string(counts_[kind]++), contents);
  }
  void add(const std::string& kind, std::span<const std::byte> contents) {
    add(kind, std::string_view(reinterpret_cast<const char*>(contents.data()), contents.size()));
  }
  void write(const std::string& name, std::string_view contents) {
    std::ofstream(out_ / name, std::ios::binary) << contents;
  }
  void report() const {
    for (const auto& [kind, count] : counts_) std::printf("%zu seeds: %s\n", count, kind.c_str());
  }

 private:
  fs::path out_;
  std::map<std::string, size_t> counts_;
  std::map<std::string, std::set<size_t>> seen_;
};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Adds the IR of each function as text.
void add_ir(SeedWriter& seeds, const wasm::Module& module) {
  const compiler::Options options;
  const compiler::ModuleContext context(module, options);
  wasm::FunctionValidator validator(module);
  Arena arena(size_t{64} << 20);
  for (uint32_t i = module.imported_functions; i < module.functions.size(); ++i) {
    ir::Function function(arena);
    if (!compiler::build_function(context, validator, wasm::FuncIndex(i), function)) return;
    const std::string text = ir::to_string(function);
    if (text.size() < kLargestText) seeds.add("ir", text);
  }
}

void add_module(SeedWriter& seeds, const std::vector<std::byte>& bytes) {
  if (bytes.size() > kLargestModule) return;
  seeds.add("module", bytes);
  const auto module = wasm::decode_and_validate(bytes, runtime::executable_features());
  if (!module) return;
  const auto text = wasm::text::disassemble(*module);
  if (text && text->size() < kLargestText) seeds.add("text", *text);
  add_ir(seeds, *module);
  if (bytes.size() > 400) return;
  for (const auto architecture : {compiler::Architecture::x86_64, compiler::Architecture::riscv64}) {
    compiler::Options options;
    options.architecture = architecture;
    options.features = module->features;
    const auto object = compiler::compile_module(*module, options);
    if (object && object->size() < 6000) seeds.add("object", *object);
  }
}

// Returns the top-level parentheses of a script. Parentheses in strings and line comments do not count; block comments
// are not recognized, which does not matter for seeds.
std::vector<std::string> pieces(const std::string& script) {
  std::vector<std::string> result;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i < script.size(); ++i) {
    if (script[i] == '"') {
      for (++i; i < script.size() && script[i] != '"'; ++i) i += script[i] == '\\' ? 1 : 0;
    } else if (script.compare(i, 2, ";;") == 0) {
      i = std::min(script.find('\n', i), script.size());
    } else if (script[i] == '(' && depth++ == 0) {
      start = i;
    } else if (script[i] == ')' && depth != 0 && --depth == 0) {
      result.push_back(script.substr(start, i + 1 - start));
    }
  }
  return result;
}

// Adds a script's modules, and parts of its text.
void add_script(SeedWriter& seeds, const fs::path& path) {
  const std::string source = read(path);
  const auto script = wasm::text::parse_script(source, path.filename().string());
  if (!script) return;
  for (const wasm::text::Directive& directive : script->directives) {
    const wasm::text::ScriptModule* module = nullptr;
    if (const auto* define = std::get_if<wasm::text::DefineModule>(&directive.what)) module = &define->module;
    if (const auto* assertion = std::get_if<wasm::text::AssertModule>(&directive.what)) {
      module = std::get_if<wasm::text::ScriptModule>(&assertion->subject);
    }
    if (module != nullptr && module->bytes) add_module(seeds, *module->bytes);
  }
  // Parts of the script: a module and the assertions about it.
  std::string part;
  for (const std::string& piece : pieces(source)) {
    if (piece.starts_with("(module") && piece.size() < kLargestText) seeds.add("text", piece);
    if (piece.starts_with("(module") && !part.empty()) {
      if (part.size() < kLargestText) seeds.add("script", part);
      part.clear();
    }
    if (part.size() + piece.size() < kLargestText) part += piece + "\n";
  }
  if (part.size() < kLargestText) seeds.add("script", part);
}

// Adds the functions in IR of a file of tests/compiler.
void add_compiler_tests(SeedWriter& seeds, const fs::path& path) {
  const std::string all = read(path);
  for (size_t at = all.find("\nfunction "); at != std::string::npos; at = all.find("\nfunction ", at + 1)) {
    const size_t end = all.find("\n}", at);
    if (end != std::string::npos && end - at < kLargestText) seeds.add("ir", all.substr(at + 1, end + 2 - at));
  }
}

void add_bundles(SeedWriter& seeds) {
  for (int variant = 0; variant < 4; ++variant) {
    BootConfig config;
    config.mode = variant == 1 ? BootMode::wast : BootMode::run;
    if (variant != 0) config.main = 1;
    config.terminal[1] = config.marks_output = variant == 2;
    config.bounds = variant == 3 ? BoundsMode::check : BoundsMode::automatic;
    if (variant == 2) config.engine_options = {"opt=none", "registers=6", "cpu=avx2,bmi1"};
    if (variant == 3) config.disabled_features = {"simd"};
    ProgramConfig program;
    program.name = "web";
    program.arguments = {"program", "argument"};
    program.environment = {"K=V"};
    program.preopens = {{"/", "/"}, {"d", "/d"}};
    program.weight = 3;
    program.restart = Restart::on_failure;
    const std::string encoded = config.encode(), encoded_program = program.encode();
    const auto bytes_of = [](std::string_view text) { return std::as_bytes(std::span(text)); };
    CpioWriter archive;
    archive.add({.name = bundle_member::kConfig, .data = bytes_of(encoded)});
    archive.add({.name = "module/0", .data = bytes_of("(module)")});
    for (const std::string folder : {"program/0", "program/1"}) {
      archive.add({.name = folder + "/config", .data = bytes_of(encoded_program)});
      archive.add({.kind = CpioKind::directory, .name = folder + "/root", .data = {}});
      archive.add({.kind = CpioKind::directory, .name = folder + "/root/d", .data = {}});
      archive.add({.name = folder + "/root/d/f", .data = bytes_of("contents")});
      archive.add({.kind = CpioKind::symlink, .name = folder + "/root/l", .data = bytes_of("d/f")});
    }
    archive.add({.name = "root/script.wast", .data = bytes_of("(module)")});
    seeds.add("bundle", archive.finish());
  }
}

// Adds start information as the target `pvh` takes it. It is at address 64, its memory map at 128, the list of one
// module at 320, and the command line at 512.
void add_start_information(SeedWriter& seeds) {
  std::string memory(8192, '\0');
  const auto put = [&](size_t at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) memory[at + i] = static_cast<char>(value >> (8 * i));
  };
  put(64, 0x336ec578, 4), put(68, 1, 4), put(76, 1, 4), put(80, 320, 8), put(88, 512, 8), put(96, 0xe0000, 8);
  put(104, 128, 8), put(112, 3, 4);
  for (size_t i = 0; i < 3; ++i) {
    put(128 + i * 24, i << 24, 8), put(136 + i * 24, 0x80'0000, 8), put(144 + i * 24, i == 1 ? 2 : 1, 4);
  }
  put(320, 1024, 8), put(328, 100, 8);
  memory.replace(512, 20, "log=debug paging=sv39");
  seeds.add("pvh", std::string{64, 0} + memory.substr(0, 5000));
}

// Adds ACPI's tables as the target `acpi` takes them: a root pointer at address 64, both kinds of root table, a MADT
// with entries of every kind that is read, and an MCFG. The target corrects the checksums.
void add_acpi_tables(SeedWriter& seeds) {
  for (const uint64_t revision : {0, 2}) {
    std::string memory(1024, '\0');
    const auto put = [&](size_t at, uint64_t value, size_t size) {
      for (size_t i = 0; i < size; ++i) memory[at + i] = static_cast<char>(value >> (8 * i));
    };
    const auto table = [&](size_t at, const char* signature, uint64_t size) {
      memory.replace(at, 4, signature);
      put(at + 4, size, 4);
    };
    memory.replace(64, 8, "RSD PTR ");
    put(79, revision, 1), put(80, 128, 4), put(84, 36, 4), put(88, 192, 8);
    table(128, "RSDT", 44), table(192, "XSDT", 52), table(256, "APIC", 104), table(512, "MCFG", 76);
    put(164, 256, 4), put(168, 512, 4), put(228, 512, 8), put(236, 256, 8);
    put(292, 0xfee0'0000, 4);
    for (size_t cpu = 0; cpu < 3; ++cpu) {
      put(300 + cpu * 8, 0x0800, 2), put(303 + cpu * 8, cpu, 1), put(304 + cpu * 8, cpu == 1 ? 2 : 1, 4);
    }
    put(324, 0x0c05, 2), put(328, 0xfee1'0000, 8);
    put(336, 0x1009, 2), put(340, 7, 4), put(344, 1, 4);
    put(352, 0x0801, 2);
    put(556, 0xb000'0000, 8), put(567, 255, 1);
    put(572, 0xc000'0000, 8), put(580, 1, 2);
    seeds.add("acpi", std::string{0, 64, 0} + memory);
  }
}

// Writes a dictionary for libFuzzer, which has one quoted word in each line.
void write_dictionary(SeedWriter& seeds, const std::string& name, std::set<std::string> words) {
  std::string text;
  for (const std::string& word : words) {
    if (word.size() < 2 || word.size() > 40) continue;
    text += '"';
    for (const char c : word) text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    text += "\"\n";
  }
  seeds.write(name, text);
}

std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '@' || c == '=') {
      word += c;
    } else {
      if (!word.empty() && !std::isdigit(static_cast<unsigned char>(word[0]))) words.insert(word);
      word.clear();
    }
  }
  return words;
}

void write_dictionaries(SeedWriter& seeds) {
  std::set<std::string> text = words_of(
      "module func param result local type import export memory table elem data start global mut tag rec sub final "
      "struct array "
      "field item declare offset= align= shared pagesize i32 i64 f32 f64 v128 i8 i16 funcref externref anyref exnref "
      "ref null "
      "func extern any eq i31 none nofunc noextern exn noexn then catch catch_ref catch_all catch_all_ref nan nan:0x "
      "inf 0x1p "
      "@custom @name @metadata.code.branch_hint binary quote definition instance register invoke get assert_return "
      "assert_trap "
      "assert_exhaustion assert_malformed assert_invalid assert_unlinkable assert_exception either nan:canonical "
      "nan:arithmetic thread wait ref.extern ref.host unreachable trap spectest");
#define CAIRN_OPCODE(id, name, prefix, code, immediate, shape, feature, signature) text.insert(name);
#include "wasm/types/opcodes.def"
  write_dictionary(seeds, "text.dict", text);
  write_dictionary(seeds, "system_file.dict", {"[[program]]", "name",
                                               "module",      "arguments",
                                               "environment", "directories",
                                               "limits",      "cpu-time",
                                               "wall-time",   "weight",
                                               "restart",     "never",
                                               "on-failure",  "always",
                                               "input",       "true",
                                               "false",       "main",
                                               "cpus",        "memory",
                                               "512M",        "250ms",
                                               "a::/b",       "\\u0000",
                                               "0x10",        "1979-05-27T07:32:00Z"});
}

bool is_script(const fs::path& path) { return path.extension() == ".wast" || path.extension() == ".wat"; }

void add_path(SeedWriter& seeds, const fs::path& path, std::set<std::string>& ir_words) {
  if (fs::is_directory(path)) {
    std::vector<fs::path> children;
    for (const auto& entry : fs::directory_iterator(path)) children.push_back(entry.path());
    std::ranges::sort(children);
    for (const fs::path& child : children) add_path(seeds, child, ir_words);
  } else if (is_script(path)) {
    add_script(seeds, path);
  } else if (path.extension() == ".toml") {
    seeds.add("system_file", read(path));
  } else if (path.extension() == ".txt") {
    ir_words.merge(words_of(read(path)));
    add_compiler_tests(seeds, path);
  }
}

int run(int argc, char** argv) {
  SeedWriter seeds(argv[1]);
  fs::create_directories(argv[1]);
  std::set<std::string> ir_words;
  for (int i = 2; i < argc; ++i) add_path(seeds, argv[i], ir_words);
  add_bundles(seeds);
  add_start_information(seeds);
  add_acpi_tables(seeds);
  write_dictionaries(seeds);
  write_dictionary(seeds, "ir.dict", std::move(ir_words));
  seeds.report();
  return 0;
}

}  // namespace
}  // namespace cairn::fuzz

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  return cairn::fuzz::run(argc, argv);
}
