"""A file system whose files can share blocks, for who has none at hand: XFS in an image file, mounted through a loop device.

Needs root, mkfs.xfs (Debian: xfsprogs) and a loop device; says which one is missing. The mount lives in a mount namespace of the calling process, so that it
goes away with the process and its children however they end, and nobody else sees it. Used by bench/update.py and tests/torture/updates.py.
"""
import ctypes
import fcntl
import os
import pathlib
import shutil
import subprocess

FICLONE = 0x40049409
CLONE_NEWNS = 0x00020000
LEAST_NBYTES = 400_000_000  # mkfs.xfs refuses less than 300 MB


class Unavailable(Exception):
    """Why there is no such file system here."""


def _call(*arguments):
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as e:
        raise Unavailable(f"{arguments[0]}: {e.strerror}") from e
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{os.path.basename(arguments[0])}: {said[-1] if said else 'failed'}")


_why_not = None  # why this process has no mounts of its own; "": it has


def own_mounts():
    """From here on, mounts of this process are its own, if that can be had. It holds for the calling thread and those that it starts, so it must come before
    libraries start theirs; XfsImage does it itself where that was not done."""
    global _why_not
    if _why_not is not None:
        return
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("own_mounts comes too late: there are other threads already")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        _why_not = f"no mount namespace of its own: {os.strerror(ctypes.get_errno())}"
        return
    try:
        _call("mount", "--make-rprivate", "/")
        _why_not = ""
    except Unavailable as e:
        _why_not = str(e)


def _shares(folder):
    one, two = folder / "one", folder / "two"
    one.write_bytes(bytes(1 << 16))
    try:
        with one.open("rb") as a, two.open("wb") as b:
            fcntl.ioctl(b, FICLONE, a.fileno())
    except OSError as e:
        raise Unavailable(f"its files share no blocks: {e.strerror}") from e
    finally:
        one.unlink()
        two.unlink(missing_ok=True)


class XfsImage:
    """with XfsImage(folder, nbytes) as path: … The image (sparse, nbytes at most) and the mount point lie in folder. Raises Unavailable."""

    def __init__(self, folder, nbytes):
        self.image, self.path = pathlib.Path(folder) / "xfs.image", pathlib.Path(folder) / "xfs"
        self.nbytes, self.mounted = max(nbytes, LEAST_NBYTES), False

    def __enter__(self):
        try:
            if os.geteuid():
                raise Unavailable("only root can mount one")
            mkfs = shutil.which("mkfs.xfs") or shutil.which("mkfs.xfs", path="/usr/sbin:/sbin")
            if not mkfs:
                raise Unavailable("mkfs.xfs is not installed (package xfsprogs)")
            own_mounts()
            if _why_not:
                raise Unavailable(_why_not)
            self.path.mkdir()
            with self.image.open("wb") as f:
                f.truncate(self.nbytes)
            _call(mkfs, "-q", "-m", "reflink=1", str(self.image))
            _call("mount", "-t", "xfs", "-o", "loop", str(self.image), str(self.path))
            self.mounted = True
            _shares(self.path)
        except BaseException:
            self.__exit__()
            raise
        return self.path

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", str(self.path)], capture_output=True)
            self.mounted = False
        self.image.unlink(missing_ok=True)
        if self.path.is_dir() and not os.path.ismount(self.path):
            self.path.rmdir()
