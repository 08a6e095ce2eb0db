// `cairn wast`: runs specification scripts, in this process or on a machine.
#include <cstdio>

#include "host/cli/batch.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/thread.hpp"
#include "runtime/configure.hpp"
#include "testing/wast/script_runner.hpp"

namespace cairn::cli {

namespace {

// Appends the scripts below a directory, in order of their names. A path that is not a directory is appended itself.
Result<void> find_scripts(const std::string& path, std::vector<std::string>& scripts) {
  if (!is_directory(path)) return scripts.push_back(path), Result<void>();
  for (const std::string& name : CAIRN_TRY(list_directory(path))) {
    const std::string child = path + "/" + name;
    if (name.ends_with(".wast") || is_directory(child)) CAIRN_TRY(find_scripts(child, scripts));
  }
  return {};
}

// Reads all scripts before the first one runs, so that an unreadable file is reported at once.
Result<std::vector<BatchFile>> read_scripts(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    const size_t before = found.size();
    CAIRN_TRY(find_scripts(path, found));
    if (found.size() == before) return fail(Error::of(ErrorKind::usage, "there is no .wast file below " + path));
  }
  std::vector<BatchFile> scripts;
  for (std::string& path : found) {
    std::string source = CAIRN_TRY(read_file(path));
    scripts.push_back({std::move(path), std::move(source)});
  }
  return scripts;
}

Result<int> wast_on_host(const Options& options, const std::vector<BatchFile>& scripts) {
  const auto engine =
      CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(runtime::configure_engine(engine_settings(options)))));
  runtime::ScriptRunner runner(
      *engine, [](std::string_view line) { std::printf("%.*s\n", static_cast<int>(line.size()), line.data()); },
      start_thread, options.limit_nanoseconds);
  for (const BatchFile& script : scripts) {
    if (options.verbose) std::fprintf(stderr, "%s\n", script.name.c_str());
    runner.run(script.name, script.contents);
    std::fflush(stdout);
  }
  const runtime::ScriptTotals& totals = runner.totals();
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(totals.passed),
              static_cast<unsigned long long>(totals.failed));
  return totals.failed == 0 ? 0 : 1;
}

// The kernel prints failures as wast_on_host() does.
Result<int> wast_on_machine(const Options& options, const std::vector<BatchFile>& scripts) {
  // The kernel itself ends guest code at the limit. A machine that needs still more time is ended from outside.
  constexpr uint64_t kGrace = 60'000'000'000;  // nanoseconds after the limit
  BootConfig config = engine_settings(options);
  config.mode = BootMode::wast;
  config.limit_nanoseconds = options.limit_nanoseconds;
  return run_batch(options, config, scripts, options.limit_nanoseconds + kGrace, "");
}

}  // namespace

Result<int> wast(const Options& options) {
  const std::vector<BatchFile> scripts = CAIRN_TRY(read_scripts(options.operands));
  if (options.target == Target::host || options.target == Target::host_riscv64) {
    return wast_on_host(options, scripts);
  }
  return wast_on_machine(options, scripts);
}

}  // namespace cairn::cli
