// The protocol between the `cairn` command, here called the host, and the kernel of a machine that runs programs, here
// called the guest.
//
// 1. The kernel's command line (QEMU -append) holds words separated by spaces, each `key=value`; see kernel_option. It
//    holds what the kernel must know before it has memory. The kernel refuses words that
//    it does not know.
//
// 2. The boot bundle (QEMU -initrd) is a newc cpio archive (base/cpio.hpp) with these members, in this order:
//      config             BootConfig, encoded
//      module/N           (mode run) a module's bytes, N from 0
//      program/N/config   (mode run) ProgramConfig of a program, encoded, N from 0
//      program/N/root/... the program's initial file system: program/N/root/a/b becomes its /a/b. Directories precede
//                         their contents. The program sees only the preopens. Its "/" is the directory /0. A
//                         directory that must not be visible below its "/" is /1, the next one /2, and so on.
//      root/...           (modes wast and trial) the scripts or modules
//    A machine without a bundle boots into an idle system.
//
// 3. One virtio-console device with VIRTIO_CONSOLE_F_MULTIPORT has the ports that `port_name` lists. The kernel finds
//    a port by its VIRTIO_CONSOLE_PORT_NAME, never by its number.
//      stdin    host to guest. VIRTIO_CONSOLE_PORT_OPEN with value 0 is the end of the input: the guest still reads
//               the bytes that are in the queue then, and no more will come.
//      stdout   guest to host, bytes untouched.
//      stderr   guest to host; also the kernel's messages to the user: trap and backtrace, or why a module cannot run.
//      control  lines of text: guest to host control_record, host to guest host_record.
//    A guest that stops reading stdin blocks the writer; a host that stops reading stdout blocks the guest. The host
//    reports in records how many bytes of stdout and stderr it has written, and when reading or writing has failed. A
//    stream that has failed stays failed: the host discards further bytes.
//
// 4. The serial port carries the kernel's log. The host keeps it, and shows it when asked to or after a panic. The
//    backtrace of a panic has one line for each frame, `  #0 0xffffffff80001234`, so that the host can add names and
//    lines.
//
// 5. The end: the guest writes everything to stdout and stderr, waits until the device has taken it, writes the control
//    record `exit N`, and powers the machine off. A machine that ends without that record has panicked or was killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cairn {

// Exit statuses of `cairn run` besides the program's own.
namespace exit_status {
constexpr int kUsage = 64;  // wrong usage of the command
// A module that cannot be run: malformed, invalid, not linkable, too large; or too little memory in the machine.
constexpr int kBadModule = 65;
constexpr int kPanic = 70;    // the kernel panicked
constexpr int kSystem = 71;   // the host refused something: no QEMU, no memory, an unreadable file
constexpr int kTrap = 134;    // the program trapped
constexpr int kKilled = 137;  // the program was killed
}  // namespace exit_status

// Returns the exit status of the command or of the machine for an error of this kind.
int exit_status_of(ErrorKind kind);

// The kernel needs a CPU with certain features, its floor (docs/manual/trouble.md). If the CPU lacks one, the kernel
// writes this message and the reason to the serial port and powers the machine off. (x86-64's entry.S has a copy of the
// text.)
constexpr std::string_view kBelowFloor = "cairn: this CPU is below the floor";

// The kernel's message on the serial port if the machine has less memory than Cairn needs to boot. (If not even the
// kernel's image fits, there is no message.)
constexpr std::string_view kTooLittleMemory = "cairn: this machine has too little memory";
constexpr uint64_t kMinimumMemory = uint64_t{16} << 20;  // bytes of memory that a machine must have
constexpr uint64_t kFirmwareMemory = uint64_t{1} << 20;  // bytes of kMinimumMemory that the firmware may take

// The message of a panicking kernel on the serial port, followed by the reason.
constexpr std::string_view kPanic = "cairn: kernel panic: ";

// The kernel's message on the serial port if it does not understand its command line, followed by the word and the
// reason.
constexpr std::string_view kWrongCommandLine = "cairn: the kernel's command line is wrong";

namespace kernel_option {
constexpr std::string_view kPaging = "paging";  // RISC-V only: sv39, sv48 or sv57; by default sv48 if the CPU has it
constexpr std::string_view kLogLevels = "log";  // which lines the log keeps (kernel/log/levels.hpp); by default info
constexpr std::string_view kCpus = "cpus";      // the number of CPUs to use; by default all
// What the report of a panic has: `short` is the innermost calls, `full` is registers and all calls. It is `full` by
// default.
constexpr std::string_view kBacktrace = "backtrace";
// A device that QEMU describes for microvm, as Linux's documentation says (Documentation/admin-guide/
// kernel-parameters.txt): virtio_mmio.device=SIZE@ADDRESS:INTERRUPT.
constexpr std::string_view kMmioDevice = "virtio_mmio.device";
}  // namespace kernel_option

