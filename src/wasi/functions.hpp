// The functions of WASI preview 1 on a context and the guest's memory. [wasi-p1] says what each of them does. Each
// family has a file: process.cpp (arguments, environment, clocks, entropy, signals), descriptors.cpp (fd_*), paths.cpp
// (path_*), polling.cpp (poll_oneoff and sockets). Only proc_exit is elsewhere, in wasi.cpp. wasi_unstable, the
// predecessor, has the same functions except sock_accept, with other layouts of filestat and subscription and other
// numbers for whence. Snapshot says whether a guest uses preview 1 or wasi_unstable.
#pragma once

#include <expected>

#include "wasi/context.hpp"
#include "wasi/guest_memory.hpp"

namespace cairn::wasi {

enum class Snapshot : uint8_t { unstable, preview1 };

// The environment of one call of a WASI function. Every function takes it as first argument.
struct Call {
  Context& context;
  GuestMemory memory;
  Snapshot snapshot;
};

// --- process
Errno args_get(Call& call, Pointer argv, Pointer buffer);
Errno args_sizes_get(Call& call, Pointer count, Pointer size);
Errno environ_get(Call& call, Pointer environ, Pointer buffer);
Errno environ_sizes_get(Call& call, Pointer count, Pointer size);
Errno clock_res_get(Call& call, uint32_t clock, Pointer resolution);
Errno clock_time_get(Call& call, uint32_t clock, uint64_t precision, Pointer time);
Errno random_get(Call& call, Pointer buffer, uint32_t length);
Errno sched_yield(Call& call);
Errno proc_raise(Call& call, uint32_t signal);

// --- descriptors
Errno fd_advise(Call& call, uint32_t fd, uint64_t offset, uint64_t length, uint32_t advice);
Errno fd_allocate(Call& call, uint32_t fd, uint64_t offset, uint64_t length);
Errno fd_close(Call& call, uint32_t fd);
Errno fd_datasync(Call& call, uint32_t fd);
Errno fd_fdstat_get(Call& call, uint32_t fd, Pointer stat);
Errno fd_fdstat_set_flags(Call& call, uint32_t fd, uint32_t flags);
Errno fd_fdstat_set_rights(Call& call, uint32_t fd, uint64_t base, uint64_t inheriting);
Errno fd_filestat_get(Call& call, uint32_t fd, Pointer stat);
Errno fd_filestat_set_size(Call& call, uint32_t fd, uint64_t size);
Errno fd_filestat_set_times(Call& call, uint32_t fd, uint64_t access, uint64_t modification, uint32_t flags);
Errno fd_pread(Call& call, uint32_t fd, Pointer vectors, uint32_t count, uint64_t offset, Pointer read);
Errno fd_prestat_get(Call& call, uint32_t fd, Pointer prestat);
Errno fd_prestat_dir_name(Call& call, uint32_t fd, Pointer path, uint32_t length);
Errno fd_pwrite(Call& call, uint32_t fd, Pointer vectors, uint32_t count, uint64_t offset, Pointer written);
Errno fd_read(Call& call, uint32_t fd, Pointer vectors, uint32_t count, Pointer read);
Errno fd_readdir(Call& call, uint32_t fd, Pointer buffer, uint32_t length, uint64_t cookie, Pointer used);
Errno fd_renumber(Call& call, uint32_t from, uint32_t to);
Errno fd_seek(Call& call, uint32_t fd, int64_t offset, uint32_t whence, Pointer result);
Errno fd_sync(Call& call, uint32_t fd);
Errno fd_tell(Call& call, uint32_t fd, Pointer offset);
Errno fd_write(Call& call, uint32_t fd, Pointer vectors, uint32_t count, Pointer written);

// --- paths
Errno path_create_directory(Call& call, uint32_t fd, Pointer path, uint32_t length);
Errno path_filestat_get(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, Pointer stat);
Errno path_filestat_set_times(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, uint64_t access,
                              uint64_t modification, uint32_t fst_flags);
Errno path_link(Call& call, uint32_t fd, uint32_t flags, Pointer path, uint32_t length, uint32_t new_fd,
                Pointer new_path, uint32_t new_length);
Errno path_open(Call& call, uint32_t fd, uint32_t dirflags, Pointer path, uint32_t length, uint32_t oflags,
                uint64_t rights, uint64_t inheriting, uint32_t fdflags, Pointer opened);
Errno path_readlink(Call& call, uint32_t fd, Pointer path, uint32_t length, Pointer buffer, uint32_t buffer_length,
                    Pointer used);
Errno path_remove_directory(Call& call, uint32_t fd, Pointer path, uint32_t length);
Errno path_rename(Call& call, uint32_t fd, Pointer path, uint32_t length, uint32_t new_fd, Pointer new_path,
                  uint32_t new_length);
Errno path_symlink(Call& call, Pointer target, uint32_t target_length, uint32_t fd, Pointer path, uint32_t length);
Errno path_unlink_file(Call& call, uint32_t fd, Pointer path, uint32_t length);

// --- polling and sockets. No descriptor is a socket, so the sock_* functions always fail.
Errno poll_oneoff(Call& call, Pointer subscriptions, Pointer events, uint32_t count, Pointer event_count);
Errno sock_accept(Call& call, uint32_t fd, uint32_t flags, Pointer accepted);
Errno sock_recv(Call& call, uint32_t fd, Pointer vectors, uint32_t count, uint32_t flags, Pointer received,
                Pointer out_flags);
Errno sock_send(Call& call, uint32_t fd, Pointer vectors, uint32_t count, uint32_t flags, Pointer sent);
Errno sock_shutdown(Call& call, uint32_t fd, uint32_t how);

// Returns the time of a clock. The process's clock of CPU time counts all threads of the program.
uint64_t time_of(Call& call, ClockId clock);

// Writes a filestat in the snapshot's layout.
Errno store_filestat(const Call& call, Pointer at, const FileStat& stat);
// Returns the times that `flags` (of namespace fstflags) ask for. Unknown and contradictory flags give Errno::inval.
WasiResult<SetTimes> decode_times(const Call& call, uint64_t access, uint64_t modification, uint32_t flags);

}  // namespace cairn::wasi
