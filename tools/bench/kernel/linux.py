"""Debian's kernel for virtual machines with linux_init.c as its only program, for comparison."""
import pathlib
import re
import shutil
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
META_PACKAGE = "linux-image-cloud-amd64"  # depends on the package with the present kernel


class Unavailable(Exception):
    """Says why there is no Linux to compare with."""


def run(*command, **options):
    """Runs a command, and returns its standard output."""
    try:
        result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, check=True, **options)
    except FileNotFoundError:
        raise Unavailable(f"there is no {command[0]}") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines() or [f"status {error.returncode}"]
        raise Unavailable(f"{command[0]}: {reason[-1]}") from None
    return result.stdout


def package_name():
    """Returns the name of the package that has the kernel's image."""
    found = re.search(r"Depends: (linux-image-\S+)", run("apt-cache", "depends", META_PACKAGE))
    if not found:
        raise Unavailable(f"apt does not know {META_PACKAGE} (apt-get update)")
    return found[1]


def kernel_image(folder):
    """Returns the path of Linux's image in `folder`, into which its package is unpacked if it is not there yet."""
    package = package_name()
    place = folder / package
    images = list(place.glob("boot/vmlinuz-*"))
    if not images:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        run("apt-get", "download", "-q", package, cwd=place)
        for file in place.glob("*.deb"):
            run("dpkg-deb", "-x", file, place)
            file.unlink()
        images = list(place.glob("boot/vmlinuz-*"))
    if not images:
        raise Unavailable(f"{package} has no image of a kernel")
    return images[0]


def archive_member(number, name, mode, data, device=(0, 0)):
    """Returns a member of an archive in the format `newc`, which Linux unpacks at boot."""
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
    out = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    out += b"\0" * (-len(out) % 4) + data
    return out + b"\0" * (-len(out) % 4)


def file_system(folder):
    """Compiles the program, and returns the path of an archive with it and the console."""
    program, archive = folder / "init", folder / "initramfs"
    run("clang-22", "-O2", "-static", "-pthread", "-o", program, HERE / "linux_init.c")
    archive.write_bytes(archive_member(1, "dev", 0o40755, b"") +
                        archive_member(2, "dev/console", 0o20600, b"", (5, 1)) +
                        archive_member(3, "init", 0o100755, program.read_bytes()) +
                        archive_member(0, "TRAILER!!!", 0, b""))
    return archive


def version(image):
    """Returns the version of Linux in an image (Documentation/arch/x86/boot.rst, kernel_version)."""
    data = image.read_bytes()
    start = struct.unpack_from("<H", data, 0x20e)[0] + 0x200
    return data[start:data.index(b"\0", start)].decode().split()[0]


class Linux:
    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.image = kernel_image(folder)
        self.archive = file_system(folder)
        self.version = version(self.image)

    def measure(self, cpus):
        """Boots once, and returns the lines that the program has printed."""
        line = ["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "1G", "-smp", str(cpus), "-kernel", self.image,
                "-initrd", self.archive, "-append", "console=ttyS0 quiet panic=-1", "-nodefaults", "-no-user-config",
                "-no-reboot", "-display", "none", "-serial", "stdio"]
        try:
            result = subprocess.run([str(word) for word in line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, timeout=300)
        except subprocess.TimeoutExpired:
            raise Unavailable("Linux does not end") from None
        return result.stdout.decode(errors="replace").splitlines()
