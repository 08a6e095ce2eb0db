# C++ with exceptions, in their final encoding.
exceptions_sources() { :; }

exceptions_build() { exceptions_build_with false "$@"; }

exceptions_build_with() { # LEGACY KIND OUTPUT
  local legacy=$1 kind=$2 output=$3 flags=(-std=c++23)
  cd "$here/exceptions" || return 1
  if [ "$kind" = wasm ]; then
    flags+=(-fwasm-exceptions $(guest_flags "$legacy"))
    compile wasm "${flags[@]}" -- "${guest_cxx_files[@]}"
  fi
  compile "$kind" "${flags[@]}" -- flow.cpp main.cpp objects.cpp && link "$kind" "$output"
}

exceptions_inputs() { :; }

exceptions_case_flow() { run_part flow "$@"; }
exceptions_case_objects() { run_part objects "$@"; }
