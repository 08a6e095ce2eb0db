# wasi_thread_start(number, thread), which the host calls on a new thread. It gives the thread its stack and its
# thread-local variables before any C code runs. When no C code of the thread runs any more, it marks the thread as
# done, so that another thread may free the stack. The offsets are those of struct __pthread (threads.c).
	.globaltype	__stack_pointer, i32
	.functype	__wasm_init_tls (i32) -> ()
	.functype	cairn_run_thread (i32, i32) -> ()

	.globl	wasi_thread_start
	.export_name	wasi_thread_start, wasi_thread_start
	.type	wasi_thread_start,@function
wasi_thread_start:
	.functype	wasi_thread_start (i32, i32) -> ()
	local.get	1
	i32.load	0
	global.set	__stack_pointer
	local.get	1
	i32.load	4
	call	__wasm_init_tls
	local.get	0
	local.get	1
	call	cairn_run_thread
	local.get	1
	i32.const	1
	i32.atomic.store	8
	local.get	1
	i32.const	-1
	memory.atomic.notify	8
	drop
	end_function
