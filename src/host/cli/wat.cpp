// `cairn wat2wasm`: the text format to the binary one.
#include <cstdio>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "wasm/text/text.hpp"

namespace cairn::cli {
namespace {

// With the extension replaced, beside the input.
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

}  // namespace cairn::cli
