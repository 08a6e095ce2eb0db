#!/usr/bin/env python3
"""Tests the kernels on their machines: runs the tests inside them, and tests the console, panics and refusals.

usage: run.py [x86_64|riscv64]...; the last line is "N passed, N failed".
"""
import sys

from machine import boot

# Each entry has a machine, a CPU (None: the default), and options on the kernel's command line.
X86 = [("microvm", None, ""), ("q35", None, ""), ("microvm", "Penryn", "")]
RISCV = [("virt", None, ""), ("virt", None, "paging=sv39"),
         ("virt", "rv64,zba=false,zbb=false,zbs=false,sstc=false", ""),
         ("virt", "rv64,v=true,vlen=128,vext_spec=v1.0", ""), ("virt", "rv64,v=true,vlen=512,vext_spec=v1.0", "")]
passed = failed = 0


def check(name, condition, result):
    global passed, failed
    if condition:
        passed += 1
        return
    failed += 1
    print(f"FAILED: {name}: status {result.status}, QEMU's {result.qemu_status}, {result.seconds:.2f} s")
    print("\n".join(line for line in result.log.decode(errors="replace").splitlines() if "error: test" in line))
    print((result.out[-500:] + result.err[-500:] + result.log[-3000:]).decode(errors="replace"))


def machine_tests(machine, cpu, options, cpus=1):
    """Runs the tests in the kernel, and the console's echo, on one machine."""
    name = " ".join(filter(None, [machine, cpu, options, f"{cpus} CPUs" if cpus > 1 else ""]))
    result = boot(machine, f"test=all {options}", cpu, cpus=cpus, timeout=60 * (1 + cpus))
    check(f"{name}: tests in the kernel", result.status == 0 and b" 0 failed" in result.out, result)
    # `test=echo` copies its input to its output and ends with status 7.
    data = bytes(range(256)) * 4000
    result = boot(machine, f"test=echo {options}", cpu, stdin=data)
    check(f"{name}: echo of 1 MB", result.status == 7 and result.out == data, result)


def cpu_tests(machine, options=""):
    """Tests that all CPUs start."""
    for count in (1, 2, 4, 8, 64):
        result = boot(machine, f"test=cpus cpus=1 {options}", cpus=count, timeout=240)
        good = result.status == 0 and f"{count} of {count} CPUs run\n".encode() in result.out
        check(f"{machine} {options}: start of {count} CPUs", good, result)


def fairness_tests(machine):
    """Tests that CPU time is shared fairly. With -icount, the machine's clock counts instructions, so the host's load
    does not matter. QEMU 7.2 can do that with one CPU only: a second one would hardly run."""
    result = boot(machine, "test=fairness", before=["-icount", "shift=2,sleep=off"], timeout=240)
    check(f"{machine}: fairness", result.status == 0, result)


def port_tests(machine):
    """Tests the console, the shell, panics, and a machine with little memory."""
    data = bytes(range(251)) * 400_000
    result = boot(machine, "test=echo", stdin=data, timeout=120)
    check(f"{machine}: echo of 100 MB", result.status == 7 and result.out == data, result)
    print(f"{machine}: echo of 100 MB: {result.seconds:.1f} s")
    result = boot(machine, "test=echo", stdin=b"")
    check(f"{machine}: empty input", result.status == 7 and result.out == b"", result)
    result = boot(machine, "", typed=b"mem\rpanic\r")
    panicked = b"kernel panic: asked for in the shell" in result.log and b"kernel::run_shell" in result.log
    ok = result.status is None and panicked
    check(f"{machine}: panic with a symbolized backtrace", ok, result)
    result = boot(machine, "", typed=b"overflow\r")
    ok = result.status is None and b"kernel panic: a trap outside of the kernel's stack, or at its end" in result.log
    check(f"{machine}: an overflow of the kernel's stack", ok and b"go_down" in result.log, result)
    result = boot(machine, "backtrace=short", typed=b"panic\r")
    frames = result.log.count(b"\n  #")
    check(f"{machine}: panic with a short backtrace", b"kernel panic" in result.log and 0 < frames <= 8, result)
    result = boot(machine, "test=hang", cpus=2, timeout=60)
    lost = b"has not taken its timer's interrupt for two seconds" in result.log and not result.timed_out
    stacks = b"hang" in result.log if machine != "virt" else b" does not answer" in result.log
    check(f"{machine}: a CPU that hangs", lost and stacks and b", which reports the panic:" in result.log, result)
    for line, reason in [("log=loud", b"`log=loud`: `log` takes LEVEL"), ("cpus=1 cpus=1", b"`cpus` is given twice"),
                         ("colour=red", b"`colour=red`: there is no such option; the options are paging log cpus")]:
        result = boot(machine, line)
        check(f"{machine}: command line {line}", b"command line is wrong: " in result.log and reason in result.log,
              result)
    result = boot(machine, "", typed=b"help\rpoweroff\r")
    check(f"{machine}: shell", b"switches the machine off" in result.log and not result.timed_out, result)
    result = boot(machine, "test=all", memory="160M")
    check(f"{machine}: little memory", result.status == 0, result)
    result = boot(machine, "", bundle=__file__)
    check(f"{machine}: a bundle that is none", result.status == 71, result)


def main():
    wanted = sys.argv[1:] or ["x86_64", "riscv64"]
    if "x86_64" in wanted:
        for machine in X86:
            machine_tests(*machine)
        machine_tests("microvm", None, "", cpus=4)
        machine_tests("q35", None, "", cpus=2)
        port_tests("microvm")
        fairness_tests("microvm")
        cpu_tests("microvm")
        cpu_tests("q35")
        for machine in ("microvm", "q35"):
            result = boot(machine, monitor=b"mce 0 1 0xb200000000000000 0x0 0x0 0x0\n")
            ok = b"kernel panic: machine check: bank 1, status 0xb200000000000000" in result.log
            check(f"{machine}: a machine check", ok and not result.timed_out, result)
        # QEMU's exit device turns the kernel's status 65 into QEMU's status 2 * 65 + 1.
        result = boot("microvm", cpu="qemu64")
        check("CPU below the floor", b"it lacks SSE4.1" in result.log and result.qemu_status == 131, result)
    if "riscv64" in wanted:
        for machine in RISCV:
            machine_tests(*machine)
        machine_tests("virt", None, "", cpus=4)
        machine_tests("virt,aia=aplic-imsic", None, "", cpus=4)
        machine_tests("virt", None, "paging=sv39", cpus=2)
        machine_tests("virt", None, "paging=sv57", cpus=2)
        port_tests("virt")
        fairness_tests("virt")
        cpu_tests("virt")
        cpu_tests("virt", "paging=sv39")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
