// Does all that can be done with a file: contents that grow, shrink and are sparse, times, links, descriptors.
#include "support.h"

enum { ROOT = 3, SIZE = 150000 };
static uint8_t data[SIZE], back[SIZE];

static __wasi_fd_t open_file(const char* path, __wasi_oflags_t flags) {
  __wasi_fd_t fd;
  MUST(__wasi_path_open(ROOT, 0, path, flags, ~(__wasi_rights_t)0 >> 34, ~(__wasi_rights_t)0 >> 34, 0, &fd));
  return fd;
}

static void write_all(__wasi_fd_t fd, const uint8_t* from, size_t size) {
  while (size != 0) {
    const __wasi_ciovec_t parts[2] = {{from, size / 3}, {from + size / 3, size - size / 3}};
    __wasi_size_t done;
    MUST(__wasi_fd_write(fd, parts, 2, &done));
    CHECK(done != 0 && done <= size);
    from += done, size -= done;
  }
}

static void expect(__wasi_fd_t fd, __wasi_filesize_t at, const uint8_t* what, size_t size) {
  memset(back, 0xee, size);
  for (size_t total = 0; total < size;) {
    const __wasi_iovec_t part = {back + total, size - total};
    __wasi_size_t done;
    MUST(__wasi_fd_pread(fd, &part, 1, at + total, &done));
    CHECK(done != 0);
    total += done;
  }
  CHECK(memcmp(back, what, size) == 0);
}

int main(void) {
  for (int i = 0; i < SIZE; ++i) data[i] = (uint8_t)(i * 7 + i / 256);
  __wasi_filestat_t stat;
  __wasi_size_t done;
  __wasi_filesize_t position;

  __wasi_fd_t fd = open_file("a", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL);
  write_all(fd, data, SIZE);
  expect(fd, 0, data, SIZE);
  MUST(__wasi_fd_tell(fd, &position));
  CHECK(position == SIZE);
  MUST(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.size == SIZE && stat.nlink == 1);

  // A hole, and bytes after it.
  for (size_t written = 0; written < 1000; written += done) {  // short writes are right when memory ends
    const __wasi_ciovec_t late = {data + written, 1000 - written};
    MUST(__wasi_fd_pwrite(fd, &late, 1, 3 * SIZE + written, &done));
    CHECK(done != 0);
  }
  expect(fd, 3 * SIZE, data, 1000);
  expect(fd, 0, data, SIZE);
  MUST(__wasi_fd_filestat_set_size(fd, 100));
  MUST(__wasi_fd_filestat_set_size(fd, 200000));
  expect(fd, 0, data, 100);
  memset(data, 0, 1000);
  expect(fd, 100000, data, 1000);
  for (int i = 0; i < SIZE; ++i) data[i] = (uint8_t)(i * 7 + i / 256);
  FAILS(__wasi_fd_allocate(fd, 0, 1 << 20), __WASI_ERRNO_SUCCESS);
  MUST(__wasi_fd_advise(fd, 0, 100, __WASI_ADVICE_NORMAL));
  MUST(__wasi_fd_seek(fd, 10, __WASI_WHENCE_SET, &position));
  CHECK(position == 10);
  const __wasi_iovec_t into = {back, 20};
  MUST(__wasi_fd_read(fd, &into, 1, &done));
  CHECK(done == 20 && memcmp(back, data + 10, 20) == 0);
  MUST(__wasi_fd_sync(fd));
  MUST(__wasi_fd_datasync(fd));
  MUST(__wasi_fd_filestat_set_times(fd, 1000, 2000, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM));
  MUST(__wasi_path_filestat_get(ROOT, 0, "a", &stat));
  CHECK(stat.mtim == 2000);
  MUST(__wasi_path_filestat_set_times(ROOT, 0, "a", 0, 3000, __WASI_FSTFLAGS_MTIM));
  MUST(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.mtim == 3000);

  // Other names of the file, and a descriptor of the file without a name.
  MUST(__wasi_path_link(ROOT, 0, "a", ROOT, "b"));
  MUST(__wasi_path_rename(ROOT, "b", ROOT, "c"));
  FAILS(__wasi_path_filestat_get(ROOT, 0, "b", &stat), __WASI_ERRNO_NOENT);
  MUST(__wasi_path_filestat_get(ROOT, 0, "c", &stat));
  CHECK(stat.nlink == 2);
  MUST(__wasi_path_symlink("c", ROOT, "d"));
  MUST(__wasi_path_readlink(ROOT, "d", back, SIZE, &done));
  CHECK(done == 1 && back[0] == 'c');
  MUST(__wasi_path_filestat_get(ROOT, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "d", &stat));
  CHECK(stat.filetype == __WASI_FILETYPE_REGULAR_FILE);
  MUST(__wasi_path_unlink_file(ROOT, "a"));
  MUST(__wasi_path_unlink_file(ROOT, "c"));
  MUST(__wasi_path_unlink_file(ROOT, "d"));
  expect(fd, 0, data, 100);
  __wasi_fd_t other = open_file("e", __WASI_OFLAGS_CREAT);
  MUST(__wasi_fd_renumber(fd, other));
  FAILS(__wasi_fd_tell(fd, &position), __WASI_ERRNO_BADF);
  expect(other, 0, data, 100);
  MUST(__wasi_fd_close(other));

  // Many descriptors at the same time.
  __wasi_fd_t many[40];
  for (int i = 0; i < 40; ++i) many[i] = open_file("e", 0);
  for (int i = 0; i < 40; ++i) MUST(__wasi_fd_close(many[i]));
  fd = open_file("e", __WASI_OFLAGS_TRUNC);
  MUST(__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND));
  write_all(fd, data, 100);
  write_all(fd, data, 100);
  MUST(__wasi_fd_filestat_get(fd, &stat));
  CHECK(stat.size == 200);
  MUST(__wasi_fd_close(fd));
  MUST(__wasi_path_unlink_file(ROOT, "e"));
  say("right\n");
  return 0;
}
