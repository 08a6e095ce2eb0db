#include "host/cli/pump.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <string_view>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/format.hpp"
#include "host/system/errors.hpp"

namespace cairn::cli {
namespace {

constexpr size_t kChunk = size_t{1} << 18;                // bytes of one read
constexpr size_t kMaxLog = size_t{16} << 20;              // bytes of a log that are kept
constexpr int kPowerOffMilliseconds = 2000;               // time from `exit` to the power-off
constexpr uint64_t kSilenceNanoseconds = 60'000'000'000;  // no machine that works is silent for so long

struct Written {
  size_t bytes = 0;
  int error = 0;  // Linux's error number if not all bytes were written
};

Written write_all(int fd, std::string_view data) {
  Written result;
  while (result.bytes < data.size()) {
    const ssize_t written = write(fd, data.data() + result.bytes, data.size() - result.bytes);
    if (written >= 0) {
      result.bytes += static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      pollfd wait{fd, POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      result.error = errno;
      return result;
    }
  }
  return result;
}

bool parse_number(std::string_view text, uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

void parse_record(std::string_view line, MachineReport& report) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  uint64_t value = 0;
  if (first == std::string_view::npos || !parse_number(line.substr(last + 1), value)) return;
  const std::string_view kind = line.substr(0, first);
  if (kind == control_record::kExit && first == last) {
    report.exited = true;
    report.status = static_cast<int>(value & 255);
  } else if (first < last) {
    const MachineReport::Number number{std::string(line.substr(first + 1, last - first - 1)), value};
    if (kind == control_record::kTime) report.times.push_back(number);
    if (kind == control_record::kStat) report.stats.push_back(number);
    uint64_t passed = 0;
    if (kind == control_record::kTotals && parse_number(number.name, passed)) {
      report.passed = passed;
      report.failed = value;
    }
  } else if (kind == control_record::kBegin) {
    report.begun = value;
  }
}

class Pump {
 public:
  Pump(PumpPorts ports, const PumpSettings& settings, MachineReport& report)
      : ports_(std::move(ports)), settings_(settings), report_(report), buffer_(kChunk), pending_(kChunk) {
    fcntl(ports_.input.get(), F_SETFL, O_NONBLOCK);
    fcntl(ports_.control.get(), F_SETFL, O_NONBLOCK);
    // A background job must not be stopped because the program might read the terminal.
    signal(SIGTTIN, SIG_IGN);
  }

  void run() {
    while (ports_.output.is_open() || ports_.error.is_open() || ports_.control.is_open() || ports_.log.is_open() ||
           ports_.messages.is_open()) {
      const int ready = wait(milliseconds_left());
      report_.timed_out = milliseconds_left() == 0;
      if (report_.timed_out || (ready == 0 && report_.exited)) {
        kill(settings_.machine, SIGKILL);
        return;
      }
      if (ready > 0) step();
      send_records();
    }
  }

 private:
  // The progress of one of this process's standard streams.
  struct Stream {
    uint64_t carried = 0;  // bytes read from it, or written to it
    int failure = 0;       // Linux's error number if there will be no more bytes
    bool changed = false;  // changed since the last report to the machine
  };
  enum Slot : size_t { from_stdin, to_machine, output, error, control, log, messages, slot_count };

  // Returns the time that the machine still has to write its first log, to end its boot or file, or to power off after
  // `exit`; -1 if there is no limit.
  [[nodiscard]] int milliseconds_left() const {
    if (report_.exited) return kPowerOffMilliseconds;
    const bool is_silent = report_.log.empty();
    if (!is_silent && settings_.patience_nanoseconds == 0) return -1;
    uint64_t end = is_silent ? started_at_ + kSilenceNanoseconds : ~uint64_t{0};
    if (settings_.patience_nanoseconds != 0) end = std::min(end, begun_at_ + settings_.patience_nanoseconds);
    const uint64_t now = monotonic_nanoseconds();
    constexpr uint64_t kMillion = 1'000'000;
    return now >= end ? 0 : static_cast<int>(std::min<uint64_t>((end - now) / kMillion + 1, INT_MAX));
  }

  int wait(int timeout) {
    const bool holds_input = pending_begin_ < pending_end_;
    polls_[from_stdin] = {stdin_open_ && !holds_input ? 0 : -1, POLLIN, 0};
    polls_[to_machine] = {holds_input ? ports_.input.get() : -1, POLLOUT, 0};
    polls_[output] = {ports_.output.get(), POLLIN, 0};
    polls_[error] = {ports_.error.get(), POLLIN, 0};
    polls_[control] = {ports_.control.get(), static_cast<short>(records_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    polls_[log] = {ports_.log.get(), POLLIN, 0};
    polls_[messages] = {ports_.messages.get(), POLLIN, 0};
    return poll(polls_, slot_count, timeout);
  }

  void step() {
    if (polls_[from_stdin].revents != 0) read_stdin();
    if (polls_[to_machine].revents != 0 || polls_[from_stdin].revents != 0) feed_machine();
    if (polls_[output].revents != 0) forward(ports_.output, 1);
    if (polls_[error].revents != 0) forward(ports_.error, 2);
    // The log is read before the control port, so that a panic is in the log when the machine's end is seen.
    if (polls_[log].revents != 0) keep(ports_.log, report_.log);
    if (polls_[messages].revents != 0) {
      keep(ports_.messages, report_.qemu_messages);
      // QEMU stops a machine that KVM cannot run, and waits for a debugger.
      const auto says = [&](std::string_view what) { return report_.qemu_messages.contains(what); };
      report_.kvm_failed = says("KVM internal error") || says("kvm run failed");
      if (report_.kvm_failed) kill(settings_.machine, SIGKILL);
    }
    if ((polls_[control].revents & ~POLLOUT) != 0) read_control();
  }

  void read_stdin() {
    const ssize_t length = read(0, pending_.data(), pending_.size());
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (length > 0) {
      pending_begin_ = 0;
      pending_end_ = static_cast<size_t>(length);
      streams_[0].carried += static_cast<size_t>(length);
      return;
    }
    stdin_open_ = false;
    if (length < 0) {
      // The port stays open, because closing it would tell the program that the input has ended.
      streams_[0].failure = errno;
      streams_[0].changed = true;
      return;
    }
    shutdown(ports_.input.get(), SHUT_WR);
  }

  void feed_machine() {
    while (pending_begin_ < pending_end_) {
      const ssize_t sent =
          send(ports_.input.get(), pending_.data() + pending_begin_, pending_end_ - pending_begin_, MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (sent < 0) {
        // The machine is going down and will not read these bytes.
        pending_begin_ = pending_end_ = 0;
        stdin_open_ = false;
        return;
      }
      pending_begin_ += static_cast<size_t>(sent);
    }
  }

  // Reads once from a port. Returns an empty text if there is nothing to read. At the port's end or after an error,
  // this function also closes the port.
  std::string_view receive(FileDescriptor& port) {
    const ssize_t length = read(port.get(), buffer_.data(), buffer_.size());
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (length <= 0) {
      port.reset();
      return {};
    }
    return {buffer_.data(), static_cast<size_t>(length)};
  }

  void forward(FileDescriptor& port, int fd) {
    const std::string_view bytes = receive(port);
    Stream& stream = streams_[fd];
    if (bytes.empty() || stream.failure != 0) return;
    const Written written = write_all(fd, bytes);
    stream.carried += written.bytes;
    stream.failure = written.error;
    stream.changed = true;
    if (written.error != 0 && report_.lost_stream == 0) {
      report_.lost_stream = fd;
      report_.lost_because = written.error;
    }
  }

  // Reports the streams' progress to the machine. No new records are made until the machine has taken the last ones;
  // then the new ones have the newest numbers.
  void send_records() {
    for (size_t number = 0; records_.empty() && number < std::size(streams_); ++number) {
      Stream& stream = streams_[number];
      if (!std::exchange(stream.changed, false)) continue;
      records_ += stream.failure != 0 ? host_record::kFailed : host_record::kCarried;
      records_ += " " + decimal(number) + " " + decimal(stream.carried);
      if (stream.failure != 0) records_ += " " + decimal(static_cast<unsigned>(host::to_errno(stream.failure)));
      records_ += '\n';
    }
    if (records_.empty() || !ports_.control.is_open()) return;
    const ssize_t sent = send(ports_.control.get(), records_.data(), records_.size(), MSG_NOSIGNAL);
    if (sent > 0) records_.erase(0, static_cast<size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) records_.clear();  // the machine is going down
  }

  // Appends bytes from a port to a log, and shows them if the user asked for the log.
  void keep(FileDescriptor& port, std::string& into) {
    const std::string_view bytes = receive(port);
    if (settings_.show_log) write_all(2, bytes);
    if (into.size() + bytes.size() <= kMaxLog) into += bytes;
  }

  void read_control() {
    control_line_ += receive(ports_.control);
    const std::optional<uint64_t> before = report_.begun;
    size_t end;
    while ((end = control_line_.find('\n')) != std::string::npos) {
      parse_record(std::string_view(control_line_).substr(0, end), report_);
      control_line_.erase(0, end + 1);
    }
    if (report_.begun != before) begun_at_ = monotonic_nanoseconds();
  }

  PumpPorts ports_;
  PumpSettings settings_;
  MachineReport& report_;
  const uint64_t started_at_ = monotonic_nanoseconds();
  uint64_t begun_at_ = started_at_;  // time at which the machine began its current file; before the first, its boot
  pollfd polls_[slot_count] = {};
  bool stdin_open_ = true;
  std::vector<char> buffer_;
  std::vector<char> pending_;  // bytes of stdin that the machine has not taken yet
  size_t pending_begin_ = 0, pending_end_ = 0;
  Stream streams_[3];
  std::string records_;  // records to be sent to the machine
  std::string control_line_;
};

}  // namespace

void pump(PumpPorts ports, const PumpSettings& settings, MachineReport& report) {
  Pump(std::move(ports), settings, report).run();
}

}  // namespace cairn::cli
