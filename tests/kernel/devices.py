#!/usr/bin/env python3
"""Tests the kernels on machines with other devices than `cairn run` gives them: several consoles, no source of entropy,
malformed boot bundles, other interrupt controllers, CPUs that wait.

usage: devices.py [x86_64|riscv64]...; the last line is "N passed, N failed".
"""
import concurrent.futures
import pathlib
import re
import sys
import tempfile

from machine import boot, serial_device

MACHINES = {"x86_64": ["microvm", "microvm,acpi=off", "q35"], "riscv64": ["virt", "virt,aia=aplic-imsic"]}
NO_INSTRUCTION = "Penryn"  # a CPU without an instruction for random numbers
ERRNO_IO = 29
# The binary of
#   (module
#     (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
#     (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
#     (memory (export "memory") 1)
#     (func (export "_start") (call $exit (call $random (i32.const 0) (i32.const 32)))))
RANDOM = bytes.fromhex(
    "0061736d01000000010e0360027f7f017f60017f0060000002480216776173695f736e617073686f745f70726576696577310a72616e646f6"
    "d5f6765"
    "74000016776173695f736e617073686f745f70726576696577310970726f635f657869740001030201020503010001071302066d656d6f727"
    "9020006"
    "5f737461727400020a0c010a0041004120100010010b0016046e616d65010f02000672616e646f6d010465786974")
passed = failed = 0


def check(name, condition, result):
    global passed, failed
    if condition:
        passed += 1
        return
    failed += 1
    print(f"FAILED: {name}: status {result.status}, QEMU's {result.qemu_status}, {result.seconds:.2f} s, "
          f"{result.cpu_seconds} s of CPU while idle")
    print((result.out[-500:] + result.err[-500:] + result.log[-1500:]).decode(errors="replace"))


def member(name, data, mode=0o100644):
    """Returns a member of a newc archive."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


CONFIG = member(b"config", b"mode=run\0main=0\0")
MODULE = member(b"module/0", RANDOM)
PROGRAM = member(b"program/0/config", b"arg=program\0preopen=/\0")
END = member(b"TRAILER!!!", b"")


def consoles(machine):
    """Tests consoles besides the kernel's own, and ports on several of them."""
    data = bytes(range(256)) * 40
    strangers = {
        "another console": serial_device(machine, "stranger"),
        "a console with a port of another name": [
            *serial_device(machine, "stranger"), "-chardev", "null,id=n",
            "-device", "virtserialport,bus=stranger.0,chardev=n,name=org.qemu.guest_agent.0"],
        "a console with one port": [
            *serial_device(machine, "stranger", 1), "-chardev", "null,id=n",
            "-device", "virtconsole,bus=stranger.0,chardev=n"],
    }
    for name, options in strangers.items():
        for where in ("before", "after"):
            result = boot(machine, "test=echo", stdin=data, **{where: options})
            check(f"{machine}: {name} {where} ours", result.status == 7 and result.out == data and result.seconds < 20,
                  result)
    homes = ("console", "second", "console", "second")
    result = boot(machine, "test=echo", stdin=data, after=serial_device(machine, "second"), homes=homes)
    check(f"{machine}: ports on two consoles", result.status == 7 and result.out == data, result)
    if machine == "q35":  # behind a bridge, and with an empty bus
        bridges = ["-device", "pcie-root-port,id=empty,chassis=1", "-device", "pcie-root-port,id=bridge,chassis=2",
                   "-device", "virtio-serial-pci,bus=bridge,disable-legacy=on,id=second,max_ports=5"]
        result = boot(machine, "test=echo", stdin=data, after=bridges, homes=("second",) * 4)
        check(f"{machine}: a console behind a bridge", result.status == 7 and result.out == data, result)


