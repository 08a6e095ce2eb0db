#!/usr/bin/env bash
# Checks the sizes of lines, and of files and functions in C++: see check_sizes.py. Last line: N passed, N failed.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/check_sizes.py" "$@"
