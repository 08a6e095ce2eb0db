# Lua, whose errors and coroutines use setjmp and longjmp. These become exceptions in their final encoding
# (src/guest_c_runtime).
lua_sources() {
  fetch_source lua5.4 5.4.4 lua5.4_5.4.4.orig.tar.gz 164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61
}

lua_build() { lua_build_with false "$@"; }

lua_build_with() { # LEGACY KIND OUTPUT
  local legacy=$1 kind=$2 output=$3
  cd "$source_dir/src" || return 1
  local flags=(-DLUA_COMPAT_5_3 -ffp-contract=off) files=()
  mapfile -t files < <(ls -- *.c | grep -v luac.c)
  if [ "$kind" = wasm ]; then
    flags+=($(guest_flags "$legacy") '-Dlua_tmpnam(b,e)=((e)=1)' -DLUA_TMPNAMBUFSIZE=20)
    compile wasm "${flags[@]}" -- "${guest_c_files[@]}"
  fi
  compile "$kind" "${flags[@]}" -- "${files[@]}" && link "$kind" "$output" $([ "$kind" = wasm ] || echo -lm)
}

lua_inputs() { cp "$here"/lua/*.lua "$1"; }

lua_run() { # INPUTS SCRIPT COMMAND...
  local script=$1/$2
  shift 2
  "$@" - <"$script"
}
lua_case_errors() { lua_run "$1" errors.lua "${@:2}"; }
lua_case_coroutines() { lua_run "$1" coroutines.lua "${@:2}"; }
lua_case_work() { lua_run "$1" work.lua "${@:2}"; }
