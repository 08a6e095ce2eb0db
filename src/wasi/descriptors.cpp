// The functions fd_*: operations on open descriptors. The offsets and sizes of records are those of [wasi-p1]
// (witx/typenames.witx).
#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "wasi/functions.hpp"

namespace cairn::wasi {

namespace {

// Offsets beyond this would overflow a signed 64-bit file position.
constexpr uint64_t kMaximumOffset = (uint64_t{1} << 63) - 1;
// One call moves at most this many vectors and bytes, which are the limits of readv() and writev() on Linux. After a
// short transfer, programs continue with another call.
constexpr uint32_t kMaximumVectors = 1024;
constexpr uint64_t kMaximumTransfer = 0x7fff'f000;

// Reads the vectors (iovec or ciovec) of an array in the guest's memory one after the other, each once. A bad vector is
// an error only if no bytes were moved before it.
class Vectors {
 public:
  Vectors(const GuestMemory& memory, Pointer at, uint32_t count)
      : memory_(memory), at_(at), count_(std::min(count, kMaximumVectors)) {}

  // Returns Errno::fault when the array does not lie in the guest's memory.
  Errno check(uint32_t count) const { return memory_.check(at_, uint64_t{count} * kSize); }

  // Calls move(bytes moved before, place, size) for each vector that is not empty; `move` returns the number of bytes
  // that it moved. Ends when a place was not moved completely, when kMaximumTransfer is reached, or when there are no
  // vectors left.
  template <class Move>
  WasiResult<uint64_t> move_each(Move&& move) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < count_ && total < kMaximumTransfer; ++i) {
      Record<kSize> vector;
      Errno error = vector.read(memory_, at_ + i * kSize);
      const auto place = vector.get<uint32_t>(0), length = vector.get<uint32_t>(4);
      if (error == Errno::success) error = memory_.check(place, length);
      if (error != Errno::success) return ended(total, error);
      if (length == 0) continue;
      const uint64_t size = std::min<uint64_t>(length, kMaximumTransfer - total);
      const WasiResult<size_t> moved = move(total, place, size);
      if (!moved) return ended(total, moved.error());
      total += *moved;
      if (*moved < size) break;
    }
    return total;
  }

 private:
  static constexpr uint32_t kSize = 8;

  static WasiResult<uint64_t> ended(uint64_t total, Errno error) {
    return total != 0 ? WasiResult<uint64_t>(total) : std::unexpected(error);
  }

  const GuestMemory& memory_;
  Pointer at_;
  uint32_t count_;
};

// Returns how many of the `size` bytes from `offset` on lie before kMaximumOffset.
uint64_t up_to_maximum(uint64_t offset, uint64_t size) {
  return offset >= kMaximumOffset ? 0 : std::min(size, kMaximumOffset - offset);
}

// Reads into the vectors one after the other until one read is short.
WasiResult<uint64_t> read_vectors(const Call& call, File& file, uint64_t offset, Pointer array, uint32_t count) {
  Vectors vectors(call.memory, array, count);
  if (const Errno error = vectors.check(count); error != Errno::success) return std::unexpected(error);
  return vectors.move_each([&](uint64_t done, Pointer place, uint64_t size) -> WasiResult<size_t> {
    if (file.is_stream()) {
      // A read for the next vector would block if the stream has no more bytes now.
      if (done != 0 && file.readable_bytes() == 0) return size_t{0};
    } else {
      size = up_to_maximum(offset + done, size);
      if (size == 0) return size_t{0};
    }
    auto target = call.memory.span(place, size);
    if (!target) return std::unexpected(target.error());
    return file.read(offset + done, std::move(*target).as_target());
  });
}

WasiResult<uint64_t> write_vectors(const Call& call, File& file, uint64_t offset, Pointer array, uint32_t count) {
  Vectors vectors(call.memory, array, count);
  if (const Errno error = vectors.check(count); error != Errno::success) return std::unexpected(error);
  return vectors.move_each([&](uint64_t done, Pointer place, uint64_t size) -> WasiResult<size_t> {
    if (!file.is_stream()) {
      size = up_to_maximum(offset + done, size);
      if (size == 0) return std::unexpected(Errno::fbig);
    }
    auto source = call.memory.span(place, size);
    if (!source) return std::unexpected(source.error());
    return file.write(offset + done, std::move(*source).as_source());
  });
}

