"""Boots a kernel in QEMU with its four ports connected, for the tests of this folder."""
import os
import pathlib
import selectors
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = ["cairn.stdin", "cairn.stdout", "cairn.stderr", "cairn.control"]
MICROVM = "microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on"


class Result:
    def __init__(self):
        self.out, self.err, self.control, self.log = b"", b"", b"", b""
        self.seconds = 0.0
        self.timed_out = False
        self.qemu_status = None
        self.cpu_seconds = None  # the CPU time that QEMU used while the machine was idle

    @property
    def status(self):
        """Returns the program's exit status, or None if the machine ended without reporting one."""
        lines = self.control.decode().splitlines()
        return int(lines[-1].split()[1]) if lines and lines[-1].startswith("exit ") else None


def cpu_time(pid):
    """Returns the CPU time that a process has used, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serial_device(machine, name, ports=5):
    """Returns QEMU's options for a virtio console."""
    kind = "virtio-serial-pci,disable-legacy=on" if machine == "q35" else "virtio-serial-device"
    return ["-device", f"{kind},id={name},max_ports={ports}"]


def command(machine, cpu, memory, append, bundle, entropy, cpus, before, after):
    """Returns QEMU's command line for a machine. The parameters are those of boot()."""
    machine, _, machine_options = machine.partition(",")
    pci = machine == "q35"
    image = "cairn-kernel-testing" if "test=" in append else "cairn-kernel"
    if machine == "virt":
        line = ["qemu-system-riscv64", "-M", "virt", "-cpu", cpu or "rv64"]
        line += ["-kernel", ROOT / "build/kernel-riscv64" / image]
    else:
        line = ["qemu-system-x86_64", "-M", MICROVM if machine == "microvm" else "q35", "-cpu", cpu or "max"]
        line += ["-kernel", ROOT / "build/kernel-x86_64" / image, "-device", "isa-debug-exit"]
    if machine_options:
        line[2] += "," + machine_options
    line += ["-m", memory, "-append", append, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
    line += ["-global", "virtio-mmio.force-legacy=false"] if not pci else []
    line += ["-device", "virtio-rng-pci,disable-legacy=on" if pci else "virtio-rng-device"] if entropy else []
    line += ["-smp", str(cpus), *before, *serial_device(machine, "console"), *after]
    if bundle:
        line += ["-initrd", bundle]
    return [str(word) for word in line]


def boot(machine, append="", cpu=None, memory="1G", stdin=b"", bundle=None, timeout=60, typed=b"", monitor=b"",
         entropy=True, cpus=1, before=(),
         after=(), homes=("console",) * 4, idle=None):
    """Boots a machine and waits for its end. Options of QEMU's -M may follow the machine's name. `stdin` goes to
    the program's input. When the serial console prompts, `typed` goes there, and the commands `monitor` go to QEMU's
    monitor. `before` and `after` are options of QEMU before and after the console named `console`; `homes` are the
    consoles that have the ports. With `idle`, the machine is left alone for so many seconds when the console
    prompts. The CPU time that QEMU uses meanwhile is measured; then the machine is killed."""
    line = command(machine, cpu, memory, append, bundle, entropy, cpus, before, after)
    ours, theirs = [], []
    for number in range(6):
        a, b = socket.socketpair()
        os.set_inheritable(b.fileno(), True)
        ours.append(a)
        theirs.append(b)
        line += ["-chardev", f"socket,id=c{number},fd={b.fileno()}"]
        if number < 4:
            line += ["-device", f"virtserialport,bus={homes[number]}.0,chardev=c{number},name={PORTS[number]}"]
        else:
            line += ["-serial", "chardev:c4"] if number == 4 else ["-mon", "chardev=c5,mode=readline"]
    result = Result()
    started = time.monotonic()
    qemu = subprocess.Popen(line, pass_fds=[b.fileno() for b in theirs], stdin=subprocess.DEVNULL)
    for end in theirs:
        end.close()
    selector = selectors.DefaultSelector()
    for number, end in enumerate(ours):
        end.setblocking(False)
        selector.register(end, selectors.EVENT_READ, number)
    pending = memoryview(stdin)
    fields = {1: "out", 2: "err", 3: "control", 4: "log"}
    chunks = {name: [] for name in fields.values()}
    open_ends = {1, 2, 3, 4}
    # Firmware empties the serial port when it starts, so nothing is typed before the kernel prompts.
    while open_ends:
        if time.monotonic() - started > timeout:
            result.timed_out = True
            break
        if pending is not None:
            if not pending:
                ours[0].shutdown(socket.SHUT_WR)
                pending = None
            else:
                try:
                    pending = pending[ours[0].send(pending[:1 << 16]):]
                except BlockingIOError:
                    pass
                except OSError:
                    pending = None
        if pending is not None:
            selector.modify(ours[0], selectors.EVENT_READ | selectors.EVENT_WRITE, 0)
        elif ours[0].fileno() in selector.get_map():
            selector.unregister(ours[0])
        for key, events in selector.select(0.2):
            if not events & selectors.EVENT_READ:
                continue
            try:
                data = key.fileobj.recv(1 << 18)
            except OSError:
                data = b""
            if data:
                if key.data in fields:
                    chunks[fields[key.data]].append(data)
                if key.data == 4 and (typed or monitor) and b"cairn> " in b"".join(chunks["log"]):
                    ours[4].sendall(typed)
                    ours[5].sendall(monitor)
                    typed = monitor = b""
                if idle and result.cpu_seconds is None and b"cairn> " in b"".join(chunks["log"]):
                    time.sleep(1)
                    before = cpu_time(qemu.pid)
                    time.sleep(idle)
                    result.cpu_seconds = cpu_time(qemu.pid) - before
                    open_ends.clear()
            else:
                selector.unregister(key.fileobj)
                open_ends.discard(key.data)
                if key.data == 0:
                    pending = None
    if result.timed_out or result.cpu_seconds is not None:
        qemu.kill()
    result.qemu_status = qemu.wait()
    result.seconds = time.monotonic() - started
    for name, parts in chunks.items():
        setattr(result, name, b"".join(parts))
    for end in ours:
        end.close()
    return result
