// Tests that the memory of files and names is freed when they are removed, and that refused calls take none. With an
// argument, the file system is small, and is filled in every way.
#include <stdlib.h>

#include "check.h"

static char long_text[1 << 20], block[1 << 16];

// Returns how many files of one block fit, and removes them again.
static int room(void) {
  char name[32];
  int files = 0, error = 0;
  for (;; ++files) {
    __wasi_fd_t fd;
    __wasi_size_t written = 0;
    snprintf(name, sizeof name, "room%d", files);
    error = open_as(name, 0, CREATE | EXCLUSIVE, ALL, &fd);
    if (error) break;
    error = write_at(fd, block, sizeof block, 0, &written);
    (void)__wasi_fd_close(fd);
    if (error || written != sizeof block) break;
  }
  EXPECT(error == 0 || error == E(NOSPC) || error == E(NOMEM), 1);
  for (int i = 0; i <= files; ++i) {
    snprintf(name, sizeof name, "room%d", i);
    (void)__wasi_path_unlink_file(3, name);
  }
  return files;
}

// Numbers of nodes are not used twice, and the table of nodes is a radix tree by number. So the same number of nodes
// may need one branch more or less, which can decide whether the last file fits. (fuzz/files reads the account, and so
// checks that no memory is lost.)
static int is_about(int files, int before) { return files >= before - 1 && files <= before + 1; }

int main(int argc, char** argv) {
  (void)argv;
  char name[300];
  memset(long_text, 't', sizeof long_text - 1);
  for (int i = 0; i < 200; ++i) {
    __wasi_fd_t fd;
    snprintf(name, sizeof name, "f%d", i);
    EXPECT(open_as(name, 0, CREATE, ALL, &fd), 0);
    EXPECT(__wasi_fd_filestat_set_size(fd, 64u << 20), 0);
    EXPECT(__wasi_fd_filestat_set_size(fd, 0), 0);
    (void)__wasi_fd_close(fd);
    EXPECT(__wasi_path_unlink_file(3, name), 0);
  }
  const int before = argc > 1 ? room() : 0;

  memset(name, 'n', sizeof name);
  name[256] = 0;
  EXPECT(__wasi_path_symlink(long_text, 3, "link"), E(NAMETOOLONG));
  EXPECT(__wasi_path_symlink(long_text, 3, name), E(NAMETOOLONG));
  EXPECT(__wasi_path_symlink("t", 3, name), E(NAMETOOLONG));
  EXPECT(make_file(name), E(NAMETOOLONG));
  EXPECT(__wasi_path_create_directory(3, name), E(NAMETOOLONG));
  EXPECT(make_file("file"), 0);
  EXPECT(__wasi_path_rename(3, "file", 3, name), E(NAMETOOLONG));
  EXPECT(__wasi_path_link(3, 0, "file", 3, name), E(NAMETOOLONG));
  name[255] = 0;
  EXPECT(make_file(name), 0);
  EXPECT(__wasi_path_unlink_file(3, name), 0);
  EXPECT(__wasi_path_symlink(long_text + sizeof long_text - 1 - 4096, 3, "link"), E(NAMETOOLONG));
  EXPECT(__wasi_path_symlink(long_text + sizeof long_text - 1 - 4095, 3, "link"), 0);
  EXPECT(try_open("link", FOLLOW, CREATE, READ), E(NAMETOOLONG));
  EXPECT(__wasi_path_unlink_file(3, "link"), 0);
  EXPECT(__wasi_path_unlink_file(3, "file"), 0);
  if (argc == 1) return wrong;

  EXPECT(is_about(room(), before), 1);
  EXPECT(before > 100, 1);
  // Makes directories until no more fit. A file keeps its contents then.
  __wasi_fd_t fd;
  __wasi_size_t count;
  EXPECT(open_as("kept", 0, CREATE, ALL, &fd), 0);
  EXPECT(write_at(fd, "kept", 4, 0, &count), 0);
  int directories = 0, error;
  for (;; ++directories) {
    snprintf(name, sizeof name, "d%d", directories);
    error = __wasi_path_create_directory(3, name);
    if (error) break;
  }
  EXPECT(error == E(NOSPC) || error == E(NOMEM), 1);
  // A long name may fit where a directory does not. A link needs an entry, as the rename below does.
  int long_names = 0;
  for (;; ++long_names) {
    memset(name, 'l', 255);
    name[255] = 0;
    name[snprintf(name, sizeof name, "%d", long_names)] = 'l';
    if (__wasi_path_link(3, 0, "kept", 3, name)) break;
  }
  memset(name, 'n', 255);
  name[255] = 0;
  EXPECT(__wasi_path_rename(3, "kept", 3, name), error);
  EXPECT(kind_of("kept", 0), __WASI_FILETYPE_REGULAR_FILE);
  EXPECT(write_at(fd, block, sizeof block, 4096, &count), error);
  EXPECT(__wasi_fd_allocate(fd, 0, 1ull << 40), E(NOSPC));
  __wasi_filestat_t stat;
  EXPECT(__wasi_fd_filestat_get(fd, &stat), 0);
  EXPECT(stat.size, 4);
  for (int i = 0; i < directories; ++i) {
    snprintf(name, sizeof name, "d%d", i);
    EXPECT(__wasi_path_remove_directory(3, name), 0);
  }
  for (int i = 0; i < long_names; ++i) {
    memset(name, 'l', 255);
    name[255] = 0;
    name[snprintf(name, sizeof name, "%d", i)] = 'l';
    EXPECT(__wasi_path_unlink_file(3, name), 0);
  }
  (void)__wasi_fd_close(fd);
  EXPECT(__wasi_path_unlink_file(3, "kept"), 0);
  EXPECT(is_about(room(), before), 1);
  return wrong;
}