// Stores the number of bytes that a call has moved. Every such number fits in 32 bits: a transfer has at most
// kMaximumTransfer bytes, and a listing is at most as long as the guest's buffer.
Errno store_count(const Call& call, Pointer at, uint64_t count) {
  CAIRN_ASSERT(count <= 0xffff'ffff);
  return call.memory.store(at, static_cast<uint32_t>(count));
}

// Returns the descriptor of an open file that is not a stream and has the needed rights. Streams give Errno::spipe.
WasiResult<Ref<Descriptor>> seekable(Call& call, uint32_t fd, uint64_t needed) {
  WasiResult<Ref<Descriptor>> descriptor = call.context.get_file(fd, needed);
  if (!descriptor) {
    // Streams lack the right to seek. The error for them says that they cannot seek, not that a right is missing.
    WasiResult<Ref<Descriptor>> any = call.context.get_file(fd, 0);
    if (any && (*any)->file->is_stream()) return std::unexpected(Errno::spipe);
    return descriptor;
  }
  if ((*descriptor)->file->is_stream()) return std::unexpected(Errno::spipe);
  return descriptor;
}

}  // namespace

Errno fd_advise(Call& call, uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice) {
  constexpr uint32_t kLastAdvice = 5;  // noreuse
  auto descriptor = seekable(call, fd, rights::fd_advise);
  if (!descriptor) return descriptor.error();
  if (advice > kLastAdvice || offset > kMaximumOffset || length > kMaximumOffset) return Errno::inval;
  return Errno::success;
}

Errno fd_allocate(Call& call, uint32_t fd, uint64_t offset, uint64_t length) {
  auto descriptor = seekable(call, fd, rights::fd_allocate);
  if (!descriptor) return descriptor.error();
  if (length == 0 || offset > kMaximumOffset || length > kMaximumOffset) return Errno::inval;
  if (length > kMaximumOffset - offset) return Errno::fbig;
  return (*descriptor)->file->allocate(offset, length);
}

Errno fd_close(Call& call, uint32_t fd) { return call.context.close(fd); }

Errno fd_datasync(Call& call, uint32_t fd) {
  auto descriptor = call.context.get(fd, rights::fd_datasync);
  if (!descriptor) return descriptor.error();
  return (*descriptor)->file ? (*descriptor)->file->sync() : (*descriptor)->directory->sync();
}

Errno fd_sync(Call& call, uint32_t fd) {
  auto descriptor = call.context.get(fd, rights::fd_sync);
  if (!descriptor) return descriptor.error();
  return (*descriptor)->file ? (*descriptor)->file->sync() : (*descriptor)->directory->sync();
}

Errno fd_fdstat_get(Call& call, uint32_t fd, Pointer stat) {
  auto descriptor = call.context.get(fd, 0);
  if (!descriptor) return descriptor.error();
  Record<24> record;
  record.set(0, static_cast<uint8_t>((*descriptor)->type));
  record.set(2, (*descriptor)->flags.load());
  record.set(8, (*descriptor)->rights.load());
  record.set(16, (*descriptor)->inheriting_rights.load());
  return record.write(call.memory, stat);
}

Errno fd_fdstat_set_flags(Call& call, uint32_t fd, uint32_t flags) {
  auto descriptor = call.context.get_file(fd, rights::fd_fdstat_set_flags);
  if (!descriptor) return descriptor.error();
  if ((flags & ~uint32_t{fdflags::known}) != 0) return Errno::inval;
  (*descriptor)->flags = static_cast<uint16_t>(flags);
  return Errno::success;
}

Errno fd_fdstat_set_rights(Call& call, uint32_t fd, uint64_t base, uint64_t inheriting) {
  return call.context.restrict_rights(fd, base, inheriting);
}

