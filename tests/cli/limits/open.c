// Opens a file again and again until that is refused, and exits with the number of descriptors that it got. Closing one
// makes room for one.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int main(void) {
  int count = 0, last = -1;
  for (;; ++count) {
    int file = open("/tmp/data", O_CREAT | O_RDWR, 0600);
    if (file < 0) break;
    last = file;
  }
  if (errno != EMFILE) return 100;
  if (close(last) != 0 || open("/tmp/data", O_RDWR) < 0) return 101;
  return open("/tmp/data", O_RDWR) < 0 && errno == EMFILE ? count : 102;
}
