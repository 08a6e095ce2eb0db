// Tests that a program to which no root was given finds only /tmp and /dev/null there, on every target.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  char buffer[8];
  struct stat stat_buffer;
  FILE* null = fopen("/dev/null", "w");
  EXPECT(null != NULL, 1);
  if (null != NULL) {
    EXPECT(fputs("gone", null) >= 0, 1);
    EXPECT(fclose(null), 0);
  }
  const int fd = open("/dev/null", O_RDWR);
  EXPECT(fd >= 0, 1);
  EXPECT(write(fd, "gone", 4), 4);
  EXPECT(read(fd, buffer, sizeof buffer), 0);
  EXPECT(fstat(fd, &stat_buffer), 0);
  EXPECT(S_ISCHR(stat_buffer.st_mode), 1);
  EXPECT(stat_buffer.st_size, 0);
  close(fd);
  EXPECT(mkdir("/tmp/d", 0777), 0);
  FILE* file = fopen("/tmp/d/f", "w+");
  EXPECT(file != NULL, 1);
  if (file != NULL) {
    EXPECT(fputs("kept", file) >= 0, 1);
    rewind(file);
    EXPECT(fread(buffer, 1, sizeof buffer, file), 4);
    fclose(file);
  }
  int names = 0;
  DIR* root = opendir("/");
  EXPECT(root != NULL, 1);
  for (struct dirent* entry; root != NULL && (entry = readdir(root)) != NULL; ++names) {
    const char* name = entry->d_name;
    EXPECT(!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "tmp") || !strcmp(name, "dev"), 1);
  }
  EXPECT(names, 4);
  return wrong;
}
