// Calls the other functions of WASI: arguments, environment, clocks, waiting, randomness, descriptors, sockets.
#include "support.h"

int main(void) {
  __wasi_size_t count, bytes, done;
  uint8_t* pointers[8];
  uint8_t strings[256];
  MUST(__wasi_args_sizes_get(&count, &bytes));
  CHECK(count == 3 && bytes <= sizeof strings);
  MUST(__wasi_args_get(pointers, strings));
  CHECK(strcmp((char*)pointers[1], "one") == 0 && strcmp((char*)pointers[2], "two words") == 0);
  MUST(__wasi_environ_sizes_get(&count, &bytes));
  CHECK(count == 1 && bytes <= sizeof strings);
  MUST(__wasi_environ_get(pointers, strings));
  CHECK(strcmp((char*)pointers[0], "NAME=value") == 0);

  __wasi_timestamp_t now, later, resolution;
  MUST(__wasi_clock_res_get(__WASI_CLOCKID_MONOTONIC, &resolution));
  MUST(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now));
  MUST(__wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 1, &later));
  MUST(__wasi_sched_yield());

  __wasi_subscription_t wanted[20];
  __wasi_event_t events[20];
  memset(wanted, 0, sizeof wanted);
  for (int i = 0; i < 20; ++i) {
    wanted[i].userdata = (uint64_t)i;
    if (i < 10) {
      wanted[i].u.tag = __WASI_EVENTTYPE_CLOCK;
      wanted[i].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
      wanted[i].u.u.clock.timeout = 1000000;
    } else {
      wanted[i].u.tag = __WASI_EVENTTYPE_FD_WRITE;
      wanted[i].u.u.fd_write.file_descriptor = 1;
    }
  }
  MUST(__wasi_poll_oneoff(wanted, events, 20, &count));
  CHECK(count >= 10 && events[0].error == 0);
  MUST(__wasi_poll_oneoff(wanted, events, 10, &count));
  CHECK(count != 0);

  uint8_t random[5000];
  memset(random, 0, sizeof random);
  MUST(__wasi_random_get(random, sizeof random));
  int zeros = 0;
  for (size_t i = 0; i < sizeof random; ++i) zeros += random[i] == 0;
  CHECK(zeros < 200);

  __wasi_prestat_t prestat;
  MUST(__wasi_fd_prestat_get(3, &prestat));
  CHECK(prestat.u.dir.pr_name_len == 1);
  MUST(__wasi_fd_prestat_dir_name(3, strings, 1));
  CHECK(strings[0] == '/');
  FAILS(__wasi_fd_prestat_get(1, &prestat), __WASI_ERRNO_BADF);
  __wasi_fdstat_t stat;
  MUST(__wasi_fd_fdstat_get(3, &stat));
  CHECK(stat.fs_filetype == __WASI_FILETYPE_DIRECTORY);
  MUST(__wasi_fd_fdstat_set_rights(3, stat.fs_rights_base, stat.fs_rights_inheriting));
  __wasi_filestat_t file;
  MUST(__wasi_fd_filestat_get(1, &file));

  const __wasi_ciovec_t out = {(const uint8_t*)"x", 1};
  const __wasi_iovec_t in = {strings, 1};
  __wasi_roflags_t flags;
  __wasi_fd_t socket;
  CHECK(__wasi_sock_recv(3, &in, 1, 0, &done, &flags) != 0);
  CHECK(__wasi_sock_send(3, &out, 1, 0, &done) != 0);
  CHECK(__wasi_sock_shutdown(3, __WASI_SDFLAGS_RD) != 0);
  CHECK(__wasi_sock_accept(3, 0, &socket) != 0);
  say("right\n");
  return 0;
}
