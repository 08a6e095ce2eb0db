#include "wasi/wasi.hpp"

#include <string_view>

#include "wasi/functions.hpp"

namespace cairn::wasi {

namespace {

using runtime::Caller;
using runtime::Trap;

// `function` as a host function: its C++ parameters after the Call are the WebAssembly ones, its result is the errno.
template <auto function, Snapshot snapshot>
struct Adapter;
template <class... A, Errno (*function)(Call&, A...), Snapshot snapshot>
struct Adapter<function, snapshot> {
  static std::expected<uint32_t, Trap> run(Context& context, Caller& caller, A... arguments) {
    Call call{context, GuestMemory(caller.exported_memory("memory")), snapshot};
    return static_cast<uint32_t>(function(call, arguments...));
  }
};

std::expected<void, Trap> proc_exit(Context& context, Caller&, uint32_t status) {
  context.exit_status = status;
  return std::unexpected(Trap::of(wasm::TrapKind::host_error, "exit"));
}

// Sorted by name.
#define CAIRN_WASI_FUNCTION(name, snapshot) runtime::host_entry<&Adapter<name, Snapshot::snapshot>::run>(#name)
constexpr runtime::HostEntry kPreview1[] = {
    CAIRN_WASI_FUNCTION(args_get, preview1),
    CAIRN_WASI_FUNCTION(args_sizes_get, preview1),
    CAIRN_WASI_FUNCTION(clock_res_get, preview1),
    CAIRN_WASI_FUNCTION(clock_time_get, preview1),
    CAIRN_WASI_FUNCTION(environ_get, preview1),
    CAIRN_WASI_FUNCTION(environ_sizes_get, preview1),
    CAIRN_WASI_FUNCTION(fd_advise, preview1),
    CAIRN_WASI_FUNCTION(fd_allocate, preview1),
    CAIRN_WASI_FUNCTION(fd_close, preview1),
    CAIRN_WASI_FUNCTION(fd_datasync, preview1),
    CAIRN_WASI_FUNCTION(fd_fdstat_get, preview1),
    CAIRN_WASI_FUNCTION(fd_fdstat_set_flags, preview1),
    CAIRN_WASI_FUNCTION(fd_fdstat_set_rights, preview1),
    CAIRN_WASI_FUNCTION(fd_filestat_get, preview1),
    CAIRN_WASI_FUNCTION(fd_filestat_set_size, preview1),
    CAIRN_WASI_FUNCTION(fd_filestat_set_times, preview1),
    CAIRN_WASI_FUNCTION(fd_pread, preview1),
    CAIRN_WASI_FUNCTION(fd_prestat_dir_name, preview1),
    CAIRN_WASI_FUNCTION(fd_prestat_get, preview1),
    CAIRN_WASI_FUNCTION(fd_pwrite, preview1),
    CAIRN_WASI_FUNCTION(fd_read, preview1),
    CAIRN_WASI_FUNCTION(fd_readdir, preview1),
    CAIRN_WASI_FUNCTION(fd_renumber, preview1),
    CAIRN_WASI_FUNCTION(fd_seek, preview1),
    CAIRN_WASI_FUNCTION(fd_sync, preview1),
    CAIRN_WASI_FUNCTION(fd_tell, preview1),
    CAIRN_WASI_FUNCTION(fd_write, preview1),
    CAIRN_WASI_FUNCTION(path_create_directory, preview1),
    CAIRN_WASI_FUNCTION(path_filestat_get, preview1),
    CAIRN_WASI_FUNCTION(path_filestat_set_times, preview1),
    CAIRN_WASI_FUNCTION(path_link, preview1),
    CAIRN_WASI_FUNCTION(path_open, preview1),
    CAIRN_WASI_FUNCTION(path_readlink, preview1),
    CAIRN_WASI_FUNCTION(path_remove_directory, preview1),
    CAIRN_WASI_FUNCTION(path_rename, preview1),
    CAIRN_WASI_FUNCTION(path_symlink, preview1),
    CAIRN_WASI_FUNCTION(path_unlink_file, preview1),
    CAIRN_WASI_FUNCTION(poll_oneoff, preview1),
    runtime::host_entry<proc_exit>("proc_exit"),
    CAIRN_WASI_FUNCTION(proc_raise, preview1),
    CAIRN_WASI_FUNCTION(random_get, preview1),
    CAIRN_WASI_FUNCTION(sched_yield, preview1),
    CAIRN_WASI_FUNCTION(sock_accept, preview1),
    CAIRN_WASI_FUNCTION(sock_recv, preview1),
    CAIRN_WASI_FUNCTION(sock_send, preview1),
    CAIRN_WASI_FUNCTION(sock_shutdown, preview1),
};
constexpr runtime::HostEntry kUnstable[] = {
    CAIRN_WASI_FUNCTION(args_get, unstable),
    CAIRN_WASI_FUNCTION(args_sizes_get, unstable),
    CAIRN_WASI_FUNCTION(clock_res_get, unstable),
    CAIRN_WASI_FUNCTION(clock_time_get, unstable),
    CAIRN_WASI_FUNCTION(environ_get, unstable),
    CAIRN_WASI_FUNCTION(environ_sizes_get, unstable),
    CAIRN_WASI_FUNCTION(fd_advise, unstable),
    CAIRN_WASI_FUNCTION(fd_allocate, unstable),
    CAIRN_WASI_FUNCTION(fd_close, unstable),
    CAIRN_WASI_FUNCTION(fd_datasync, unstable),
    CAIRN_WASI_FUNCTION(fd_fdstat_get, unstable),
    CAIRN_WASI_FUNCTION(fd_fdstat_set_flags, unstable),
    CAIRN_WASI_FUNCTION(fd_fdstat_set_rights, unstable),
    CAIRN_WASI_FUNCTION(fd_filestat_get, unstable),
    CAIRN_WASI_FUNCTION(fd_filestat_set_size, unstable),
    CAIRN_WASI_FUNCTION(fd_filestat_set_times, unstable),
    CAIRN_WASI_FUNCTION(fd_pread, unstable),
    CAIRN_WASI_FUNCTION(fd_prestat_dir_name, unstable),
    CAIRN_WASI_FUNCTION(fd_prestat_get, unstable),
    CAIRN_WASI_FUNCTION(fd_pwrite, unstable),
    CAIRN_WASI_FUNCTION(fd_read, unstable),
    CAIRN_WASI_FUNCTION(fd_readdir, unstable),
    CAIRN_WASI_FUNCTION(fd_renumber, unstable),
    CAIRN_WASI_FUNCTION(fd_seek, unstable),
    CAIRN_WASI_FUNCTION(fd_sync, unstable),
    CAIRN_WASI_FUNCTION(fd_tell, unstable),
    CAIRN_WASI_FUNCTION(fd_write, unstable),
    CAIRN_WASI_FUNCTION(path_create_directory, unstable),
    CAIRN_WASI_FUNCTION(path_filestat_get, unstable),
    CAIRN_WASI_FUNCTION(path_filestat_set_times, unstable),
    CAIRN_WASI_FUNCTION(path_link, unstable),
    CAIRN_WASI_FUNCTION(path_open, unstable),
    CAIRN_WASI_FUNCTION(path_readlink, unstable),
    CAIRN_WASI_FUNCTION(path_remove_directory, unstable),
    CAIRN_WASI_FUNCTION(path_rename, unstable),
    CAIRN_WASI_FUNCTION(path_symlink, unstable),
    CAIRN_WASI_FUNCTION(path_unlink_file, unstable),
    CAIRN_WASI_FUNCTION(poll_oneoff, unstable),
    runtime::host_entry<proc_exit>("proc_exit"),
    CAIRN_WASI_FUNCTION(proc_raise, unstable),
    CAIRN_WASI_FUNCTION(random_get, unstable),
    CAIRN_WASI_FUNCTION(sched_yield, unstable),
    CAIRN_WASI_FUNCTION(sock_recv, unstable),
    CAIRN_WASI_FUNCTION(sock_send, unstable),
    CAIRN_WASI_FUNCTION(sock_shutdown, unstable),
};
#undef CAIRN_WASI_FUNCTION

}  // namespace

Result<void> define_wasi(runtime::Linker& linker, Context& context) {
  CAIRN_TRY(linker.define_entries("wasi_snapshot_preview1", kPreview1, &context));
  return linker.define_entries("wasi_unstable", kUnstable, &context);
}

}  // namespace cairn::wasi
