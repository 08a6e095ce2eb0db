// Works with directories: deep ones, wide ones, listing while they change, moving into each other, removing.
#include "support.h"

enum { ROOT = 3, WIDE = 60, DEEP = 12 };
static uint8_t listing[512];

// Returns the number of names in a directory without . and ..
static int count(__wasi_fd_t fd) {
  int entries = 0;
  __wasi_dircookie_t cookie = 0;
  for (;;) {
    __wasi_size_t used;
    MUST(__wasi_fd_readdir(fd, listing, sizeof listing, cookie, &used));
    size_t at = 0;
    while (at + sizeof(__wasi_dirent_t) <= used) {
      __wasi_dirent_t entry;
      memcpy(&entry, listing + at, sizeof entry);
      if (at + sizeof entry + entry.d_namlen > used) break;
      if (listing[at + sizeof entry] != '.') ++entries;
      cookie = entry.d_next;
      at += sizeof entry + entry.d_namlen;
    }
    if (used < sizeof listing) return entries;
    CHECK(at != 0);
  }
}

static void name_of(char* name, int number) {
  memcpy(name, "w00-of-a-name-that-does-not-fit-into-a-few-bytes", 49);
  name[1] = (char)('0' + number / 10);
  name[2] = (char)('0' + number % 10);
}

int main(void) {
  char name[64], path[256] = "deep";
  __wasi_fd_t fd, file;
  __wasi_filestat_t stat;
  MUST(__wasi_path_create_directory(ROOT, "wide"));
  FAILS(__wasi_path_create_directory(ROOT, "wide"), __WASI_ERRNO_EXIST);
  MUST(__wasi_path_open(ROOT, 0, "wide", __WASI_OFLAGS_DIRECTORY, ~(__wasi_rights_t)0 >> 34, ~(__wasi_rights_t)0 >> 34,
                        0, &fd));
  for (int i = 0; i < WIDE; ++i) {
    name_of(name, i);
    if (i % 2 == 0) {
      MUST(__wasi_path_create_directory(fd, name));
    } else {
      MUST(__wasi_path_open(fd, 0, name, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, 0, 0, 0, &file));
      MUST(__wasi_fd_close(file));
    }
  }
  CHECK(count(fd) == WIDE);
  FAILS(__wasi_path_remove_directory(ROOT, "wide"), __WASI_ERRNO_NOTEMPTY);

  MUST(__wasi_path_create_directory(ROOT, path));
  for (int i = 0; i < DEEP; ++i) {
    strcat(path, "/x");
    MUST(__wasi_path_create_directory(ROOT, path));
  }
  FAILS(__wasi_path_rename(ROOT, "deep", ROOT, path), __WASI_ERRNO_INVAL);
  MUST(__wasi_path_rename(ROOT, path, ROOT, "leaf"));
  MUST(__wasi_path_rename(ROOT, "leaf", ROOT, path));
  MUST(__wasi_path_symlink("deep/x", ROOT, "short"));
  MUST(__wasi_path_filestat_get(ROOT, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "short/x/x", &stat));
  CHECK(stat.filetype == __WASI_FILETYPE_DIRECTORY);
  MUST(__wasi_path_unlink_file(ROOT, "short"));
  while (path[4] != 0) {
    MUST(__wasi_path_remove_directory(ROOT, path));
    path[strlen(path) - 2] = 0;
  }
  MUST(__wasi_path_remove_directory(ROOT, "deep"));

  // Renames a file to the name of another file.
  name_of(name, 1);
  char other[64];
  name_of(other, 3);
  MUST(__wasi_path_rename(fd, name, fd, other));
  CHECK(count(fd) == WIDE - 1);
  for (int i = 0; i < WIDE; ++i) {
    name_of(name, i);
    if (i % 2 == 0) MUST(__wasi_path_remove_directory(fd, name));
    if (i % 2 != 0 && i != 1) MUST(__wasi_path_unlink_file(fd, name));
  }
  CHECK(count(fd) == 0);
  MUST(__wasi_fd_close(fd));
  MUST(__wasi_path_remove_directory(ROOT, "wide"));
  say("right\n");
  return 0;
}