Errno store_filestat(const Call& call, Pointer at, const FileStat& stat) {
  if (call.snapshot == Snapshot::unstable) {
    Record<56> record;
    record.set(0, stat.device);
    record.set(8, stat.inode);
    record.set(16, static_cast<uint8_t>(stat.type));
    record.set(20, static_cast<uint32_t>(std::min<uint64_t>(stat.links, 0xffff'ffff)));
    record.set(24, stat.size);
    record.set(32, stat.access_time);
    record.set(40, stat.modification_time);
    record.set(48, stat.change_time);
    return record.write(call.memory, at);
  }
  Record<64> record;
  record.set(0, stat.device);
  record.set(8, stat.inode);
  record.set(16, static_cast<uint8_t>(stat.type));
  record.set(24, stat.links);
  record.set(32, stat.size);
  record.set(40, stat.access_time);
  record.set(48, stat.modification_time);
  record.set(56, stat.change_time);
  return record.write(call.memory, at);
}

WasiResult<SetTimes> decode_times(const Call& call, uint64_t access, uint64_t modification, uint32_t flags) {
  constexpr uint32_t kKnown = fstflags::atim | fstflags::atim_now | fstflags::mtim | fstflags::mtim_now;
  if ((flags & ~kKnown) != 0) return std::unexpected(Errno::inval);
  const auto decode = [&](uint32_t given, uint32_t now, uint64_t value) -> WasiResult<std::optional<uint64_t>> {
    if ((flags & given) != 0 && (flags & now) != 0) return std::unexpected(Errno::inval);
    if ((flags & given) != 0) return value;
    if ((flags & now) != 0) return call.context.system().now(ClockId::realtime);
    return std::nullopt;
  };
  auto access_time = decode(fstflags::atim, fstflags::atim_now, access);
  if (!access_time) return std::unexpected(access_time.error());
  auto modification_time = decode(fstflags::mtim, fstflags::mtim_now, modification);
  if (!modification_time) return std::unexpected(modification_time.error());
  return SetTimes{*access_time, *modification_time};
}

Errno fd_filestat_get(Call& call, uint32_t fd, Pointer at) {
  auto descriptor = call.context.get(fd, rights::fd_filestat_get);
  if (!descriptor) return descriptor.error();
  auto stat = (*descriptor)->file ? (*descriptor)->file->stat() : (*descriptor)->directory->stat_self();
  if (!stat) return stat.error();
  return store_filestat(call, at, *stat);
}

Errno fd_filestat_set_size(Call& call, uint32_t fd, uint64_t size) {
  auto descriptor = call.context.get_file(fd, rights::fd_filestat_set_size);
  if (!descriptor) return descriptor.error();
  if (size > kMaximumOffset) return Errno::inval;
  return (*descriptor)->file->set_size(size);
}

Errno fd_filestat_set_times(Call& call, uint32_t fd, uint64_t access, uint64_t modification, uint32_t flags) {
  auto descriptor = call.context.get(fd, rights::fd_filestat_set_times);
  if (!descriptor) return descriptor.error();
  auto times = decode_times(call, access, modification, flags);
  if (!times) return times.error();
  return (*descriptor)->file ? (*descriptor)->file->set_times(*times)
                             : (*descriptor)->directory->set_times_self(*times);
}

Errno fd_pread(Call& call, uint32_t fd, Pointer vectors, uint32_t count, uint64_t offset, Pointer read) {
  auto descriptor = seekable(call, fd, rights::fd_read | rights::fd_seek);
  if (!descriptor) return descriptor.error();
  if (offset > kMaximumOffset) return Errno::inval;
  auto total = read_vectors(call, *(*descriptor)->file, offset, vectors, count);
  return total ? store_count(call, read, *total) : total.error();
}

Errno fd_pwrite(Call& call, uint32_t fd, Pointer vectors, uint32_t count, uint64_t offset, Pointer written) {
  auto descriptor = seekable(call, fd, rights::fd_write | rights::fd_seek);
  if (!descriptor) return descriptor.error();
  if (offset > kMaximumOffset) return Errno::inval;
  auto total = write_vectors(call, *(*descriptor)->file, offset, vectors, count);
  return total ? store_count(call, written, *total) : total.error();
}

namespace {

// Moves bytes at a file's position, and advances the position by the number of bytes moved.
template <class Move>
WasiResult<uint64_t> move(uint64_t& position, Move&& move_at) {
  const WasiResult<uint64_t> total = move_at(position);
  if (total) position += *total;
  return total;
}

}  // namespace

Errno fd_read(Call& call, uint32_t fd, Pointer vectors, uint32_t count, Pointer read) {
  auto descriptor = call.context.get_file(fd, rights::fd_read);
  if (!descriptor) return descriptor.error();
  File& file = *(*descriptor)->file;
  if (file.is_stream() && ((*descriptor)->flags & fdflags::nonblock) != 0 && !file.wait_readable(0))
    return Errno::again;
  const auto read_at = [&](uint64_t offset) { return read_vectors(call, file, offset, vectors, count); };
  const auto total = file.is_stream()
                         ? read_at(0)
                         : (*descriptor)->offset.with([&](uint64_t& offset) { return move(offset, read_at); });
  return total ? store_count(call, read, *total) : total.error();
}

Errno fd_write(Call& call, uint32_t fd, Pointer vectors, uint32_t count, Pointer written) {
  auto descriptor = call.context.get_file(fd, rights::fd_write);
  if (!descriptor) return descriptor.error();
  File& file = *(*descriptor)->file;
  const auto write_at = [&](uint64_t offset) { return write_vectors(call, file, offset, vectors, count); };
  const auto append = [&](uint64_t& offset) -> WasiResult<uint64_t> {
    auto stat = file.stat();
    if (!stat) return std::unexpected(stat.error());
    uint64_t end = stat->size;
    const auto total = move(end, write_at);
    if (total) offset = end;
    return total;
  };
  const bool appends = ((*descriptor)->flags & fdflags::append) != 0;
  const auto write_file = [&] {
    return (*descriptor)->offset.with([&](uint64_t& offset) {
      return appends ? append(offset) : move(offset, write_at);
    });
  };
  const auto total = file.is_stream() ? write_at(0) : appends ? call.context.while_appending(write_file) : write_file();
  return total ? store_count(call, written, *total) : total.error();
}

Errno fd_prestat_get(Call& call, uint32_t fd, Pointer prestat) {
  auto descriptor = call.context.get(fd, 0);
  if (!descriptor) return descriptor.error();
  if (!(*descriptor)->preopen) return Errno::badf;
  Record<8> record;
  record.set(0, uint8_t{0});  // type of the preopen: a directory
  record.set(4, static_cast<uint32_t>((*descriptor)->preopen->size()));
  return record.write(call.memory, prestat);
}

Errno fd_prestat_dir_name(Call& call, uint32_t fd, Pointer path, uint32_t length) {
  auto descriptor = call.context.get(fd, 0);
  if (!descriptor) return descriptor.error();
  if (!(*descriptor)->preopen) return Errno::badf;
  const std::string& name = *(*descriptor)->preopen;
  if (name.size() > length) return Errno::nametoolong;
  return call.memory.copy_out(path, std::as_bytes(std::span(name)));
}

namespace {

// Writes entries into the guest's buffer, one after the other and unaligned. The last entry is cut off at the end of
// the buffer, which tells the guest that there are more.
class EntryWriter final : public EntrySink {
 public:
  // A listing continues at "." from cookie 0 and at ".." from cookie 1. From kFirst on, a cookie is a position in the
  // directory plus kFirst.
  static constexpr uint64_t kFirst = 2;

  // The caller has checked that the buffer lies in the guest's memory.
  EntryWriter(const GuestMemory& memory, Pointer buffer, uint32_t length)
      : memory_(memory), buffer_(buffer), length_(length) {}

  bool take(const DirectoryEntry& entry) override { return put(entry, entry.next + kFirst); }

  bool put(const DirectoryEntry& entry, uint64_t next_cookie) {
    std::array<std::byte, 24> header{};
    const auto name_length = static_cast<uint32_t>(entry.name.size());
    std::memcpy(header.data(), &next_cookie, 8);
    std::memcpy(header.data() + 8, &entry.inode, 8);
    std::memcpy(header.data() + 16, &name_length, 4);
    header[20] = static_cast<std::byte>(entry.type);
    append(header);
    append(std::as_bytes(std::span(entry.name)));
    return has_room();
  }

  [[nodiscard]] bool has_room() const { return used_ < length_; }
  [[nodiscard]] uint32_t used() const { return used_; }

 private:
  void append(std::span<const std::byte> bytes) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(bytes.size(), length_ - used_));
    CAIRN_ASSERT(memory_.copy_out(buffer_ + used_, bytes.first(count)) == Errno::success);
    used_ += count;
  }

  const GuestMemory& memory_;
  Pointer buffer_;
  uint32_t length_;
  uint32_t used_ = 0;
};

}  // namespace

Errno fd_readdir(Call& call, uint32_t fd, Pointer buffer, uint32_t length, uint64_t cookie, Pointer used) {
  auto descriptor = call.context.get_directory(fd, rights::fd_readdir);
  if (!descriptor) return descriptor.error();
  if (const Errno error = call.memory.check(buffer, length); error != Errno::success) return error;
  auto self = (*descriptor)->directory->stat_self();
  if (!self) return self.error();
  EntryWriter writer(call.memory, buffer, length);
  // The entries "." and ".." both have the directory's own inode, because a directory does not know its parent.
  constexpr std::string_view kDots[] = {".", ".."};
  for (uint64_t i = cookie; i < EntryWriter::kFirst && writer.has_room(); ++i) {
    writer.put({kDots[i], self->inode, FileType::directory, 0}, i + 1);
  }
  if (writer.has_room()) {
    const uint64_t position = cookie > EntryWriter::kFirst ? cookie - EntryWriter::kFirst : 0;
    if (const Errno error = (*descriptor)->directory->list(position, writer); error != Errno::success) return error;
  }
  return store_count(call, used, writer.used());
}

Errno fd_renumber(Call& call, uint32_t from, uint32_t to) { return call.context.renumber(from, to); }

Errno fd_seek(Call& call, uint32_t fd, int64_t offset, uint32_t whence, Pointer result) {
  enum class Origin : uint8_t { start, current, end };
  constexpr Origin kUnstable[] = {Origin::current, Origin::end, Origin::start};
  constexpr Origin kPreview1[] = {Origin::start, Origin::current, Origin::end};
  if (whence > 2) return Errno::inval;
  const Origin origin = call.snapshot == Snapshot::unstable ? kUnstable[whence] : kPreview1[whence];
  // Asking for the current position needs only the right fd_tell.
  const bool only_tells = origin == Origin::current && offset == 0;
  auto descriptor = seekable(call, fd, only_tells ? rights::fd_tell : rights::fd_seek);
  if (!descriptor) return descriptor.error();
  return (*descriptor)->offset.with([&](uint64_t& position) {
    uint64_t base = 0;
    if (origin == Origin::current) base = position;
    if (origin == Origin::end) {
      auto stat = (*descriptor)->file->stat();
      if (!stat) return stat.error();
      base = stat->size;
    }
    int64_t target = 0;
    if (base > kMaximumOffset || __builtin_add_overflow(static_cast<int64_t>(base), offset, &target))
      return Errno::inval;
    if (target < 0) return Errno::inval;
    position = static_cast<uint64_t>(target);
    return call.memory.store(result, position);
  });
}

Errno fd_tell(Call& call, uint32_t fd, Pointer offset) {
  auto descriptor = seekable(call, fd, rights::fd_tell);
  if (!descriptor) return descriptor.error();
  return call.memory.store(offset, (*descriptor)->offset.with([](uint64_t& position) { return position; }));
}

}  // namespace cairn::wasi
