#include "files/world.hpp"

#include <algorithm>
#include <cstring>

#include "platform/injection.hpp"
#include "support/check.hpp"
#include "wasi/null_file.hpp"

namespace cairn::fuzz {

using namespace wasi;

namespace {
// Addresses in the memory of the caller: of results, I/O vectors, an operation's path and its other path, and data.
constexpr Pointer kResult = 0x100, kVector = 0x200, kPath = 0x1000, kOther = 0x3000, kData = 0x8000;
constexpr size_t kMemory = 0x10000;  // size of that memory, in bytes

uint32_t size_of(const std::string& text) { return static_cast<uint32_t>(text.size()); }
}  // namespace

std::string Outcome::to_string() const {
  return "errno " + std::to_string(static_cast<int>(error)) + " count " + std::to_string(count) + " " +
         text.substr(0, 2000);
}

std::string stat_text(FileType type, uint64_t links, uint64_t size) {
  std::string text = "type " + std::to_string(static_cast<int>(type)) + " links " + std::to_string(links);
  if (type != FileType::directory) text += " size " + std::to_string(size);
  return text;
}

std::string times_text(FileType type, uint64_t access, uint64_t modification) {
  std::string text = " modified " + std::to_string(modification);
  if (type != FileType::symbolic_link) text += " accessed " + std::to_string(access);
  return text;
}

std::string listing_text(std::vector<std::string> entries) {
  std::ranges::sort(entries);
  std::string text;
  for (const std::string& entry : entries) text += entry + "\n";
  return text;
}

World::World(System& system, std::unique_ptr<Directory> root)
    : context_(system), memory_(kMemory), call_{context_, GuestMemory(memory_), Snapshot::preview1} {
  for (int fd = 0; fd < 3; ++fd) (void)context_.add_stream(std::make_unique<NullFile>(), FileType::character_device);
  check(context_.add_preopen(std::move(root), "/"), "no root");
}

template <class Function, class... Arguments>
Errno World::call(Function function, Arguments... arguments) {
#if CAIRN_DEBUG
  injection.has_failed = false;
  injection.fails_at = fails_at_;
  const Errno error = function(call_, static_cast<Arguments>(arguments)...);
  fails_at_ = injection.fails_at.exchange(0);
  has_failed_ |= injection.has_failed;
  return error;
#else
  return function(call_, static_cast<Arguments>(arguments)...);
#endif
}

void World::put_text(Pointer at, const std::string& text) {
  std::memcpy(memory_.data() + at, text.data(), text.size());
}

template <class T>
T World::get(Pointer at) {
  T value;
  std::memcpy(&value, memory_.data() + at, sizeof value);
  return value;
}

Outcome World::stat_outcome(Errno error, bool with_times) {
  if (error != Errno::success) return {.error = error};
  // The numbers added to kResult are the offsets of the fields in WASI's filestat.
  Outcome outcome{.text = stat_text(static_cast<FileType>(get<uint8_t>(kResult + 16)), get<uint64_t>(kResult + 24),
                                    get<uint64_t>(kResult + 32))};
  const auto type = static_cast<FileType>(get<uint8_t>(kResult + 16));
  if (with_times) outcome.text += times_text(type, get<uint64_t>(kResult + 40), get<uint64_t>(kResult + 48));
  return outcome;
}

// Lists a directory in pieces of `length` bytes. list_while_removing removes the file `other_path` after the first
// piece. An entry has 24 bytes (WASI's dirent), after which its name follows.
Outcome World::list(const Operation& op) {
  uint32_t fd = op.fd;
  Outcome outcome;
  if (op.kind == Kind::list_while_removing) {
    put_text(kPath, op.path);
    outcome.error =
        call(path_open, op.fd, 1, kPath, size_of(op.path), oflags::directory, rights::all, rights::all, 0, kResult);
    if (outcome.error != Errno::success) return outcome;
    fd = get<uint32_t>(kResult);
  }
  std::vector<std::string> entries;
  uint64_t cookie = 0;
  for (bool is_first = true;; is_first = false) {
    // After the first piece, there is room for the longest name, so that each call lists an entry.
    const uint32_t length = op.length + (is_first ? 0u : 280u);
    outcome.error = call(fd_readdir, fd, kData, length, cookie, kResult);
    if (outcome.error != Errno::success) break;
    const auto used = get<uint32_t>(kResult);
    check(used <= length, "a listing longer than its buffer");
    for (uint32_t at = 0; used - at >= 24;) {
      const auto name_length = get<uint32_t>(kData + at + 16);
      if (used - at - 24 < name_length) break;
      std::string name(reinterpret_cast<const char*>(memory_.data()) + kData + at + 24, name_length);
      entries.push_back(std::move(name) + " " + std::to_string(get<uint8_t>(kData + at + 20)));
      cookie = get<uint64_t>(kData + at);
      at += 24 + name_length;
    }
    if (used < length) break;
    if (is_first && op.kind == Kind::list_while_removing) {
      put_text(kOther, op.other_path);
      (void)call(path_unlink_file, fd, kOther, size_of(op.other_path));
    }
  }
  if (op.kind == Kind::list_while_removing) {
    (void)call(fd_close, fd);
    // Whether the removed name was seen depends on the order.
    if (!op.other_path.starts_with('.')) {
      std::erase_if(entries,
                    [&](const std::string& entry) { return entry.substr(0, entry.rfind(' ')) == op.other_path; });
    }
  }
  if (outcome.error == Errno::success) outcome.text = listing_text(std::move(entries));
  return outcome;
}

Outcome World::perform(const Operation& op) {
  has_failed_ = false;
  Outcome outcome = perform_call(op);
  fails_at_ = 0;
  return outcome;
}

Outcome World::perform_call(const Operation& op) {
  put_text(kPath, op.path);
  put_text(kOther, op.other_path);
  const uint32_t length = size_of(op.path), other_length = size_of(op.other_path);
  const auto plain = [](Errno error) { return Outcome{.error = error}; };
  const auto set_vector = [&] {
    const uint32_t vectors[4] = {kData, op.length / 2, kData + op.length / 2, op.length - op.length / 2};
    std::memcpy(memory_.data() + kVector, vectors, sizeof vectors);
  };
  const auto fill = [&] {
    for (uint32_t i = 0; i < op.length; ++i) memory_[kData + i] = static_cast<std::byte>(written_byte(op.seed, i));
  };
  const auto counted = [&](Errno error, bool reads) {
    Outcome outcome{.error = error};
    if (error != Errno::success) return outcome;
    outcome.count = get<uint32_t>(kResult);
    if (reads) outcome.text.assign(reinterpret_cast<const char*>(memory_.data()) + kData, outcome.count);
    return outcome;
  };
  const auto number = [&](Errno error) {
    return error == Errno::success ? Outcome{.text = std::to_string(get<uint64_t>(kResult))} : Outcome{.error = error};
  };
  constexpr uint32_t kBothTimes = fstflags::atim | fstflags::mtim;
  switch (op.kind) {
    case Kind::create_directory: return plain(call(path_create_directory, op.fd, kPath, length));
    case Kind::remove_directory: return plain(call(path_remove_directory, op.fd, kPath, length));
    case Kind::unlink: return plain(call(path_unlink_file, op.fd, kPath, length));
    case Kind::rename: return plain(call(path_rename, op.fd, kPath, length, op.other_fd, kOther, other_length));
    case Kind::link: return plain(call(path_link, op.fd, op.lookup, kPath, length, op.other_fd, kOther, other_length));
    case Kind::symlink: return plain(call(path_symlink, kOther, other_length, op.fd, kPath, length));
    case Kind::readlink: return counted(call(path_readlink, op.fd, kPath, length, kData, op.length, kResult), true);
    case Kind::open: {
      const Errno error =
          call(path_open, op.fd, op.lookup, kPath, length, op.oflags, op.rights, rights::all, op.fdflags, kResult);
      return error == Errno::success ? Outcome{.text = "fd " + std::to_string(get<uint32_t>(kResult))} : plain(error);
    }
    case Kind::close: return op.fd == 3 ? plain(Errno::success) : plain(call(fd_close, op.fd));
    case Kind::read: set_vector(); return counted(call(fd_read, op.fd, kVector, 2, kResult), true);
    case Kind::pread: set_vector(); return counted(call(fd_pread, op.fd, kVector, 2, op.offset, kResult), true);
    case Kind::write:
      set_vector();
      fill();
      return counted(call(fd_write, op.fd, kVector, 2, kResult), false);
    case Kind::pwrite:
      set_vector();
      fill();
      return counted(call(fd_pwrite, op.fd, kVector, 2, op.offset, kResult), false);
    case Kind::seek: return number(call(fd_seek, op.fd, static_cast<int64_t>(op.offset), op.whence, kResult));
    case Kind::set_size: return plain(call(fd_filestat_set_size, op.fd, op.offset));
    case Kind::allocate: return plain(call(fd_allocate, op.fd, op.offset, op.length));
    case Kind::stat_path: return stat_outcome(call(path_filestat_get, op.fd, op.lookup, kPath, length, kResult), false);
    case Kind::stat_fd: return stat_outcome(call(fd_filestat_get, op.fd, kResult), false);
    case Kind::times_path: {
      const Errno error =
          call(path_filestat_set_times, op.fd, op.lookup, kPath, length, op.offset, op.offset / 2, kBothTimes);
      if (error != Errno::success) return plain(error);
      return stat_outcome(call(path_filestat_get, op.fd, op.lookup, kPath, length, kResult), true);
    }
    case Kind::times_fd: {
      const Errno error = call(fd_filestat_set_times, op.fd, op.offset, op.offset / 2, kBothTimes);
      return error == Errno::success ? stat_outcome(call(fd_filestat_get, op.fd, kResult), true) : plain(error);
    }
    case Kind::list:
    case Kind::list_while_removing: return list(op);
    case Kind::set_flags: return plain(call(fd_fdstat_set_flags, op.fd, op.fdflags));
    case Kind::renumber:
      return op.fd == 3 || op.other_fd == 3 ? plain(Errno::success) : plain(call(fd_renumber, op.fd, op.other_fd));
    case Kind::count_: break;
  }
  return {};
}

void World::close_all() {
  for (uint32_t fd = 4; fd < 64; ++fd) (void)call(fd_close, fd);
}

}  // namespace cairn::fuzz
