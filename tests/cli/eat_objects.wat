;; Makes managed objects that stay reachable, without end.
(module
  (type $link (struct (field (ref null $link)) (field i64 i64 i64)))
  (memory (export "memory") 1)
  (global $first (mut (ref null $link)) (ref.null $link))
  (func (export "_start")
    (loop $again
      (global.set $first
        (struct.new $link (global.get $first) (i64.const 1) (i64.const 2) (i64.const 3)))
      (br $again))))
