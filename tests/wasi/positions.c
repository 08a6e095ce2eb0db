// Tests offsets at the ends of their range, flags and rights of descriptors, and listings while names come and go.
#include "check.h"

static void offsets(void) {
  const uint64_t last = (1ull << 63) - 1;
  __wasi_fd_t fd;
  __wasi_size_t count = 7;
  __wasi_filesize_t at;
  char buffer[16];
  EXPECT(open_as("offsets", 0, CREATE, ALL, &fd), 0);
  EXPECT(write_at(fd, "hello", 5, 0, &count), 0);
  EXPECT(read_at(fd, buffer, sizeof buffer, 1ull << 63, &count), E(INVAL));
  EXPECT(read_at(fd, buffer, sizeof buffer, ~0ull, &count), E(INVAL));
  EXPECT(write_at(fd, "x", 1, 1ull << 63, &count), E(INVAL));
  EXPECT(write_at(fd, "x", 1, last, &count), E(FBIG));
  EXPECT(read_at(fd, buffer, sizeof buffer, last, &count), 0);
  EXPECT(count, 0);
  EXPECT(__wasi_fd_filestat_set_size(fd, 1ull << 63), E(INVAL));
  EXPECT(__wasi_fd_filestat_set_size(fd, ~0ull), E(INVAL));
  EXPECT(__wasi_fd_allocate(fd, 0, 0), E(INVAL));
  EXPECT(__wasi_fd_allocate(fd, 1ull << 63, 1), E(INVAL));
  EXPECT(__wasi_fd_allocate(fd, 0, ~0ull), E(INVAL));
  EXPECT(__wasi_fd_allocate(fd, last, 2), E(FBIG));
  EXPECT(__wasi_fd_seek(fd, -1, __WASI_WHENCE_SET, &at), E(INVAL));
  EXPECT(__wasi_fd_seek(fd, -6, __WASI_WHENCE_END, &at), E(INVAL));
  EXPECT(__wasi_fd_seek(fd, -5, __WASI_WHENCE_END, &at), 0);
  EXPECT(__wasi_fd_seek(fd, (int64_t)last, __WASI_WHENCE_SET, &at), 0);
  EXPECT(__wasi_fd_seek(fd, 1, __WASI_WHENCE_CUR, &at), E(INVAL));
  __wasi_ciovec_t one = {(const uint8_t*)"x", 1};
  EXPECT(__wasi_fd_write(fd, &one, 1, &count), E(FBIG));
  EXPECT(__wasi_fd_filestat_set_size(fd, 3), 0);
  EXPECT(__wasi_fd_filestat_set_size(fd, 6), 0);
  EXPECT(read_at(fd, buffer, sizeof buffer, 0, &count), 0);
  EXPECT(count, 6);
  EXPECT(memcmp(buffer, "hel\0\0\0", 6), 0);
  EXPECT(__wasi_fd_allocate(fd, 8, 2), 0);
  EXPECT(read_at(fd, buffer, sizeof buffer, 0, &count), 0);
  EXPECT(count, 10);
  (void)__wasi_fd_close(fd);
}

