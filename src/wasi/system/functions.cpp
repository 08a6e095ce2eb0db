#include "wasi/system/functions.hpp"

#include <algorithm>
#include <string_view>

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "wasi/system/children.hpp"
#include "wasi/system/pipe.hpp"
#include "wasi/system/stop_file.hpp"

namespace cairn::wasi::system {
namespace {

using platform::Platform;

constexpr size_t kMaximumName = 256, kMaximumTexts = 1 << 20, kMaximumLimits = 4096;  // bytes
constexpr uint32_t kMaximumDirectories = 64, kMaximumModule = 1u << 30;
constexpr size_t kLongestLine = 256;  // bytes of a line of the log

// The record that describes a program to be started. Offsets are in bytes; all fields have 4.
constexpr size_t kRequestBytes = 56;
enum RequestField : size_t {
  flags = 0,         // kHasSystem, kHasBytes
  module = 4,        // the name of a program, or the bytes of a module; then its length
  arguments = 12,    // texts that end with NUL, one after the other; then the length of all
  environment = 20,  // the same
  limits = 28,       // the same
  directories = 36,  // an array of kDirectoryBytes each: descriptor, name, length of the name; then its length
  standard = 44,     // three descriptors; kNull is an empty stream
};
constexpr uint32_t kHasSystem = 1, kHasBytes = 2;
constexpr uint32_t kNull = ~uint32_t{0};
constexpr size_t kDirectoryBytes = 12;

uint64_t deadline_after(uint64_t nanoseconds) {
  const uint64_t now = Platform::nanoseconds();
  return nanoseconds > ~uint64_t{0} - now ? ~uint64_t{0} : now + nanoseconds;
}

WasiResult<Ref<Child>> find(Call& call, uint32_t child) { return call.context.children()->find(child); }

// Stores how a child has ended, and forgets it.
Errno collect(Call& call, uint32_t handle, const Child& child, Pointer end) {
  Record<16> record;
  record.set(0, static_cast<uint32_t>(child.end().kind));
  record.set(4, child.end().code);
  record.set(8, child.end().cpu_nanoseconds);
  const Errno error = record.write(call.memory, end);
  if (error == Errno::success) call.context.children()->remove(handle, child);
  return error;
}

// Calls `take(text)` for each text of a list in which each ends with NUL. Returns Errno::inval if take() returns false,
// or the list does not end with NUL.
template <class Take>
Errno for_each_text(std::string_view list, Take take) {
  while (!list.empty()) {
    const size_t end = list.find('\0');
    if (end == std::string_view::npos || !take(list.substr(0, end))) return Errno::inval;
    list.remove_prefix(end + 1);
  }
  return Errno::success;
}

Errno load_texts(Call& call, Pointer at, uint32_t length, std::vector<std::string>& out) {
  const auto list = call.memory.text(at, length, kMaximumTexts);
  if (!list) return list.error();
  Errno error = Errno::success;
  // An operation that fails frees what it has made, so `out` gets only what a complete one returns.
  auto made = run_operation([&] {
    std::vector<std::string> texts;
    error = for_each_text(*list, [&](std::string_view text) { return texts.emplace_back(text), true; });
    return texts;
  });
  if (!made) return Errno::nomem;
  out = *std::move(made);
  return error;
}

Errno load_module(Call& call, const Record<kRequestBytes>& fields, SpawnRequest& request) {
  const auto at = fields.get<Pointer>(module);
  const auto length = fields.get<uint32_t>(module + 4);
  if ((fields.get<uint32_t>(flags) & kHasBytes) == 0) {
    const auto name = call.memory.text(at, length, kMaximumName);
    if (!name) return name.error();
    request.shared_module = call.context.children()->services().find_module(*name);
    return request.shared_module == nullptr ? Errno::noent : Errno::success;
  }
  if (const Errno error = call.memory.check(at, length); error != Errno::success) return error;
  if (length > kMaximumModule) return Errno::toobig;
  auto bytes = run_operation([&] { return std::vector<std::byte>(length); });
  if (!bytes) return Errno::nomem;
  request.bytes = *std::move(bytes);
  return call.memory.copy_in(request.bytes, at);
}

// Gives the child the parent's descriptors as standard streams.
Errno load_streams(Call& call, const Record<kRequestBytes>& fields, SpawnRequest& request) {
  for (size_t i = 0; i < 3; ++i) {
    const auto fd = fields.get<uint32_t>(standard + 4 * i);
    if (fd == kNull) continue;
    auto descriptor = call.context.get_file(fd, 0);
    if (!descriptor) return descriptor.error();
    request.standard[i] = *std::move(descriptor);
  }
  return Errno::success;
}

Errno load_directories(Call& call, const Record<kRequestBytes>& fields, SpawnRequest& request) {
  const auto count = fields.get<uint32_t>(directories + 4);
  if (count > kMaximumDirectories) return Errno::inval;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t at = uint64_t{fields.get<Pointer>(directories)} + i * kDirectoryBytes;
    if (at > UINT32_MAX) return Errno::fault;
    Record<kDirectoryBytes> entry;
    if (const Errno error = entry.read(call.memory, static_cast<Pointer>(at)); error != Errno::success) return error;
    const auto parents = call.context.get_directory(entry.get<uint32_t>(0), 0);
    if (!parents) return parents.error();
    const auto name = call.memory.text(entry.get<Pointer>(4), entry.get<uint32_t>(8), kMaximumName);
    if (!name) return name.error();
    auto copy = (*parents)->directory->duplicate();
    if (!copy) return copy.error();
    Ref<Descriptor> descriptor = make_descriptor();
    if (!descriptor) return Errno::nomem;
    descriptor->directory = *std::move(copy);
    descriptor->type = FileType::directory;
    descriptor->rights = (*parents)->rights.load();
    descriptor->inheriting_rights = (*parents)->inheriting_rights.load();
    auto text = run_operation([&] { return std::string(std::string_view(*name)); });
    if (!text) return Errno::nomem;
    descriptor->preopen = *std::move(text);
    if (!request.directories.try_push_back(std::move(descriptor))) return Errno::nomem;
  }
  return Errno::success;
}

Errno load_limits(Call& call, const Record<kRequestBytes>& fields, SpawnRequest& request) {
  const auto list = call.memory.text(fields.get<Pointer>(limits), fields.get<uint32_t>(limits + 4), kMaximumLimits);
  if (!list) return list.error();
  return for_each_text(*list, [&](std::string_view text) { return request.limits.decode(text); });
}

Errno load_request(Call& call, Pointer at, SpawnRequest& request) {
  Record<kRequestBytes> fields;
  if (const Errno error = fields.read(call.memory, at); error != Errno::success) return error;
  if ((fields.get<uint32_t>(flags) & ~(kHasSystem | kHasBytes)) != 0) return Errno::inval;
  request.has_system = (fields.get<uint32_t>(flags) & kHasSystem) != 0;
  const auto texts = [&](size_t field, std::vector<std::string>& out) {
    return load_texts(call, fields.get<Pointer>(field), fields.get<uint32_t>(field + 4), out);
  };
  if (const Errno error = texts(arguments, request.arguments); error != Errno::success) return error;
  if (const Errno error = texts(environment, request.environment); error != Errno::success) return error;
  if (!request.arguments.empty()) {
    auto name = run_operation([&] { return request.arguments[0].substr(0, kMaximumName); });
    if (!name) return Errno::nomem;
    request.name = *std::move(name);
  }
  if (const Errno error = load_limits(call, fields, request); error != Errno::success) return error;
  if (const Errno error = load_streams(call, fields, request); error != Errno::success) return error;
  if (const Errno error = load_directories(call, fields, request); error != Errno::success) return error;
  return load_module(call, fields, request);
}

}  // namespace

