/* Reads a character of standard input, prints it with the number of files in /, leaves a file there, and exits with the
   digit that it read, or traps for a t. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  char digit = 0;
  if (read(0, &digit, 1) != 1) return 9;
  DIR* root = opendir("/");
  int files = 0;
  for (struct dirent* entry; root && (entry = readdir(root));) files += strncmp(entry->d_name, "left", 4) == 0;
  printf("got %c, %d left\n", digit, files);
  FILE* left = fopen("/left", "w");
  if (!left || fclose(left) != 0) return 8;
  fflush(stdout);
  if (digit == 't') __builtin_trap();
  return digit - '0';
}
