// `cairn compile` and `cairn validate`, which run no code of the module.
#include "compiler/compile.hpp"

#include <algorithm>
#include <cstdio>

#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/program.hpp"
#include "runtime/configure.hpp"
#include "wasm/decoder.hpp"

namespace cairn::cli {
namespace {

bool is_riscv64(Target target) { return target == Target::riscv64 || target == Target::host_riscv64; }

}  // namespace

Result<compiler::Options> compiler_options(const Options& options) {
  compiler::Options result = CAIRN_TRY(runtime::configure_engine(engine_settings(options))).compiler;
  const compiler::Architecture wanted =
      is_riscv64(options.target) ? compiler::Architecture::riscv64 : compiler::Architecture::x86_64;
  // This machine's instruction sets do not apply to a machine of another architecture.
  const bool cpu_given =
      std::ranges::any_of(options.engine_options, [](const std::string& o) { return o.starts_with("cpu="); });
  if (result.architecture != wanted && !cpu_given) result.cpu = {};
  result.architecture = wanted;
  return result;
}

Result<std::vector<std::byte>> compile_object(const Options& options, const std::string& program) {
  const compiler::Options settings = CAIRN_TRY(compiler_options(options));
  const wasm::Module module = CAIRN_TRY(wasm::decode_module(bytes_of(program), settings.features));
  return compiler::compile_module(module, settings);
}

Result<int> compile(const Options& options) {
  const std::string program = CAIRN_TRY(load_program(options.operands[0]));
  const std::vector<std::byte> object = CAIRN_TRY(compile_object(options, program));
  const std::string output = options.output.empty() ? options.operands[0] + ".o" : options.output;
  CAIRN_TRY(write_file(output, std::string_view(reinterpret_cast<const char*>(object.data()), object.size())));
  return 0;
}

Result<int> validate(const Options& options) {
  const wasm::Features features = CAIRN_TRY(runtime::configure_engine(engine_settings(options))).compiler.features;
  int status = 0;
  for (const std::string& path : options.operands) {
    const Result<std::string> program = load_program(path);
    const auto module =
        program ? wasm::decode_and_validate(bytes_of(*program), features) : Result<wasm::Module>(fail(program.error()));
    if (module) continue;
    // load_program() names the file in its errors.
    const std::string file = program ? path + ": " : std::string();
    std::fprintf(stderr, "cairn: %s%s\n", file.c_str(), module.error().to_string().c_str());
    // If several files fail, an unreadable file determines the status, because it says most about the command line.
    status = std::max(status, exit_status_of(module.error().kind));
  }
  return status;
}

}  // namespace cairn::cli
