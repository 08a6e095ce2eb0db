// `cairn wast`: runs specification scripts in this process.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/format.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "runtime/configure.hpp"
#include "runtime/wast/script_runner.hpp"

namespace cairn::cli {

namespace {

// The scripts below a directory, in order of their names; a file is itself.
Result<std::vector<std::string>> find_scripts(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector{path};
  std::vector<std::string> scripts;
  for (fs::recursive_directory_iterator entry(path, error), end; entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".wast") scripts.push_back(entry->path().string());
  }
  if (error) return fail(Error::of(ErrorKind::io, "cannot read " + path + ": " + error.message()));
  std::ranges::sort(scripts);
  return scripts;
}

}  // namespace

Result<int> wast(const Options& options) {
  if (options.target != Target::host && options.target != Target::host_riscv64) {
    return fail(Error::of(ErrorKind::unsupported, "scripts run on the targets host and host-riscv64"));
  }
  const auto engine =
      CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(runtime::configure_engine(engine_settings(options)))));
  runtime::ScriptRunner runner(
      *engine, [](std::string_view line) { std::printf("%.*s\n", static_cast<int>(line.size()), line.data()); });
  for (const std::string& operand : options.operands) {
    for (const std::string& path : CAIRN_TRY(find_scripts(operand))) {
      const Result<std::string> source = read_file(path);
      if (source) {
        if (options.verbose) std::fprintf(stderr, "%s\n", path.c_str());
        runner.run(path, *source);
      } else {
        runner.count_failure(source.error().to_string());
      }
      std::fflush(stdout);
    }
  }
  const runtime::ScriptTotals& totals = runner.totals();
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(totals.passed),
              static_cast<unsigned long long>(totals.failed));
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace cairn::cli
