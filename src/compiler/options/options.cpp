#include "compiler/options/options.hpp"

#include <charconv>
#include <string>

#include "compiler/options/cpu_feature_names.hpp"

namespace cairn::compiler {

namespace {

std::unexpected<Error> bad_option(std::string_view option, std::string_view wanted) {
  return fail(
      Error::of(ErrorKind::usage, "bad engine option `" + std::string(option) + "`: wanted " + std::string(wanted)));
}

Result<void> set_cpu(Options& options, std::string_view option, std::string_view names) {
  options.cpu = CpuFeatures{};
  if (names == "none") return {};
  while (!names.empty()) {
    const size_t comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    bool found = false;
    for (const CpuFeatureName& candidate : kCpuFeatureNames) {
      if (candidate.name != name) continue;
      options.cpu.*candidate.field = true;
      found = true;
    }
    if (!found) return bad_option(option, "names of instruction sets such as avx2,bmi2 or zba,v");
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
  return {};
}

}  // namespace

Result<void> apply_option(Options& options, std::string_view option) {
  const size_t equals = option.find('=');
  const std::string_view key = option.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : option.substr(equals + 1);
  if (key == "opt") {
    if (value != "none" && value != "all") return bad_option(option, "opt=none or opt=all");
    options.optimize = value == "all";
  } else if (key == "registers") {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.register_limit);
    if (error != std::errc() || end != value.data() + value.size()) return bad_option(option, "registers=N");
  } else if (key == "verify") {
    if (value != "on" && value != "off") return bad_option(option, "verify=on or verify=off");
    options.verify = value == "on";
  } else if (key == "mask") {
    if (value != "on" && value != "off") return bad_option(option, "mask=on or mask=off");
    options.mask = value == "on";
  } else if (key == "relaxed") {
    if (value != "deterministic" && value != "native")
      return bad_option(option, "relaxed=deterministic or relaxed=native");
    options.deterministic_relaxed_simd = value == "deterministic";
  } else if (key == "cpu") {
    return set_cpu(options, option, value);
  } else {
    return bad_option(option, "opt, registers, verify, mask, relaxed or cpu");
  }
  return {};
}

Result<void> disable_feature(Options& options, std::string_view name) {
  for (unsigned i = 0; i <= static_cast<unsigned>(wasm::Feature::threads); ++i) {
    const auto feature = static_cast<wasm::Feature>(i);
    if (wasm::to_string(feature) != name) continue;
    options.features = options.features.without(feature);
    return {};
  }
  return fail(Error::of(ErrorKind::usage, "there is no feature called `" + std::string(name) + "`"));
}

}  // namespace cairn::compiler