static void flags_and_rights(void) {
  __wasi_fd_t fd, other;
  __wasi_size_t count;
  __wasi_filestat_t stat;
  __wasi_ciovec_t abc = {(const uint8_t*)"abc", 3};
  EXPECT(__wasi_path_open(3, 0, "flags", CREATE, ALL, 0, __WASI_FDFLAGS_APPEND, &fd), 0);
  EXPECT(__wasi_fd_write(fd, &abc, 1, &count), 0);
  EXPECT(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &(__wasi_filesize_t){0}), 0);
  EXPECT(__wasi_fd_write(fd, &abc, 1, &count), 0);
  EXPECT(__wasi_fd_filestat_get(fd, &stat), 0);
  EXPECT(stat.size, 6);
  EXPECT(__wasi_fd_fdstat_set_flags(fd, 0x100), E(INVAL));
  EXPECT(open_as("flags", 0, 0, READ, &other), 0);
  EXPECT(__wasi_fd_write(other, &abc, 1, &count), E(NOTCAPABLE));
  EXPECT(__wasi_fd_filestat_set_size(other, 0), E(NOTCAPABLE));
  EXPECT(__wasi_fd_fdstat_set_rights(other, READ | WRITE, 0), E(NOTCAPABLE));
  // Truncating needs no right to write through the descriptor.
  EXPECT(try_open("flags", 0, TRUNCATE, READ), 0);
  EXPECT(__wasi_fd_filestat_get(fd, &stat), 0);
  EXPECT(stat.size, 0);
  EXPECT(__wasi_fd_renumber(fd, 1000), E(BADF));
  EXPECT(__wasi_fd_renumber(fd, other), 0);
  EXPECT(__wasi_fd_write(fd, &abc, 1, &count), E(BADF));
  EXPECT(__wasi_fd_write(other, &abc, 1, &count), 0);
  EXPECT(__wasi_fd_renumber(other, other), 0);
  (void)__wasi_fd_close(other);
  __wasi_iovec_t buffer = {(uint8_t[4]){0}, 4};
  EXPECT(__wasi_fd_read(3, &buffer, 1, &count), E(ISDIR));
  EXPECT(__wasi_fd_seek(3, 0, __WASI_WHENCE_SET, &(__wasi_filesize_t){0}), E(ISDIR));
  EXPECT(__wasi_sock_shutdown(1, __WASI_SDFLAGS_RD), E(NOTSOCK));
  EXPECT(__wasi_sock_shutdown(3, __WASI_SDFLAGS_RD), E(NOTSOCK));
  EXPECT(__wasi_sock_shutdown(99, __WASI_SDFLAGS_RD), E(BADF));
  EXPECT(__wasi_sock_recv(1, &buffer, 1, 0, &count, &(__wasi_roflags_t){0}), E(NOTSOCK));
}

// A program that opens files without end gets an error.
static void too_many(void) {
  __wasi_fd_t fd, last = 0;
  int error, opened = 0;
  while ((error = open_as("flags", 0, 0, READ, &fd)) == 0 && opened < 100000) last = fd, ++opened;
  EXPECT(error == E(MFILE) || error == E(NFILE) || error == E(NOMEM), 1);
  // A file that could not be opened was not created, either.
  EXPECT(make_file("never"), error);
  EXPECT(kind_of("never", 0) == -E(NOENT) || kind_of("never", 0) == -error, 1);
  while (opened-- > 0) (void)__wasi_fd_close(last--);
  EXPECT(make_file("after"), 0);
}

static void listings(void) {
  char name[16], seen[100] = {0};
  uint8_t buffer[100];
  __wasi_fd_t fd;
  __wasi_dircookie_t cookie = 0;
  EXPECT(__wasi_path_create_directory(3, "listed"), 0);
  EXPECT(open_as("listed", 0, DIRECTORY, ALL, &fd), 0);
  for (int i = 0; i < 100; ++i) {
    snprintf(name, sizeof name, "listed/%02d", i);
    EXPECT(make_file(name), 0);
  }
  int dots = 0;
  for (int rounds = 0; rounds < 1000; ++rounds) {
    __wasi_size_t used = 0;
    EXPECT(__wasi_fd_readdir(fd, buffer, sizeof buffer, cookie, &used), 0);
    __wasi_size_t at = 0;
    while (used - at > sizeof(__wasi_dirent_t)) {
      __wasi_dirent_t entry;
      memcpy(&entry, buffer + at, sizeof entry);
      if (used - at - sizeof entry < entry.d_namlen) break;
      const char* text = (const char*)buffer + at + sizeof entry;
      if (text[0] == '.') {
        ++dots;
      } else {
        ++seen[(text[0] - '0') * 10 + (text[1] - '0')];
        // Remove it as soon as it is seen, as `rm -r` does.
        snprintf(name, sizeof name, "listed/%.2s", text);
        EXPECT(__wasi_path_unlink_file(3, name), 0);
      }
      cookie = entry.d_next;
      at += (__wasi_size_t)sizeof entry + entry.d_namlen;
    }
    if (used < sizeof buffer) break;
  }
  EXPECT(dots, 2);
  for (int i = 0; i < 100; ++i) EXPECT(seen[i], 1);
  EXPECT(__wasi_path_remove_directory(3, "listed"), 0);
}

int main(void) {
  offsets();
  flags_and_rights();
  too_many();
  listings();
  return wrong;
}
