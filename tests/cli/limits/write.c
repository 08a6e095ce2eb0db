// Writes a file until that is refused, and exits with the size of the file in units of 64 KiB. Making the file smaller
// makes room.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static char block[65536];

int main(void) {
  int file = open("/tmp/data", O_CREAT | O_RDWR, 0600);
  if (file < 0) return 100;
  long size = 0;
  for (ssize_t written; (written = write(file, block, sizeof block)) > 0;) size += written;
  if (errno != ENOSPC) return 101;
  if (ftruncate(file, 0) != 0 || pwrite(file, block, sizeof block, 0) != sizeof block) return 102;
  return (int)(size / (long)sizeof block);
}