Errno spawn(Call& call, Pointer at, Pointer child) {
  if (const Errno error = call.memory.check(child, 4); error != Errno::success) return error;
  SpawnRequest request;
  if (const Errno error = load_request(call, at, request); error != Errno::success) return error;
  const auto handle = call.context.children()->spawn(std::move(request));
  return handle ? call.memory.store(child, *handle) : handle.error();
}

Errno wait(Call& call, uint32_t handle, uint64_t timeout, Pointer end) {
  if (const Errno error = call.memory.check(end, 16); error != Errno::success) return error;
  const auto child = find(call, handle);
  if (!child) return child.error();
  const Errno error = (*child)->wait(deadline_after(timeout));
  return error == Errno::success ? collect(call, handle, **child, end) : error;
}

Errno kill(Call& call, uint32_t handle) {
  const auto child = find(call, handle);
  if (!child) return child.error();
  (*child)->kill_switch.kill();
  return Errno::success;
}

Errno request_stop(Call& call, uint32_t handle) {
  const auto child = find(call, handle);
  if (!child) return child.error();
  (*child)->stop_requested.store(1, std::memory_order_release);
  Platform::unpark((*child)->stop_requested);
  return Errno::success;
}

Errno stop(Call& call, uint32_t handle, uint64_t grace, Pointer end) {
  if (const Errno error = call.memory.check(end, 16); error != Errno::success) return error;
  if (const Errno error = request_stop(call, handle); error != Errno::success) return error;
  const auto child = find(call, handle);
  if (!child) return child.error();
  Errno error = (*child)->wait(deadline_after(grace));
  if (error == Errno::timedout) {
    (*child)->kill_switch.kill();
    error = (*child)->wait(kForever);
  }
  return error == Errno::success ? collect(call, handle, **child, end) : error;
}

