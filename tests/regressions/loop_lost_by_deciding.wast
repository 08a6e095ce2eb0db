;; The only way into the loop disappears when a br_table on a constant is decided. Then the variable of the loop had
;; only itself as its source, and the compiler looked for its value without end. Reduced from a generated module.
(module
  (type (func (param f64 v128) (result i32)))
  (func (export "f") (param f64 v128) (result i32)
    (local v128 f64 f64 i32 i64 f64 i64 i64 i32 i64 i64 f32 f64 v128)
    i32.const 0
    i32.const 0
    drop
    if
    end
    i64.const 0
    drop
    block
      loop
        block
          block
            block
              block
                i32.const 0
                br_table 2 2 1 2 1 2 3 3 1 1
              end
              block
                i64.const 0
                drop
                i32.const 0
                i32.const 0
                i32.const 0
                drop
                drop
                if
                  block (result v128)
                    local.get 1
                  end
                  i32.const 0
                  i32.const 0
                  i32.const 0
                  i32.const 0
                  i32.const 0
                  i32.const 0
                  drop
                  drop
                  drop
                  drop
                  drop
                  drop
                  drop
                end
                i32.const 0
                if (result i64)
                  i64.const 127
                else
                  i64.const 0
                end
                i64.const 65528
                i64.const 0
                memory.copy 0 0
                i64.const 0
                drop
                block (result f32)
                  f32.const nan:0x1
                  f32.const -0x1p-149
                  drop
                end
                drop
                i32.const 0
                i64.const 0
                i64.const 9223372036854775807
                drop
                drop
                if (result i32)
                  i32.const 0
                else
                  i32.const 0
                end
                block (result f32)
                  f32.const nan:0x1
                  f32.const -0x1p-149
                  drop
                end
                drop
                drop
                block
                  block
                    block
                      block
                        block
                          f64.const -0x1p+31
                          drop
                        end
                        f64.const 0
                        f64.const 0
                        drop
                        drop
                      end
                      f64.const -0x1.17p+5
                      drop
                    end
                    i64.const 0
                    drop
                    f64.const 0
                    i64.const 0
                    i64.const 9223372036854775807
                    drop
                    drop
                    f64.const 0
                    drop
                    drop
                    f32.const 0x1p+31
                    f32.const 0x1.16de2ep-84
                    drop
                    drop
                    i32.const 0
                    if (result v128)
                      local.get 2
                      v128.const i32x4 0xff9cfff1 0x00f00f37 0x02dfff01 0x022cbfff
                      f64.const 0
                      drop
                      drop
                    else
                      i64.const 0
                      v128.load16x4_s offset=2044
                    end
                    drop
                    f32.const nan:0x40beef
                    f32.const 0x1.000002p+32
                    drop
                    drop
                    i32.const 0
                    drop
                  end
                end
                i32.const 0
                local.set 5
                i32.const 0
                if (result i64)
                  i64.const 127
                else
                  i64.const 0
                end
                i32.const 2048
                drop
                drop
              end
              i32.const 0
              if (result i32)
                i32.const 0
              else
                i32.const 0
              end
              drop
            end
          end
        end
        block (result i32)
          local.get 5
        end
        i32.const 362575820
        i32.lt_s
        i32.eqz
        if
          block
            block
              block
              end
            end
            i64.const 0
            i64.const 0
            drop
            drop
            i32.const 0
            i32.const 0
            if (result i32)
              i32.const 0
            else
              local.get 5
            end
            i32.add
            if
              i64.const 0
              f64.convert_i64_s
              local.set 3
              block
                loop
                  local.get 11
                  i64.const 18
                  i64.eq
                  br_if 1
                  local.get 7
                  local.set 7
                  f32.const 0x1p+31
                  f32.const 0x1.16de2ep-84
                  f32.gt
                  if (result v128)
                    local.get 2
                    v128.const i32x4 0x7fc00000 0x7fc00000 0x7fc00000 0x7fc00000
                    local.get 15
                    local.get 15
                    f32x4.eq
                    v128.bitselect
                  else
                    local.get 8
                    v128.load16x4_s offset=2044
                  end
                  i64.const 1
                  local.set 11
                  br 0
                end
              end
            end
          end
        else
          local.get 6
          local.get 5
          if (result i64)
            local.get 8
          else
            local.get 8
          end
          i64.sub
          local.set 6
          local.get 0
          local.get 12
          f64.convert_i64_u
          f64.mul
          local.set 7
        end
        local.get 12
        local.tee 12
        i64.const 0
        i64.ne
        br_if 0
      end
    end
    local.get 12
    i32.load16_u offset=3 align=1)
  (memory i64 1 3)
  (global (mut v128) v128.const i64x2 0x49f613ede4d21fc3 0x618486cef3fa528b)
  (global (mut v128) v128.const i64x2 0xc0a15f2e31063218 0xc3c142f6bd308eca)
  (global (mut i32) i32.const 134217727)
  (global (mut i32) i32.const 24)
  (global (mut f64) f64.const 0x1p-150)
  (global (mut v128) v128.const i64x2 0xaa1c53571b5f5326 0xcb591f66190be30d)
  (global (mut i32) i32.const 184316)
  (global (mut v128) v128.const i64x2 0x1d534eb43a7c82d2 0x70147f429cc8ec6)
  (global (mut f64) f64.const -inf)
  (global (mut i32) i32.const 4194304)
  (global (mut v128) v128.const i64x2 0x18 0xffffffff7fffffff)
)
(assert_return (invoke "f" (f64.const 0) (v128.const i64x2 0 0)) (i32.const 0))
