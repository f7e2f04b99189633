"""Names of temporary files, and the removal of those that killed processes left."""

import hashlib
import os
import platform
import re
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


def temporary(target: Path) -> Path:
    """A name that nobody has, hidden beside `target` and with all its suffixes.

    It tells whose it is, `.NAME-MACHINE-PID-NUMBER.SUFFIXES`, for `sweep`.

    Example:
        >>> name = temporary(Path("x.weights.h5")).name
        >>> name.startswith(f".x-{machine()}-{os.getpid()}-"), name.endswith(".weights.h5")
        (True, True)
    """
    name, dot, suffixes = target.name.partition(".")
    owner = f"{machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    return target.with_name(f".{name}-{owner}{dot}{suffixes}")


def sweep(target: Path) -> None:
    """Removes temporary files of `target` whose processes, of this machine, are dead.

    Example:
        >>> import subprocess, sys, tempfile
        >>> code = "from genome_keras.io.leftovers import Path, temporary; import sys; "
        >>> code += "temporary(Path(sys.argv[1])).touch()"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     target = Path(folder, "x.tsv")
        ...     _ = subprocess.run([sys.executable, "-c", code, target], check=True)
        ...     before = len(os.listdir(folder))
        ...     sweep(target)  # that process has ended
        ...     print(before, len(os.listdir(folder)))
        1 0
    """
    name, dot, suffixes = target.name.partition(".")
    pattern = (
        rf"\.{re.escape(name)}-{machine()}-(\d{{1,19}})-[0-9a-f]{{8}}{re.escape(dot + suffixes)}"
    )
    with suppress(OSError), os.scandir(target.parent) as entries:
        left = [entry for entry in entries if entry.name.startswith(f".{name}-")]
        for entry in left:
            match = re.fullmatch(pattern, entry.name)
            if match and not is_alive(int(match[1])):
                with suppress(OSError):
                    os.unlink(entry.path)


@lru_cache(maxsize=1)
def machine() -> str:
    """Eight letters for where process numbers mean what they mean here.

    They differ between machines, between boots of one, and between containers, which may
    share a disk and have the same numbers for other processes.

    Example:
        >>> len(machine()), machine() == machine()
        (8, True)
    """
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(_BOOT.read_text().strip())
    with suppress(OSError):
        parts.append(str(_PROCESSES.stat().st_ino))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def is_alive(pid: int) -> bool:
    """Whether a process of this machine may still run; where nobody can tell, it may.

    Example:
        >>> is_alive(os.getpid())
        True
    """
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