Errno stop_requested(Call& call, uint64_t timeout) {
  const std::atomic<uint32_t>* const flag = call.context.stop_flag();
  const uint64_t deadline = deadline_after(timeout);
  while (flag == nullptr || flag->load(std::memory_order_acquire) == 0) {
    if (runtime::TimeLimit::is_over()) return Errno::intr;
    const uint64_t now = Platform::nanoseconds();
    if (now >= deadline) return Errno::timedout;
    call.context.system().sleep_until(call.context.system().now(ClockId::monotonic) +
                                      std::min(kStopPause, deadline - now));
  }
  return Errno::success;
}

Errno pipe(Call& call, Pointer reader, Pointer writer) {
  if (const Errno error = call.memory.check(reader, 4); error != Errno::success) return error;
  if (const Errno error = call.memory.check(writer, 4); error != Errno::success) return error;
  PipeEnds ends = make_pipe();
  const auto describe = [](std::unique_ptr<File> file, uint64_t right) {
    Ref<Descriptor> descriptor = make_descriptor();
    if (!file || !descriptor) return Ref<Descriptor>();
    descriptor->file = std::move(file);
    descriptor->rights = (rights::stream & ~(rights::fd_read | rights::fd_write)) | right;
    return descriptor;
  };
  Ref<Descriptor> read_end = describe(std::move(ends.reader), rights::fd_read);
  Ref<Descriptor> write_end = describe(std::move(ends.writer), rights::fd_write);
  if (!read_end || !write_end) return Errno::nomem;
  auto read_fd = call.context.reserve();
  if (!read_fd) return read_fd.error();
  auto write_fd = call.context.reserve();
  if (!write_fd) return write_fd.error();
  (void)call.memory.store(reader, read_fd->fd());
  (void)call.memory.store(writer, write_fd->fd());
  std::move(*read_fd).insert(std::move(read_end));
  std::move(*write_fd).insert(std::move(write_end));
  return Errno::success;
}

Errno counters(Call& call, uint32_t handle, Pointer out) {
  if (const Errno error = call.memory.check(out, sizeof(ProgramCounters)); error != Errno::success) return error;
  std::optional<ProgramCounters> values;
  if (handle == kSelf) {
    values = read_counters(call.context);
  } else {
    const auto child = find(call, handle);
    if (!child) return child.error();
    values = (*child)->counters();
  }
  return values ? call.memory.copy_out(out, std::as_bytes(std::span(*values))) : Errno::srch;
}

Errno log(Call& call, Pointer at, uint32_t length) {
  const auto text = call.memory.text(at, length, kLongestLine);
  if (!text) return text.error();
  std::array<char, kLongestLine> line{};
  std::ranges::transform(std::string_view(*text), line.begin(),
                         [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c; });
  Children& children = *call.context.children();
  children.services().log(children.name(), {line.data(), length});
  return Errno::success;
}

}  // namespace cairn::wasi::system
