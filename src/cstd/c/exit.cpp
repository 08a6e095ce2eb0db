// The hooks with which the compiler registers static destructors. They do nothing, because a kernel never ends by
// returning, so its static destructors never run.
extern "C" {

void* __dso_handle = nullptr;

int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

}  // extern "C"
