// `cairn objdump`: prints functions as WebAssembly, IR and machine code, side by side.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/arena.hpp"
#include "base/format.hpp"
#include "compiler/build/build.hpp"
#include "compiler/build/module_context.hpp"
#include "compiler/codegen/object/object_reader.hpp"
#include "compiler/ir/printer.hpp"
#include "compiler/opt/pipeline.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/program.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::cli {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

std::string column(std::string text, size_t width) {
  if (text.size() > width) text.resize(width - 1), text += '>';
  text.resize(width, ' ');
  return text;
}

// A line of the optimized IR, with the offset of the WebAssembly instruction that it came from (0: none).
struct IrLine {
  uint64_t offset = 0;
  std::string text;
};

Result<std::vector<IrLine>> ir_lines(const compiler::ModuleContext& context, wasm::FuncIndex index) {
  Arena arena(context.options().function_budget_bytes);
  ir::Function function(arena);
  wasm::FunctionValidator validator(context.module());
  CAIRN_TRY(compiler::build_function(context, validator, index, function));
  CAIRN_TRY(opt::optimize(function, context.options()));
  std::vector<IrLine> lines;
  ir::Value next = ir::Value::none();
  for (std::string& text : lines_of(ir::to_string(function, ir::Numbering::raw))) {
    IrLine line{0, std::move(text)};
    unsigned block = 0;
    if (line.text.starts_with("block")) {
      std::from_chars(line.text.data() + 5, line.text.data() + line.text.size(), block);
      next = function[ir::Block(block)].first;
    } else if (next) {
      line.offset = function[next].position;
      next = function.next(next);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// Returns the output of llvm-objdump, cut at its headings: an entry for each function that the module defines, in the
// module's order.
Result<std::vector<Lines>> machine_code(const std::vector<std::byte>& object) {
  char path[] = "/tmp/cairn-objdump-XXXXXX";
  const FileDescriptor file(mkstemp(path));
  if (!file.is_open()) return fail(Error::of(ErrorKind::io, "cannot create a temporary file"));
  CAIRN_TRY(write_file(path, std::string_view(reinterpret_cast<const char*>(object.data()), object.size())));
  const std::string command =
      std::string("llvm-objdump-22 -d -M intel --no-show-raw-insn --mattr=+v,+zba,+zbb,+zbs ") + path + " 2>/dev/null";
  FILE* stream = popen(command.c_str(), "r");
  std::string output;
  char buffer[1 << 16];
  size_t length;
  while (stream != nullptr && (length = fread(buffer, 1, sizeof buffer, stream)) > 0) output.append(buffer, length);
  if (stream != nullptr) pclose(stream);
  unlink(path);
  std::vector<Lines> functions;
  for (std::string& line : lines_of(output)) {
    if (line.ends_with(">:")) {
      functions.emplace_back();
    } else if (!functions.empty() && !line.empty()) {
      for (char& c : line) {
        if (c == '\t') c = ' ';
      }
      functions.back().push_back(line.substr(std::min(line.find_first_not_of(' '), line.size())));
    }
  }
  return functions;
}

constexpr size_t kWasmWidth = 44, kIrWidth = 60;  // characters

// Prints rows of three columns: a WebAssembly instruction, IR that came from it, and machine code. The rows of the
// machine code have no relation to those of the other columns.
void print(const std::vector<wasm::text::InstructionText>& wasm, const std::vector<IrLine>& ir, const Lines& machine) {
  std::vector<std::pair<std::string, std::string>> rows;
  size_t next_wasm = 0;
  const auto wasm_text = [](const wasm::text::InstructionText& instruction) {
    return hex(instruction.offset, 1).substr(2) + ": " + instruction.text;
  };
  for (const IrLine& line : ir) {
    // Takes the WebAssembly instructions up to the one that this line came from. The earlier ones left no IR and get
    // rows of their own.
    std::string left;
    while (line.offset != 0 && next_wasm < wasm.size() && wasm[next_wasm].offset <= line.offset) {
      if (!left.empty()) rows.emplace_back(left, "");
      left = wasm_text(wasm[next_wasm++]);
    }
    rows.emplace_back(left, line.text);
  }
  while (next_wasm < wasm.size()) rows.emplace_back(wasm_text(wasm[next_wasm++]), "");
  for (size_t i = 0; i < std::max(rows.size(), machine.size()); ++i) {
    const auto& [left, middle] = i < rows.size() ? rows[i] : std::pair<std::string, std::string>();
    std::printf("%s| %s| %s\n", column(left, kWasmWidth).c_str(), column(middle, kIrWidth).c_str(),
                i < machine.size() ? machine[i].c_str() : "");
  }
}

bool is_wanted(const Options& options, const wasm::Module& module, wasm::FuncIndex function) {
  return options.function.empty() || options.function == decimal(function.index()) ||
         options.function == module.function_name(function);
}

}  // namespace

Result<int> objdump(const Options& options) {
  // For a code object, prints its identity.
  const std::string file = read_file(options.operands[0]).value_or(std::string());
  if (file.starts_with("\x7f"
                       "ELF")) {
    const codegen::ObjectContents contents = CAIRN_TRY(codegen::read_object(std::as_bytes(std::span(file))));
    std::printf("code object: %s\n", codegen::to_string(contents.identity).c_str());
    return 0;
  }
  const std::string program = CAIRN_TRY(load_program(options.operands[0]));
  const compiler::Options settings = CAIRN_TRY(compiler_options(options));
  const wasm::Module module = CAIRN_TRY(wasm::decode_module(bytes_of(program), settings.features));
  const compiler::ModuleContext context(module, settings);
  const std::vector<std::byte> object = CAIRN_TRY(compile_object(options, program));
  std::printf("code object: %s\n\n", codegen::to_string(CAIRN_TRY(codegen::read_object(object)).identity).c_str());
  const std::vector<Lines> machine = CAIRN_TRY(machine_code(object));
  bool found = false;
  size_t defined = 0;
  for (uint32_t i = 0; i < module.functions.size(); ++i) {
    const wasm::FuncIndex index(i);
    if (module.functions[i].is_imported) continue;
    const size_t position = defined++;
    if (!is_wanted(options, module, index)) continue;
    found = true;
    std::printf("function %u %s\n", i, std::string(module.function_name(index)).c_str());
    print(CAIRN_TRY(wasm::text::disassemble_function(module, index)), CAIRN_TRY(ir_lines(context, index)),
          position < machine.size() ? machine[position] : Lines{});
    std::printf("\n");
  }
  if (!found) return fail(Error::of(ErrorKind::usage, "the module defines no function `" + options.function + "`"));
  return 0;
}

}  // namespace cairn::cli
