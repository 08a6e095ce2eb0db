// The numbers of WASI preview 1 ([wasi-p1], witx/typenames.witx).
#pragma once

#include <cstdint>
#include <expected>

namespace cairn::wasi {

enum class Errno : uint16_t {
  success = 0,
  toobig = 1,
  access = 2,
  addrinuse = 3,
  addrnotavail = 4,
  afnosupport = 5,
  again = 6,
  already = 7,
  badf = 8,
  badmsg = 9,
  busy = 10,
  canceled = 11,
  child = 12,
  connaborted = 13,
  connrefused = 14,
  connreset = 15,
  deadlk = 16,
  destaddrreq = 17,
  dom = 18,
  dquot = 19,
  exist = 20,
  fault = 21,
  fbig = 22,
  hostunreach = 23,
  idrm = 24,
  ilseq = 25,
  inprogress = 26,
  intr = 27,
  inval = 28,
  io = 29,
  isconn = 30,
  isdir = 31,
  loop = 32,
  mfile = 33,
  mlink = 34,
  msgsize = 35,
  multihop = 36,
  nametoolong = 37,
  netdown = 38,
  netreset = 39,
  netunreach = 40,
  nfile = 41,
  nobufs = 42,
  nodev = 43,
  noent = 44,
  noexec = 45,
  nolck = 46,
  nolink = 47,
  nomem = 48,
  nomsg = 49,
  noprotoopt = 50,
  nospc = 51,
  nosys = 52,
  notconn = 53,
  notdir = 54,
  notempty = 55,
  notrecoverable = 56,
  notsock = 57,
  notsup = 58,
  notty = 59,
  nxio = 60,
  overflow = 61,
  ownerdead = 62,
  perm = 63,
  pipe = 64,
  proto = 65,
  protonosupport = 66,
  prototype = 67,
  range = 68,
  rofs = 69,
  spipe = 70,
  srch = 71,
  stale = 72,
  timedout = 73,
  txtbsy = 74,
  xdev = 75,
  notcapable = 76,
};

template <class T>
using WasiResult = std::expected<T, Errno>;

enum class FileType : uint8_t {
  unknown = 0,
  block_device = 1,
  character_device = 2,
  directory = 3,
  regular_file = 4,
  socket_dgram = 5,
  socket_stream = 6,
  symbolic_link = 7,
};

enum class ClockId : uint32_t { realtime = 0, monotonic = 1, process_cputime = 2, thread_cputime = 3 };

namespace rights {
constexpr uint64_t fd_datasync = 1 << 0, fd_read = 1 << 1, fd_seek = 1 << 2, fd_fdstat_set_flags = 1 << 3,
                   fd_sync = 1 << 4, fd_tell = 1 << 5, fd_write = 1 << 6, fd_advise = 1 << 7, fd_allocate = 1 << 8,
                   path_create_directory = 1 << 9, path_create_file = 1 << 10, path_link_source = 1 << 11,
                   path_link_target = 1 << 12, path_open = 1 << 13, fd_readdir = 1 << 14, path_readlink = 1 << 15,
                   path_rename_source = 1 << 16, path_rename_target = 1 << 17, path_filestat_get = 1 << 18,
                   path_filestat_set_size = 1 << 19, path_filestat_set_times = 1 << 20, fd_filestat_get = 1 << 21,
                   fd_filestat_set_size = 1 << 22, fd_filestat_set_times = 1 << 23, path_symlink = 1 << 24,
                   path_remove_directory = 1 << 25, path_unlink_file = 1 << 26, poll_fd_readwrite = 1 << 27,
                   sock_shutdown = 1 << 28, sock_accept = 1 << 29;
constexpr uint64_t all = (uint64_t{1} << 30) - 1;
// The most rights that a descriptor of a regular file, a stream or a directory can have.
constexpr uint64_t regular_file = fd_datasync | fd_read | fd_seek | fd_fdstat_set_flags | fd_sync | fd_tell | fd_write |
                                  fd_advise | fd_allocate | fd_filestat_get | fd_filestat_set_size |
                                  fd_filestat_set_times | poll_fd_readwrite;
constexpr uint64_t stream = fd_read | fd_fdstat_set_flags | fd_write | fd_filestat_get | poll_fd_readwrite;
constexpr uint64_t directory =
    all & ~(fd_read | fd_write | fd_seek | fd_tell | fd_allocate | fd_filestat_set_size | sock_shutdown | sock_accept);
}  // namespace rights

// In the namespaces of flags, `known` is the set of all defined flags.
namespace fdflags {
constexpr uint16_t append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16, known = 31;
}
namespace oflags {
constexpr uint16_t creat = 1, directory = 2, excl = 4, trunc = 8, known = 15;
}
namespace lookupflags {
constexpr uint32_t symlink_follow = 1, known = 1;
}
namespace fstflags {
constexpr uint16_t atim = 1, atim_now = 2, mtim = 4, mtim_now = 8;
}

// The attributes of a file. Times are in nanoseconds since 1970.
struct FileStat {
  uint64_t device = 0;
  uint64_t inode = 0;
  FileType type = FileType::unknown;
  uint64_t links = 1;
  uint64_t size = 0;
  uint64_t access_time = 0;
  uint64_t modification_time = 0;
  uint64_t change_time = 0;
};

}  // namespace cairn::wasi
