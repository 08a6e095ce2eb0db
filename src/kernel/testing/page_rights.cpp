#include "kernel/testing/page_rights.hpp"

#include <array>

#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/memory/rights_audit.hpp"
#include "kernel/program/system.hpp"
#include "platform/platform.hpp"
#include "runtime/configure.hpp"
#include "testing/trial/trial.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {
namespace {

using platform::Platform;

// The rules that the page tables of this machine must obey.
RightsRules rules() {
  RightsRules rules;
  rules.lower_half_end = guest_addresses_end();
  for (const ImagePart part : {ImagePart::text, ImagePart::rodata, ImagePart::symbols}) {
    if (const ImageSegment segment = image_segment(part); segment.size != 0)
      rules.read_only.push_back(frames_of(segment));
  }
  rules.private_to_kernel.push_back(image_range());
  rules.is_code = [](VirtAddr page) {
    const ImageSegment text = image_segment(ImagePart::text);
    if (page.value - text.start.value < text.size) return true;
    return address_space().with([&](KernelAddressSpace& space) { return space.is_executable(page); });
  };
  return rules;
}

// Audits the page tables that this CPU uses, and logs violations. `when` names the moment in the test.
RightsReport audit(TestRun& run, std::string_view when) {
  const RightsRules all = rules();
  const RightsReport report = RightsAudit<PageFormat>(kDirectMap, machine::active_page_table(), all).run();
  for (const RightsViolation& violation : report.violations) {
    log_error(Subsystem::test, "page rights, ", when, ": page ", Hex{violation.page.value}, ", frame ",
              Hex{violation.frame.value}, " ", violation.what);
  }
  run.expect(report.violation_count == 0, when);
  run.expect(report.pages > 100 && report.tables >= 4, "the page tables were not seen");
  return report;
}

// A system that checks the page tables when a guest asks for the time.
class AuditingSystem final : public wasi::System {
 public:
  explicit AuditingSystem(TestRun& run) : run_(run) {}
  uint64_t now(wasi::ClockId clock) override {
    if (clock == wasi::ClockId::monotonic) {  // the file system asks for the real-time clock
      ++audits;
      executable = audit(run_, "while a guest runs").executable;
    }
    return machine_.now(clock);
  }
  uint64_t resolution(wasi::ClockId clock) override { return machine_.resolution(clock); }
  wasi::Errno fill_random(std::span<std::byte> bytes) override { return machine_.fill_random(bytes); }
  void sleep_until(uint64_t) override {}
  void yield() override {}

  unsigned audits = 0;
  uint64_t executable = 0;

 private:
  TestRun& run_;
  KernelSystem machine_;
};

void audit_guest(TestRun& run) {
  const auto config = runtime::configure_engine(BootConfig{});
  const auto module = wasm::text::assemble(R"((module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "f") (result i32) (call $now (i32.const 1) (i64.const 1) (i32.const 8)))))",
                                           "page rights");
  run.expect(config && module, "no engine");
  if (!config || !module) return;
  AuditingSystem system(run);
  const std::string outcome =
      wasi::try_module(*config, *module, system, {}, [](const std::function<void()>& body) { body(); });
  run.expect(outcome == "ran 1 calls, 0 traps" && system.audits == 1, outcome);
  run.expect(system.executable > image_segment(ImagePart::text).size, "the guest's code was not seen");
}

// Allocates pieces of code that share large pages of the direct map, and releases them in another order.
void audit_pieces(TestRun& run) {
  constexpr size_t kSizes[] = {1, 5, 16, 17, 64, 600, 1100, 3};  // in pages; 600 and 1100 are more than a large page
  std::array<std::span<std::byte>, std::size(kSizes)> pieces;
  for (size_t i = 0; i < pieces.size(); ++i) {
    auto code = Platform::allocate_code(kSizes[i] * kPageSize);
    run.expect(code.has_value(), "no memory");
    if (!code) return;
    pieces[i] = *code;
    if (i % 3 != 2) run.expect(Platform::seal_code(pieces[i], (kSizes[i] + 1) / 2 * kPageSize), "code was not sealed");
    audit(run, "with pieces of code");
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    Platform::release_code(pieces[(i * 3 + 1) % pieces.size()]);
    audit(run, "with fewer pieces of code");
  }
}

}  // namespace

void test_page_rights(TestRun& run) {
  audit_guest(run);  // makes the objects that are made on first use, before pages are counted
  const RightsReport before = audit(run, "at rest");
  run.expect(before.executable == image_segment(ImagePart::text).size,
             "something beside the kernel's text is executable");
  audit_guest(run);
  audit_pieces(run);
  const RightsReport after = audit(run, "after code was released");
  run.expect(after.executable == before.executable, "released code is executable");
  run.expect(after.tables == before.tables && after.pages == before.pages, "the direct map is not whole again");
  log_info(Subsystem::test, "page rights: ", after.pages, " pages in ", after.tables, " tables");
}

}  // namespace cairn::kernel
