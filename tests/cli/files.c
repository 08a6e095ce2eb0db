/* Works in /data: lists it sorted, reads a file, writes, renames, removes, and tries to leave. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

static void list(const char* path) {
  char* names[100];
  int count = 0;
  DIR* directory = opendir(path);
  if (!directory) {
    printf("cannot list %s: %s\n", path, strerror(errno));
    return;
  }
  struct dirent* entry;
  while ((entry = readdir(directory)) && count < 100) names[count++] = strdup(entry->d_name);
  closedir(directory);
  qsort(names, (size_t)count, sizeof *names, by_name);
  printf("%s:", path);
  for (int i = 0; i < count; ++i) {
    if (strcmp(names[i], ".") && strcmp(names[i], "..")) printf(" %s", names[i]);
  }
  printf("\n");
}

static void show(const char* path) {
  char buffer[256];
  int fd = open(path, O_RDONLY);
  if (fd < 0) {
    printf("cannot open %s\n", path);
    return;
  }
  ssize_t length = read(fd, buffer, sizeof buffer);
  printf("%s: %.*s", path, (int)(length > 0 ? length : 0), buffer);
  close(fd);
}

int main(void) {
  list("/data");
  show("/data/hello.txt");
  show("/data/sub/inner.txt");
  show("/data/../outside.txt");
  show("/data/sub/../../outside.txt");
  show("/data/escape");
  show("/data/absolute");
  show("/data/inside");
  FILE* file = fopen("/data/new.txt", "w");
  if (!file) return perror("new.txt"), 1;
  fprintf(file, "written by the guest\n");
  fclose(file);
  if (rename("/data/new.txt", "/data/sub/moved.txt")) return perror("rename"), 1;
  show("/data/sub/moved.txt");
  if (mkdir("/data/made", 0777)) return perror("mkdir"), 1;
  struct stat info;
  printf("directory %d\n", stat("/data/made", &info) == 0 && S_ISDIR(info.st_mode));
  printf("size %lld\n", stat("/data/sub/moved.txt", &info) == 0 ? (long long)info.st_size : -1ll);
  if (rmdir("/data/made")) return perror("rmdir"), 1;
  if (unlink("/data/sub/moved.txt")) return perror("unlink"), 1;
  list("/data");
  list("/data/sub");
  return 0;
}
