// Annotations for clang's thread-safety analysis (-Wthread-safety, an error in every build; clang's manual, "Thread
// Safety Analysis"): which classes are locks, and which lock guards which data.
#pragma once

// A class that is a lock, and one whose objects hold a lock from their construction to their destruction.
#define CAIRN_LOCK_CLASS __attribute__((capability("lock")))
#define CAIRN_SCOPED_LOCK_CLASS __attribute__((scoped_lockable))
// Data that may be touched only with this lock held.
#define CAIRN_GUARDED_BY(lock) __attribute__((guarded_by(lock)))
// Functions that take the lock, that release it, and that may be called only with the lock held. Without an argument,
// the object itself is the lock.
#define CAIRN_ACQUIRES(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define CAIRN_RELEASES(...) __attribute__((release_capability(__VA_ARGS__)))
#define CAIRN_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
