#include "wasi/wasi.hpp"

#include <string_view>

#include "wasi/functions.hpp"

namespace cairn::wasi {

namespace {

using runtime::Caller;
using runtime::Trap;

// Defines `function` under `name`: its C++ parameters after the Call are the WebAssembly ones, its result is the errno.
template <auto function>
struct Adapter;
template <class... A, Errno (*function)(Call&, A...)>
struct Adapter<function> {
  static Result<void> define(runtime::Linker& linker, Context& context, Snapshot snapshot, std::string_view module,
                             std::string_view name) {
    return linker.define_function(
        module, name, [&context, snapshot](Caller& caller, A... arguments) -> std::expected<uint32_t, Trap> {
          Call call{context, GuestMemory(caller.exported_memory("memory")), snapshot};
          return static_cast<uint32_t>(function(call, arguments...));
        });
  }
};

Result<void> define_snapshot(runtime::Linker& linker, Context& context, Snapshot snapshot, std::string_view module) {
#define CAIRN_WASI_FUNCTION(name) CAIRN_TRY(Adapter<name>::define(linker, context, snapshot, module, #name))
  CAIRN_WASI_FUNCTION(args_get);
  CAIRN_WASI_FUNCTION(args_sizes_get);
  CAIRN_WASI_FUNCTION(environ_get);
  CAIRN_WASI_FUNCTION(environ_sizes_get);
  CAIRN_WASI_FUNCTION(clock_res_get);
  CAIRN_WASI_FUNCTION(clock_time_get);
  CAIRN_WASI_FUNCTION(fd_advise);
  CAIRN_WASI_FUNCTION(fd_allocate);
  CAIRN_WASI_FUNCTION(fd_close);
  CAIRN_WASI_FUNCTION(fd_datasync);
  CAIRN_WASI_FUNCTION(fd_fdstat_get);
  CAIRN_WASI_FUNCTION(fd_fdstat_set_flags);
  CAIRN_WASI_FUNCTION(fd_fdstat_set_rights);
  CAIRN_WASI_FUNCTION(fd_filestat_get);
  CAIRN_WASI_FUNCTION(fd_filestat_set_size);
  CAIRN_WASI_FUNCTION(fd_filestat_set_times);
  CAIRN_WASI_FUNCTION(fd_pread);
  CAIRN_WASI_FUNCTION(fd_prestat_get);
  CAIRN_WASI_FUNCTION(fd_prestat_dir_name);
  CAIRN_WASI_FUNCTION(fd_pwrite);
  CAIRN_WASI_FUNCTION(fd_read);
  CAIRN_WASI_FUNCTION(fd_readdir);
  CAIRN_WASI_FUNCTION(fd_renumber);
  CAIRN_WASI_FUNCTION(fd_seek);
  CAIRN_WASI_FUNCTION(fd_sync);
  CAIRN_WASI_FUNCTION(fd_tell);
  CAIRN_WASI_FUNCTION(fd_write);
  CAIRN_WASI_FUNCTION(path_create_directory);
  CAIRN_WASI_FUNCTION(path_filestat_get);
  CAIRN_WASI_FUNCTION(path_filestat_set_times);
  CAIRN_WASI_FUNCTION(path_link);
  CAIRN_WASI_FUNCTION(path_open);
  CAIRN_WASI_FUNCTION(path_readlink);
  CAIRN_WASI_FUNCTION(path_remove_directory);
  CAIRN_WASI_FUNCTION(path_rename);
  CAIRN_WASI_FUNCTION(path_symlink);
  CAIRN_WASI_FUNCTION(path_unlink_file);
  CAIRN_WASI_FUNCTION(poll_oneoff);
  CAIRN_WASI_FUNCTION(proc_raise);
  CAIRN_WASI_FUNCTION(random_get);
  CAIRN_WASI_FUNCTION(sched_yield);
  CAIRN_WASI_FUNCTION(sock_recv);
  CAIRN_WASI_FUNCTION(sock_send);
  CAIRN_WASI_FUNCTION(sock_shutdown);
  if (snapshot == Snapshot::preview1) CAIRN_WASI_FUNCTION(sock_accept);
#undef CAIRN_WASI_FUNCTION
  return linker.define_function(module, "proc_exit", [&context](Caller&, uint32_t status) -> std::expected<void, Trap> {
    context.exit_status = status;
    return std::unexpected(Trap::of(wasm::TrapKind::host_error, "exit"));
  });
}

}  // namespace

Result<void> define_wasi(runtime::Linker& linker, Context& context) {
  CAIRN_TRY(define_snapshot(linker, context, Snapshot::preview1, "wasi_snapshot_preview1"));
  return define_snapshot(linker, context, Snapshot::unstable, "wasi_unstable");
}

}  // namespace cairn::wasi
