// Prints for each argument the first line of a file or the names in a directory, in order. For an argument write:PATH,
// writes the word "written" to the file.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int compare(const void *a, const void *b) { return strcmp(*(const char **)a, *(const char **)b); }

static void list(const char *path) {
  char *names[100];
  size_t count = 0;
  DIR *directory = opendir(path);
  if (directory == NULL) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  for (struct dirent *entry; (entry = readdir(directory)) != NULL && count < 100;) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names[count++] = strdup(entry->d_name);
  }
  closedir(directory);
  qsort(names, count, sizeof *names, compare);
  printf("%s:", path);
  for (size_t i = 0; i < count; ++i) printf(" %s", names[i]);
  puts("");
}

static void show(const char *path) {
  char line[100];
  FILE *file = fopen(path, "r");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  printf("%s: %s", path, line);
  fclose(file);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    struct stat info;
    if (strncmp(argv[i], "write:", 6) == 0) {
      FILE *file = fopen(argv[i] + 6, "w");
      if (file == NULL || fputs("written\n", file) < 0 || fclose(file) != 0)
        printf("%s: %s\n", argv[i], strerror(errno));
    } else if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode)) {
      list(argv[i]);
    } else {
      show(argv[i]);
    }
  }
}
