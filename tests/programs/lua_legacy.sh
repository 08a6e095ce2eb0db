# Lua with exceptions in the legacy encoding.
. "$here/lua.sh"
lua_legacy_sources() { lua_sources; }
lua_legacy_build() { lua_build_with true "$@"; }
lua_legacy_inputs() { lua_inputs "$@"; }
lua_legacy_case_errors() { lua_case_errors "$@"; }
lua_legacy_case_coroutines() { lua_case_coroutines "$@"; }
