// `cairn wat2wasm` and `cairn wasm2wat`: translate the text format to the binary format and back.
#include <cstdio>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/program.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::cli {
namespace {

// Returns the path given by -o, or else the input's path with the extension replaced.
std::string output_path(const Options& options, const char* extension) {
  if (!options.output.empty()) return options.output;
  const std::string& input = options.operands[0];
  const size_t dot = input.rfind('.');
  const size_t slash = input.rfind('/');
  const bool has_extension = dot != std::string::npos && (slash == std::string::npos || dot > slash);
  return (has_extension ? input.substr(0, dot) : input) + extension;
}

}  // namespace

Result<int> wat2wasm(const Options& options) {
  const std::string& path = options.operands[0];
  const std::string source = CAIRN_TRY(read_file(path));
  const std::vector<std::byte> module = CAIRN_TRY(wasm::text::assemble(source, path));
  CAIRN_TRY(write_file(output_path(options, ".wasm"),
                       std::string_view(reinterpret_cast<const char*>(module.data()), module.size())));
  return 0;
}

Result<int> wasm2wat(const Options& options) {
  const std::string program = CAIRN_TRY(load_program(options.operands[0], Validation::off));
  const wasm::Module module = CAIRN_TRY(wasm::decode_module(bytes_of(program), wasm::Features::all()));
  const std::string text = CAIRN_TRY(wasm::text::disassemble(module));
  if (!options.output.empty()) {
    CAIRN_TRY(write_file(options.output, text));
  } else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return fail(Error::of(ErrorKind::io, "cannot write to the standard output"));
  }
  return 0;
}

}  // namespace cairn::cli