namespace bundle_member {
constexpr std::string_view kConfig = "config";
constexpr std::string_view kModule = "module";
constexpr std::string_view kProgram = "program";
constexpr std::string_view kRoot = "root";
}  // namespace bundle_member

namespace port_name {
constexpr std::string_view kStdin = "cairn.stdin";
constexpr std::string_view kStdout = "cairn.stdout";
constexpr std::string_view kStderr = "cairn.stderr";
constexpr std::string_view kControl = "cairn.control";
}  // namespace port_name

// Records on the control port: one line of text each, ended by '\n', words separated by one space.
namespace control_record {
// `time PHASE NANOSECONDS`: a time of the guest's clock. PHASE is boot (from the kernel's entry until the program is
// found), decode, compile, instantiate, run or total. Sent only if BootConfig::report_times is set.
constexpr std::string_view kTime = "time";
// `stat NAME VALUE`: a statistic, such as `stat resident_bytes 9437184`. Sent only if BootConfig::report_times is set.
constexpr std::string_view kStat = "stat";
// `begin NUMBER`: the machine begins file NUMBER (modes wast and trial), counted from 0 in the bundle's order. After
// the last file, NUMBER is the number of files.
constexpr std::string_view kBegin = "begin";
// `totals PASSED FAILED`: how many assertions (mode wast) or modules (mode trial) have passed and failed so far.
constexpr std::string_view kTotals = "totals";
// `exit STATUS`: the last record.
constexpr std::string_view kExit = "exit";
}  // namespace control_record

// Records that the host sends on the control port, in the form of control_record. STREAM is 0 (stdin), 1 (stdout) or 2
// (stderr).
namespace host_record {
// `carried STREAM TOTAL`: TOTAL bytes of the stream have been written to their destination so far.
constexpr std::string_view kCarried = "carried";
// `failed STREAM TOTAL ERRNO`: writing failed after TOTAL bytes; or, for stdin, reading failed after TOTAL bytes. ERRNO
// is WASI's number (wasi/interface/types.hpp).
constexpr std::string_view kFailed = "failed";
}  // namespace host_record

enum class BootMode : uint8_t {
  idle,   // run no program; stay up with a shell on the serial port
  run,    // run the bundle's programs, then power off
  wast,   // run the specification scripts root/**.wast, output on stdout, exit 0 when all passed, then power off
  trial,  // try each module of root/** (testing/trial/trial.hpp), write a line about it to stdout, exit 0 if there was
          // a module and each has freed all resources that it took, then power off
  tests,  // run the kernel's own tests (kernel/testing), then power off
};

// How compiled code keeps accesses inside the bounds of memories.
enum class BoundsMode : uint8_t {
  automatic,  // by guard pages where the memory's type and the address space allow them, otherwise by explicit checks
  guard,      // like `automatic`, but creating a memory fails if there is no address space for its guard pages
  check,      // by explicit checks everywhere
};

// The member `config` of the boot bundle: what the machine does, and the settings that all programs share. It is
// encoded as a list of `key=value` (key_values.hpp). Each comment begins with an example of the field's encoding.
struct BootConfig {
  BootMode mode = BootMode::run;  // mode=run
  // main=0: the number of the main program; the machine ends when this program has ended for good. Without a main
  // program, the machine ends when all programs have ended for good (wasi/supervision/system_outcome.hpp).
  std::optional<uint32_t> main;
  bool marks_output = false;  // marks=1: whether lines of output begin with the name of the program that wrote them
  bool terminal[3] = {};      // terminal=0: whether this descriptor is a terminal on the host
  BoundsMode bounds = BoundsMode::automatic;   // bounds=check
  std::vector<std::string> disabled_features;  // disable=simd: a WebAssembly feature that modules may not use
  bool report_times = false;                   // report_times=1: whether the kernel sends kTime and kStat records
  std::vector<std::string> engine_options;     // engine=opt=none: an option of the engine (runtime/configure.hpp)
  uint64_t limit_nanoseconds = 0;       // limit=60000000000: the time of a script's guest code (wast); 0: no limit
  uint64_t wall_clock_nanoseconds = 0;  // wall_clock=1: the host's time since 1970, for machines without a usable clock

  // Returns the encoded list.
  [[nodiscard]] std::string encode() const;
  // Reads an encoded list. Fails (malformed) if it is damaged, or has an unknown key or a wrong value.
  static Result<BootConfig> parse(std::span<const std::byte> bytes);

  bool operator==(const BootConfig&) const = default;
};

// These functions return the name in the encoding, such as "run" or "guard".
std::string_view to_string(BootMode mode);
std::string_view to_string(BoundsMode mode);

}  // namespace cairn