def bundles(machine, folder):
    """Tests that the kernel refuses boot bundles that are wrong, and says so."""
    bad = {
        "no archive": b"this is no archive, but long enough to hold the head of a member of one, which has one hundred "
                      b"and ten bytes",
        "nothing but zeros": b"\0" * 512,
        "no configuration": MODULE + PROGRAM + END,
        "no program": CONFIG + MODULE + END,
        "no module": CONFIG + PROGRAM + END,
        "a word that is none": member(b"config", b"mode=run\0colour=red\0") + END,
        "a mode that is none": member(b"config", b"mode=walk\0") + END,
        "cut off": (CONFIG + MODULE + PROGRAM + END)[:-400],
    }
    for name, data in bad.items():
        path = folder / "bundle"
        path.write_bytes(data)
        result = boot(machine, bundle=path)
        complains = result.err.startswith(b"cairn: the boot bundle cannot be read: ")
        good = result.status == 71 and complains and result.err.count(b"\n") == 1
        check(f"{machine}: a bundle with {name}", good and not result.timed_out, result)


def entropy(machine, folder):
    """Tests the sources of entropy, and a machine that has none."""
    path = folder / "bundle"
    path.write_bytes(CONFIG + MODULE + PROGRAM + END)
    if machine != "virt":  # the device tree of virt always has a seed
        cpu = NO_INSTRUCTION
        result = boot(machine, bundle=path, cpu=cpu, entropy=False)
        check(f"{machine}: no entropy", result.status == ERRNO_IO and b"no source of entropy" in result.log, result)
        result = boot(machine, bundle=path, cpu=cpu)
        check(f"{machine}: entropy from a device",
              result.status == 0 and b"entropy: from a virtio device" in result.log, result)
    result = boot(machine, bundle=path, entropy=False)
    source = b"the firmware's device tree" if machine == "virt" else b"the CPU"
    check(f"{machine}: entropy from the machine", result.status == 0 and b"bytes from " + source in result.log, result)


def interrupts(machine):
    """Tests that the console's device wakes the fiber that waits for input."""
    data = bytes(range(256)) * 1000
    for cpus in (1, 1 if "acpi=off" in machine else 4):
        result = boot(machine, "test=echo log=debug", stdin=data, cpus=cpus)
        counts = re.search(rb"devices: (\d+) interrupts, (\d+) missed", result.log)
        good = result.status == 7 and result.out == data and counts is not None
        check(f"{machine}: interrupts with {cpus} CPUs", good and int(counts[1]) > 0 and int(counts[2]) == 0, result)
        result = boot(machine, cpus=cpus, typed=b"mem\rpoweroff\r")
        check(f"{machine}: keys with {cpus} CPUs", b"used" in result.log and not result.timed_out, result)


def without_interrupts():
    """Tests a machine on which nothing names the interrupts of the devices, so that they are polled."""
    data = bytes(range(256)) * 1000
    result = boot("microvm,acpi=off,auto-kernel-cmdline=off", "test=echo log=debug", stdin=data)
    check("microvm: no interrupts", result.out == data and b"devices: 0 interrupts, 0 missed" in result.log, result)


def idle(machines):
    """Tests four CPUs without work: one waits for input at the console, and the others halt. All machines are idle at
    the same time."""
    seconds = 10
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = pool.map(lambda machine: boot(machine, cpus=4, idle=seconds), machines)
        for machine, result in zip(machines, results):
            used = result.cpu_seconds
            good = used is not None and used < 0.01 * seconds
            check(f"{machine}: idle CPUs use less than 1 % of a CPU", good, result)
            print(f"{machine}: 4 CPUs, idle for {seconds} s: {used} s of CPU")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for target in sys.argv[1:] or MACHINES:
            for machine in MACHINES[target]:
                if "," not in machine:  # the others differ in their interrupts only
                    consoles(machine)
                    bundles(machine, folder)
                    entropy(machine, folder)
                interrupts(machine)
            idle(MACHINES[target])
            if target == "x86_64":
                without_interrupts()
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
