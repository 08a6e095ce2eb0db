// Tests names that end in a slash, in "/.", in "/..", or in a link.
#include "check.h"

int main(void) {
  uint8_t buffer[16];
  __wasi_size_t used;
  EXPECT(make_file("file"), 0);
  EXPECT(__wasi_path_create_directory(3, "dir"), 0);
  EXPECT(__wasi_path_create_directory(3, "other/"), 0);
  EXPECT(make_file("dir/inside"), 0);
  EXPECT(__wasi_path_symlink("dir", 3, "to_dir"), 0);
  EXPECT(__wasi_path_symlink("file", 3, "to_file"), 0);
  EXPECT(__wasi_path_symlink("missing", 3, "dangling"), 0);
  EXPECT(__wasi_path_symlink("missing/", 3, "dangling_slash"), 0);
  EXPECT(__wasi_path_symlink("loop", 3, "loop"), 0);
  EXPECT(__wasi_path_symlink("file/", 3, "file_slash"), 0);

  // Opening.
  EXPECT(try_open("new/", 0, CREATE, READ | WRITE), E(ISDIR));
  EXPECT(try_open("new/", 0, CREATE | EXCLUSIVE, READ | WRITE), E(ISDIR));
  EXPECT(try_open("new/", 0, 0, READ), E(NOENT));
  EXPECT(try_open("file/", 0, CREATE, READ | WRITE), E(ISDIR));
  EXPECT(try_open("file/", 0, 0, READ), E(NOTDIR));
  EXPECT(try_open("file/.", 0, 0, READ), E(NOTDIR));
  EXPECT(try_open("file/..", 0, 0, READ), E(NOTDIR));
  EXPECT(try_open("dir", 0, CREATE, READ), E(ISDIR));
  EXPECT(try_open("dir", 0, CREATE | EXCLUSIVE, READ), E(EXIST));
  EXPECT(try_open("dir/.", 0, CREATE, READ), E(ISDIR));
  EXPECT(try_open(".", 0, CREATE | EXCLUSIVE, READ), E(EXIST));
  EXPECT(try_open("dir", 0, DIRECTORY, READ | WRITE), E(ISDIR));
  EXPECT(try_open("dir", 0, DIRECTORY | TRUNCATE, READ), E(ISDIR));
  EXPECT(try_open("dir", 0, CREATE | DIRECTORY, READ), E(INVAL));
  EXPECT(try_open("dir", 0, DIRECTORY, ALL), 0);
  EXPECT(try_open("file", 0, DIRECTORY, READ), E(NOTDIR));
  EXPECT(try_open("to_dir", 0, DIRECTORY, READ), E(NOTDIR));
  EXPECT(try_open("to_dir", 0, 0, READ), E(LOOP));
  EXPECT(try_open("to_dir", FOLLOW, DIRECTORY, READ), 0);
  EXPECT(try_open("to_dir/", 0, 0, READ), 0);
  EXPECT(try_open("to_file", 0, 0, READ), E(LOOP));
  EXPECT(try_open("to_file/", 0, 0, READ), E(NOTDIR));
  EXPECT(try_open("to_file", 0, CREATE, READ), E(LOOP));
  EXPECT(try_open("to_file", FOLLOW, CREATE | EXCLUSIVE, READ), E(EXIST));
  EXPECT(try_open("file_slash", FOLLOW, 0, READ), E(NOTDIR));
  EXPECT(try_open("dangling", FOLLOW, 0, READ), E(NOENT));
  EXPECT(try_open("dangling", FOLLOW, CREATE | EXCLUSIVE, READ), E(EXIST));
  EXPECT(try_open("dangling_slash", FOLLOW, CREATE, READ), E(ISDIR));
  EXPECT(try_open("dangling", FOLLOW, CREATE, READ), 0);
  EXPECT(kind_of("missing", 0), __WASI_FILETYPE_REGULAR_FILE);
  EXPECT(__wasi_path_unlink_file(3, "missing"), 0);
  EXPECT(try_open("loop", FOLLOW, 0, READ), E(LOOP));
  EXPECT(try_open("loop/", 0, 0, READ), E(LOOP));
  EXPECT(try_open("", 0, 0, READ), E(NOENT));
  EXPECT(try_open("file/x", 0, CREATE, READ), E(NOTDIR));

  // Metadata.
  EXPECT(kind_of("to_dir", 0), __WASI_FILETYPE_SYMBOLIC_LINK);
  EXPECT(kind_of("to_dir/", 0), __WASI_FILETYPE_DIRECTORY);
  EXPECT(kind_of("file/", 0), -E(NOTDIR));
  EXPECT(kind_of("dangling/", 0), -E(NOENT));
  EXPECT(__wasi_path_filestat_set_times(3, 0, "file/", 1, 1, 5), E(NOTDIR));
  EXPECT(__wasi_path_filestat_set_times(3, 0, "dangling", 1, 1, 5), 0);
  EXPECT(__wasi_path_filestat_set_times(3, FOLLOW, "dangling", 1, 1, 5), E(NOENT));

  // Links.
  EXPECT(__wasi_path_link(3, 0, "file/", 3, "hard"), E(NOTDIR));
  EXPECT(__wasi_path_link(3, 0, "file", 3, "hard/"), E(NOENT));
  EXPECT(__wasi_path_link(3, 0, "file", 3, "dir/"), E(EXIST));
  EXPECT(__wasi_path_link(3, 0, "file", 3, "."), E(EXIST));
  EXPECT(__wasi_path_link(3, 0, "dir", 3, "file"), E(EXIST));
  EXPECT(__wasi_path_link(3, 0, "dir", 3, "hard"), E(PERM));
  EXPECT(__wasi_path_link(3, 0, ".", 3, "hard"), E(PERM));
  EXPECT(__wasi_path_link(3, 0, "missing", 3, "file"), E(NOENT));
  EXPECT(__wasi_path_readlink(3, "to_file/", buffer, sizeof buffer, &used), E(NOTDIR));
  EXPECT(__wasi_path_readlink(3, "to_dir/", buffer, sizeof buffer, &used), E(INVAL));
  EXPECT(__wasi_path_readlink(3, "dir", buffer, sizeof buffer, &used), E(INVAL));
  EXPECT(__wasi_path_readlink(3, ".", buffer, sizeof buffer, &used), E(INVAL));
  EXPECT(__wasi_path_symlink("x", 3, "dir/"), E(EXIST));
  EXPECT(__wasi_path_symlink("x", 3, "."), E(EXIST));
  EXPECT(__wasi_path_symlink("x", 3, "new/"), E(NOENT));
  EXPECT(__wasi_path_symlink("", 3, "new"), E(NOENT));

  // Removing.
  EXPECT(__wasi_path_remove_directory(3, "to_dir"), E(NOTDIR));
  EXPECT(__wasi_path_remove_directory(3, "to_dir/"), E(NOTDIR));
  EXPECT(__wasi_path_remove_directory(3, "other/."), E(INVAL));
  EXPECT(__wasi_path_remove_directory(3, "dir/.."), E(NOTEMPTY));
  EXPECT(__wasi_path_remove_directory(3, "dir"), E(NOTEMPTY));
  EXPECT(__wasi_path_remove_directory(3, "file/"), E(NOTDIR));
  EXPECT(__wasi_path_unlink_file(3, "dir"), E(ISDIR));
  EXPECT(__wasi_path_unlink_file(3, "dir/"), E(ISDIR));
  EXPECT(__wasi_path_unlink_file(3, "."), E(ISDIR));
  EXPECT(__wasi_path_unlink_file(3, "file/"), E(NOTDIR));
  EXPECT(__wasi_path_unlink_file(3, "to_dir/"), E(NOTDIR));
  EXPECT(__wasi_path_unlink_file(3, "missing/"), E(NOENT));
  EXPECT(__wasi_path_create_directory(3, "dir/."), E(EXIST));
  EXPECT(__wasi_path_create_directory(3, "dangling/"), E(EXIST));
  EXPECT(__wasi_path_create_directory(3, "missing/."), E(NOENT));

  // Renaming.
  EXPECT(__wasi_path_rename(3, "to_dir/", 3, "moved"), E(NOTDIR));
  EXPECT(__wasi_path_rename(3, "other/.", 3, "moved"), E(BUSY));
  EXPECT(__wasi_path_rename(3, "other", 3, "dir/.."), E(BUSY));
  EXPECT(__wasi_path_rename(3, "file", 3, "new/"), E(NOTDIR));
  EXPECT(__wasi_path_rename(3, "file/", 3, "new"), E(NOTDIR));
  EXPECT(__wasi_path_rename(3, "file", 3, "other"), E(ISDIR));
  EXPECT(__wasi_path_rename(3, "other", 3, "file"), E(NOTDIR));
  EXPECT(__wasi_path_rename(3, "other", 3, "dir"), E(NOTEMPTY));
  EXPECT(__wasi_path_rename(3, "dir", 3, "dir/below"), E(INVAL));
  EXPECT(__wasi_path_rename(3, "dir/inside", 3, "dir"), E(NOTEMPTY));
  EXPECT(__wasi_path_rename(3, "other/", 3, "renamed/"), 0);
  EXPECT(__wasi_path_rename(3, "renamed", 3, "renamed"), 0);
  EXPECT(__wasi_path_link(3, 0, "file", 3, "hard"), 0);
  EXPECT(__wasi_path_rename(3, "file", 3, "hard"), 0);
  EXPECT(kind_of("file", 0), __WASI_FILETYPE_REGULAR_FILE);
  EXPECT(__wasi_path_rename(3, "missing", 3, "x"), E(NOENT));
  return wrong;
}
