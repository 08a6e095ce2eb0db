# C++ with exceptions in the legacy encoding.
. "$here/exceptions.sh"
exceptions_legacy_sources() { exceptions_sources; }
exceptions_legacy_build() { exceptions_build_with true "$@"; }
exceptions_legacy_inputs() { exceptions_inputs "$@"; }
exceptions_legacy_case_flow() { exceptions_case_flow "$@"; }
exceptions_legacy_case_objects() { exceptions_case_objects "$@"; }
