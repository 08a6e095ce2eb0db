// Tests open directories and files that have lost their names.
#include "check.h"

int main(void) {
  __wasi_fd_t directory, file, replaced;
  __wasi_filestat_t stat;
  __wasi_size_t count;
  char buffer[256];
  // Nothing can be moved to a directory that a rename replaced and whose parent is gone.
  static unsigned char bytes[144];
  memset(bytes, 0x41, sizeof bytes);
  EXPECT(open_as("f", 0, CREATE, ALL, &file), 0);
  EXPECT(__wasi_path_create_directory(3, "p"), 0);
  EXPECT(__wasi_path_create_directory(3, "p/old"), 0);
  EXPECT(__wasi_path_create_directory(3, "p/new"), 0);
  EXPECT(__wasi_path_create_directory(3, "q"), 0);
  EXPECT(open_as("p/old", 0, DIRECTORY, ALL, &replaced), 0);
  EXPECT(__wasi_path_rename(3, "p/new", 3, "p/old"), 0);
  EXPECT(__wasi_path_rename(3, "p/old", 3, "r"), 0);
  EXPECT(__wasi_path_remove_directory(3, "p"), 0);
  EXPECT(write_at(file, bytes, sizeof bytes, 0, &count), 0);
  EXPECT(__wasi_path_rename(3, "q", replaced, "x"), E(NOENT));
  EXPECT(kind_of("q", 0), __WASI_FILETYPE_DIRECTORY);

  EXPECT(__wasi_path_create_directory(3, "gone"), 0);
  EXPECT(open_as("gone", 0, DIRECTORY, ALL, &directory), 0);
  EXPECT(__wasi_path_remove_directory(3, "gone"), 0);
  EXPECT(__wasi_path_create_directory(directory, "x"), E(NOENT));
  EXPECT(__wasi_path_symlink("x", directory, "y"), E(NOENT));
  EXPECT(__wasi_path_link(3, 0, "f", directory, "y"), E(NOENT));
  EXPECT(__wasi_path_rename(3, "f", directory, "y"), E(NOENT));
  EXPECT(__wasi_path_open(directory, 0, "y", CREATE, ALL, ALL, 0, &replaced), E(NOENT));
  EXPECT(__wasi_path_open(directory, 0, ".", DIRECTORY, ALL, ALL, 0, &replaced), 0);
  EXPECT(__wasi_fd_filestat_get(directory, &stat), 0);
  EXPECT(stat.nlink, 0);
  EXPECT(__wasi_fd_readdir(directory, (uint8_t*)buffer, sizeof buffer, 0, &count), E(NOENT));

  EXPECT(__wasi_path_unlink_file(3, "f"), 0);
  EXPECT(read_at(file, buffer, sizeof buffer, 0, &count), 0);
  EXPECT(count, 144);
  EXPECT(__wasi_fd_filestat_get(file, &stat), 0);
  EXPECT(stat.nlink, 0);
  return wrong;
}
