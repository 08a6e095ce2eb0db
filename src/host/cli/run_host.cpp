#include "host/cli/commands.hpp"
namespace cairn::cli {
Result<int> run_on_host(const Options&, const std::string&) {
  return fail(Error::of(ErrorKind::unsupported, "the hosted engine is not linked into this build"));
}
}  // namespace cairn::cli
