;; Imports a function that nothing provides.
(module
  (import "env" "no_such_function" (func (param i32)))
  (func (export "_start")))
