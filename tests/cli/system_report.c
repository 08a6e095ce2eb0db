/* Prints what a program of a system got: its arguments, its environment, the names in its directories, and its input.
   Leaves a file in each directory, which other programs must not see in theirs. With the first argument `late` it does
   so after a second. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char** environ;

static int compare(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

static void list(const char* path) {
  char* names[64];
  int count = 0;
  DIR* directory = opendir(path);
  for (struct dirent* entry; directory && (entry = readdir(directory)) && count < 64;) {
    if (entry->d_name[0] != '.') names[count++] = strdup(entry->d_name);
  }
  qsort(names, (size_t)count, sizeof *names, compare);
  printf("%s:", path);
  for (int i = 0; i < count; ++i) printf(" %s", names[i]);
  printf("\n");
  char mark[64];
  snprintf(mark, sizeof mark, "%s/mark", path);
  FILE* file = fopen(mark, "w");
  if (file) fclose(file);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "late") == 0) sleep(1);
  printf("arguments:");
  for (int i = 0; i < argc; ++i) printf(" <%s>", argv[i]);
  printf("\nenvironment:");
  for (char** name = environ; *name; ++name) printf(" <%s>", *name);
  printf("\n");
  list("/");
  if (opendir("/data")) list("/data");
  char line[64] = "none";
  printf("input: %s\n", fgets(line, sizeof line, stdin) ? line : "none");
  return 0;
}
