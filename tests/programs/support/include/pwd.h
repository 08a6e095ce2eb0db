// There are no users, so look-ups find nothing.
#pragma once
struct passwd {
  char *pw_name, *pw_dir, *pw_shell;
};
static inline struct passwd *getpwuid(unsigned id) { return (void)id, (struct passwd *)0; }
static inline struct passwd *getpwnam(const char *name) { return (void)name, (struct passwd *)0; }
