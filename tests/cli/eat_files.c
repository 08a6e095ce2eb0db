// Uses up its memory in the way that its argument names: `data` writes one file without end, `names` makes files, and
// `open` opens one file again and again. Exits with 3 if that was refused with a reason that a program can expect.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char block[65536];

static int is_refusal(void) {
  if (errno == ENOSPC || errno == ENOMEM || errno == EMFILE || errno == ENFILE || errno == EDQUOT) return 3;
  perror("refused");
  return 4;
}

static int write_data(void) {
  int file = open("/tmp/data", O_CREAT | O_WRONLY, 0600);
  if (file < 0) return 5;
  memset(block, 7, sizeof block);
  for (;;) {
    if (write(file, block, sizeof block) < 0) return is_refusal();
  }
}

static int make_names(void) {
  char name[32];
  for (unsigned i = 0;; ++i) {
    snprintf(name, sizeof name, "/tmp/file-%u", i);
    int file = open(name, O_CREAT | O_WRONLY, 0600);
    if (file < 0) return is_refusal();
    close(file);
  }
}

static int open_again(void) {
  int file = open("/tmp/data", O_CREAT | O_WRONLY, 0600);
  if (file < 0) return 5;
  while (open("/tmp/data", O_RDONLY) >= 0) {
  }
  return is_refusal();
}

int main(int argc, char** argv) {
  if (argc != 2) return 6;
  if (strcmp(argv[1], "data") == 0) return write_data();
  if (strcmp(argv[1], "names") == 0) return make_names();
  return open_again();
}
