#include "wasi/wasi.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "wasi/functions.hpp"

namespace cairn::wasi {

namespace {

using runtime::Caller;
using runtime::Trap;

// Turns `function` into a host function. The C++ parameters after the Call are the WebAssembly parameters, and the
// Errno is the WebAssembly result.
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
  context.threads().exit(status);
  return std::unexpected(Trap::of(wasm::TrapKind::host_error, "exit"));
}

// The functions that both snapshots have, sorted by name.
#define CAIRN_WASI_FUNCTION(name) runtime::host_entry<&Adapter<name, snapshot>::run>(#name)
template <Snapshot snapshot>
constexpr std::array kCommon = {
    CAIRN_WASI_FUNCTION(args_get),
    CAIRN_WASI_FUNCTION(args_sizes_get),
    CAIRN_WASI_FUNCTION(clock_res_get),
    CAIRN_WASI_FUNCTION(clock_time_get),
    CAIRN_WASI_FUNCTION(environ_get),
    CAIRN_WASI_FUNCTION(environ_sizes_get),
    CAIRN_WASI_FUNCTION(fd_advise),
    CAIRN_WASI_FUNCTION(fd_allocate),
    CAIRN_WASI_FUNCTION(fd_close),
    CAIRN_WASI_FUNCTION(fd_datasync),
    CAIRN_WASI_FUNCTION(fd_fdstat_get),
    CAIRN_WASI_FUNCTION(fd_fdstat_set_flags),
    CAIRN_WASI_FUNCTION(fd_fdstat_set_rights),
    CAIRN_WASI_FUNCTION(fd_filestat_get),
    CAIRN_WASI_FUNCTION(fd_filestat_set_size),
    CAIRN_WASI_FUNCTION(fd_filestat_set_times),
    CAIRN_WASI_FUNCTION(fd_pread),
    CAIRN_WASI_FUNCTION(fd_prestat_dir_name),
    CAIRN_WASI_FUNCTION(fd_prestat_get),
    CAIRN_WASI_FUNCTION(fd_pwrite),
    CAIRN_WASI_FUNCTION(fd_read),
    CAIRN_WASI_FUNCTION(fd_readdir),
    CAIRN_WASI_FUNCTION(fd_renumber),
    CAIRN_WASI_FUNCTION(fd_seek),
    CAIRN_WASI_FUNCTION(fd_sync),
    CAIRN_WASI_FUNCTION(fd_tell),
    CAIRN_WASI_FUNCTION(fd_write),
    CAIRN_WASI_FUNCTION(path_create_directory),
    CAIRN_WASI_FUNCTION(path_filestat_get),
    CAIRN_WASI_FUNCTION(path_filestat_set_times),
    CAIRN_WASI_FUNCTION(path_link),
    CAIRN_WASI_FUNCTION(path_open),
    CAIRN_WASI_FUNCTION(path_readlink),
    CAIRN_WASI_FUNCTION(path_remove_directory),
    CAIRN_WASI_FUNCTION(path_rename),
    CAIRN_WASI_FUNCTION(path_symlink),
    CAIRN_WASI_FUNCTION(path_unlink_file),
    CAIRN_WASI_FUNCTION(poll_oneoff),
    runtime::host_entry<proc_exit>("proc_exit"),
    CAIRN_WASI_FUNCTION(proc_raise),
    CAIRN_WASI_FUNCTION(random_get),
    CAIRN_WASI_FUNCTION(sched_yield),
    CAIRN_WASI_FUNCTION(sock_recv),
    CAIRN_WASI_FUNCTION(sock_send),
    CAIRN_WASI_FUNCTION(sock_shutdown),
};
#undef CAIRN_WASI_FUNCTION
constexpr std::array kOnlyPreview1 = {
    runtime::host_entry<&Adapter<sock_accept, Snapshot::preview1>::run>("sock_accept"),
};
static_assert(std::ranges::is_sorted(kCommon<Snapshot::preview1>, {}, &runtime::HostEntry::name));

}  // namespace

Result<void> define_wasi(runtime::Linker& linker, Context& context) {
  constexpr std::string_view kPreview1 = "wasi_snapshot_preview1", kUnstable = "wasi_unstable";
  CAIRN_TRY(linker.define_entries(kPreview1, kCommon<Snapshot::preview1>, &context));
  CAIRN_TRY(linker.define_entries(kPreview1, kOnlyPreview1, &context));
  return linker.define_entries(kUnstable, kCommon<Snapshot::unstable>, &context);
}

}  // namespace cairn::wasi
