;; Recurses to every depth of the guest's stack, and does there one of the things that the host or the runtime can do.
;;
;;   depths.wat OP FIRST LAST
;;
;; does OP (a letter) at every 997th depth and at all depths from FIRST on. It returns from LAST, and then prints how
;; often it did OP. OP M writes the depth, in 4 bytes, where it is a multiple of 64.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $path_remove_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))

  (type $node (struct (field $next (ref null $node)) (field $depth i32)))
  (type $bytes (array (mut i8)))
  (memory (export "memory") 2 20000)
  (memory $shared 1 1 shared)
  (table $table 1 funcref)
  (tag $thrown (param i32))
  (global $nodes (mut (ref null $node)) (ref.null $node))
  (global $garbage (mut (ref null $bytes)) (ref.null $bytes))
  (global $count (mut i32) (i32.const 0))
  (global $depth (mut i32) (i32.const 0))
  (global $file (mut i32) (i32.const -1))

  (data (i32.const 16) "file")
  (data (i32.const 24) "other")
  ;; The subscription for poll_oneoff: a relative time of 0 on the monotonic clock.
  (data (i32.const 256) "\2a\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00")
  ;; The vectors of input and output: one of 4 bytes at 128, and one of 4096 at 65536.
  (data (i32.const 64) "\80\00\00\00\04\00\00\00")
  (data (i32.const 72) "\00\00\01\00\00\10\00\00")

  (func $require (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))

  (func $write (param $fd i32) (param $vector i32) (param $bytes i32)
    (call $require (i32.eqz (call $fd_write (local.get $fd) (local.get $vector) (i32.const 1) (i32.const 96))))
    (call $require (i32.eq (i32.load (i32.const 96)) (local.get $bytes))))

  ;; The preopened directory is 3.
  (func $open (param $flags i32) (result i32)
    (call $require (i32.eqz (call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (local.get $flags)
      (i64.const 0x66) (i64.const 0) (i32.const 0) (i32.const 100))))
    (i32.load (i32.const 100)))

  (func $rewind
    (call $require (i32.eqz (call $fd_seek (global.get $file) (i64.const 0) (i32.const 0) (i32.const 104)))))

  (func $throw (throw $thrown (global.get $depth)))

  (func $do (param $op i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (block $measure (block $grow (block $fill (block $table (block $new (block $collect (block $catch (block $write (block $read (block $poll
    (block $random (block $path (block $wait
      (br_table $grow $fill $table $new $collect $catch $write $read $poll $random $path $wait $measure (local.get $op)))
      ;; wait and notify
      (call $require (i32.eq (i32.const 1) (memory.atomic.wait32 $shared (i32.const 8) (i32.const 7) (i64.const 1000000))))
      (call $require (i32.eq (i32.const 2) (memory.atomic.wait64 $shared (i32.const 16) (i64.const 0) (i64.const 10))))
      (call $require (i32.eqz (memory.atomic.notify $shared (i32.const 8) (i32.const 1))))
      (return))
      ;; paths
      (call $require (i32.eqz (call $path_create_directory (i32.const 3) (i32.const 24) (i32.const 5))))
      (call $require (i32.eqz (call $path_remove_directory (i32.const 3) (i32.const 24) (i32.const 5))))
      (drop (call $open (i32.const 1)))
      (call $require (i32.eqz (call $fd_close (i32.load (i32.const 100)))))
      (call $require (i32.eqz
        (call $path_rename (i32.const 3) (i32.const 16) (i32.const 4) (i32.const 3) (i32.const 24) (i32.const 5))))
      (call $require (i32.eqz (call $path_unlink_file (i32.const 3) (i32.const 24) (i32.const 5))))
      (return))
      ;; random
      (call $require (i32.eqz (call $random_get (i32.const 65530) (i32.const 300))))
      (return))
      ;; poll
      (call $require (i32.eqz (call $poll_oneoff (i32.const 256) (i32.const 320) (i32.const 1) (i32.const 96))))
      (call $require (i32.eq (i32.load (i32.const 320)) (i32.const 42)))
      (return))
      ;; read
      (call $rewind)
      (call $require (i32.eqz (call $fd_read (global.get $file) (i32.const 72) (i32.const 1) (i32.const 96))))
      (call $require (i32.eq (i32.load (i32.const 96)) (i32.const 4096)))
      (return))
      ;; write
      (call $rewind)
      (call $write (global.get $file) (i32.const 72) (i32.const 4096))
      (return))
      ;; throw and catch
      (call $require (i32.eq (global.get $depth)
        (block $caught (result i32)
          (try_table (catch $thrown $caught) (call $throw))
          (unreachable))))
      (return))
      ;; allocate garbage, so that collections happen
      (global.set $garbage (array.new_default $bytes (i32.const 200000)))
      (array.set $bytes (global.get $garbage) (i32.const 199999) (i32.const 1))
      (return))
      ;; allocate objects that stay alive
      (global.set $nodes (struct.new $node (global.get $nodes) (global.get $depth)))
      (return))
      ;; table.grow and table.fill
      (call $require (i32.ne (i32.const -1) (table.grow $table (ref.null func) (i32.const 100))))
      (table.fill $table (i32.const 0) (ref.func $throw) (table.size $table))
      (return))
    ;; memory.fill and memory.copy
      (memory.fill (i32.const 65536) (global.get $depth) (i32.const 60000))
      (memory.copy (i32.const 65600) (i32.const 65536) (i32.const 60000))
      (return))
    ;; memory.grow, and a first access to the new page
    (call $require (i32.ne (i32.const -1) (memory.grow (i32.const 1))))
    (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)) (global.get $depth))
    (return))
    ;; measure
    (if (i32.and (global.get $depth) (i32.const 63)) (then (return)))
    (i32.store (i32.const 128) (global.get $depth))
    (call $write (i32.const 1) (i32.const 64) (i32.const 4)))

  (elem declare func $throw)

  ;; Each frame checks its own locals on the way back.
  (func $descend (param $op i32) (param $first i32) (param $last i32) (param $depth i32)
    (global.set $depth (local.get $depth))
    (if (i32.or (i32.ge_u (local.get $depth) (local.get $first)) (i32.eqz (i32.rem_u (local.get $depth) (i32.const 997))))
      (then (call $do (local.get $op))))
    (if (i32.eq (local.get $depth) (local.get $last)) (then (return)))
    (call $descend (local.get $op) (local.get $first) (local.get $last) (i32.add (local.get $depth) (i32.const 1)))
    (call $require (i32.eq (global.get $depth) (i32.add (local.get $depth) (i32.const 1))))
    (global.set $depth (local.get $depth)))

  (func $number (param $at i32) (result i32) (local $value i32) (local $digit i32)
    (loop $next
      (if (i32.lt_u (local.tee $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))) (i32.const 10))
        (then
          (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 10)) (local.get $digit)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (local.get $value))

  ;; Checks that all nodes are there: one for each depth at which one was made, the deepest first.
  (func $check_nodes (local $node (ref null $node)) (local $left i32)
    (local.set $node (global.get $nodes))
    (local.set $left (global.get $count))
    (loop $next
      (if (ref.is_null (local.get $node)) (then (call $require (i32.eqz (local.get $left))) (return)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (local.set $node (struct.get $node $next (local.get $node)))
      (br $next)))

  (func (export "_start") (local $op i32)
    (call $require (i32.eqz (call $args_sizes_get (i32.const 512) (i32.const 516))))
    (call $require (i32.eqz (call $args_get (i32.const 1024) (i32.const 2048))))
    (local.set $op (i32.sub (i32.load8_u (i32.load (i32.const 1028))) (i32.const 65)))
    (global.set $file (call $open (i32.const 1)))
    (call $write (global.get $file) (i32.const 72) (i32.const 4096))
    (if (i32.eq (local.get $op) (i32.const 10)) (then (call $require (i32.eqz (call $fd_close (global.get $file))))))
    (call $descend (local.get $op) (call $number (i32.load (i32.const 1032))) (call $number (i32.load (i32.const 1036)))
      (i32.const 1))
    (if (i32.eq (local.get $op) (i32.const 3)) (then (call $check_nodes)))
    (i32.store (i32.const 128) (global.get $count))
    (call $write (i32.const 1) (i32.const 64) (i32.const 4))))
