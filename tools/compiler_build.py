#!/usr/bin/env python3
"""compiler_build.py ROOT OUTPUT: writes a C++ file with a hash of the sources that decide what compiled code does, so
that code objects of another compiler are refused (src/compiler/codegen/object/object_identity.hpp)."""
import hashlib
import pathlib
import sys

root, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
files = [path for folder in ("src/abi", "src/compiler", "src/wasm") for path in (root / folder).rglob("*")
         if path.suffix in (".hpp", ".cpp", ".def") and "testing" not in path.parts and not path.stem.endswith("_test")]
total = hashlib.sha256()
for path in sorted(files):
    total.update(str(path.relative_to(root)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
text = ('#include "compiler/codegen/object/object_identity.hpp"\n\n'
        'const cairn::Digest cairn::codegen::kCompilerBuild = {'
        + ", ".join(str(byte) for byte in total.digest()) + "};\n")
if not output.exists() or output.read_text() != text:
    output.write_text(text)
