// Annotations for clang's thread-safety analysis (-Wthread-safety, an error in every build; clang's manual, "Thread
// Safety Analysis"): which classes are locks, and which lock guards which data.
#pragma once

// Marks a class that is a lock.
#define CAIRN_LOCK_CLASS __attribute__((capability("lock")))
// Marks a class whose objects hold a lock from their construction to their destruction.
#define CAIRN_SCOPED_LOCK_CLASS __attribute__((scoped_lockable))
// Marks data that may be accessed only while this lock is held.
#define CAIRN_GUARDED_BY(lock) __attribute__((guarded_by(lock)))
// These macros mark functions that take a lock, that release it, and that may be called only with the lock held.
// Without an argument, the lock is the object whose member function is marked.
#define CAIRN_ACQUIRES(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define CAIRN_RELEASES(...) __attribute__((release_capability(__VA_ARGS__)))
#define CAIRN_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
// Marks a function that uses guarded data without the lock, because no other CPU runs any more.
#define CAIRN_IGNORES_LOCKS __attribute__((no_thread_safety_analysis))
