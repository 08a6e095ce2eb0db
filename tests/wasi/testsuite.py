#!/usr/bin/env python3
"""tests/wasi/testsuite.py TARGET DIRECTORY: runs the preview 1 programs of wasi-testsuite, and compares the output and
the status of each. DIRECTORY is a checkout of its branch prod/testsuite-base. The last line is `N passed, N failed`."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
target, suite = sys.argv[1], pathlib.Path(sys.argv[2])
passed = failed = 0


def expectation(specification):
    """Reads a specification in the legacy form or in the newer one, which has operations, and returns one
    dictionary."""
    result = {"args": [], "env": {}, "root": None, "exit_code": 0, "stdout": None, "stderr": None}
    if "operations" not in specification:
        result.update(specification)
        return result
    for operation in specification["operations"]:
        if operation["type"] == "run":
            result.update({key: operation[key] for key in ("args", "env", "root") if key in operation})
        elif operation["type"] == "read":
            result[operation.get("id", "stdout")] = operation["payload"]
        elif operation["type"] == "wait":
            result["exit_code"] = operation.get("exit_code", 0)
    return result


for program in sorted(suite.glob("tests/*/testsuite/wasm32-wasip1/*.wasm")):
    specification = program.with_suffix(".json")
    expected = expectation(json.loads(specification.read_text()) if specification.exists() else {})
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(root / "build/host/cairn-cli"), "run", "--target", target]
        for name, value in expected["env"].items():
            command += ["--env", f"{name}={value}"]
        if expected["root"]:
            shutil.copytree(program.parent / expected["root"], scratch + "/root", symlinks=True)
            command += ["--dir", f"{scratch}/root::/"]
        else:
            command += ["--root", "none"]
        command += [str(program), *expected["args"]]
        try:
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
            status, out, err = ended.returncode, ended.stdout, ended.stderr
        except subprocess.TimeoutExpired:
            status, out, err = "time-out", "", ""
    wrong = [name for name, got in (("exit_code", status), ("stdout", out), ("stderr", err))
             if expected[name] is not None and expected[name] != got]
    if wrong:
        failed += 1
        print(f"FAIL {program.relative_to(suite)}: {', '.join(wrong)}; status {status}\n{out[-500:]}{err[-1000:]}")
    else:
        passed += 1
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0 or passed == 0)
