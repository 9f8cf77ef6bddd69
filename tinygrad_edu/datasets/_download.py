"""Fetch one file from the first mirror that has it, so that it is in place whole and verified, or not at all.

Which files, and what they should hash to, is the caller's business.
"""

import gzip
import hashlib
import http.client
import os
import secrets
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tinygrad_edu.errors import DataError

_CHUNK = 1 << 16
_TIMEOUT = 30.0  # seconds without a byte, not in all


class MirrorError(Exception):
    """One mirror didn't give the file; another may."""


class AllMirrorsError(Exception):
    """No mirror gave the file. ``reasons`` has a line for each: its address and what it said."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


def fetch_gzip(mirrors: Sequence[str], target: Path, *, sha256: str) -> str:
    """Download ``target.name``, a gzip file, to ``target``.

    The bytes go to a hidden ``.part`` file beside the target; that is checked, forced to the disk and renamed over the
    target, and removed whatever else happens, Ctrl-C included.

    Args:
        mirrors: addresses of folders that hold the file, in the order to try them.
        target: where to put it; its folder is made if absent.
        sha256: what the *unpacked* bytes have to hash to.

    Returns:
        The mirror that had the file.

    Raises:
        AllMirrorsError: none of them gave it.
        DataError: the file can't be written here.
    """
    reasons = []
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + target.name
        part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _stream(url, part)
            _verify(part, sha256=sha256)
            os.replace(part, target)
        except MirrorError as error:
            reasons.append(f"{url}: {error}")
        except OSError as error:
            raise DataError(
                f"{target}: can't be written: {error.strerror or error}; give another directory, with "
                "mnist(root=...) or the environment variable TINYGRAD_EDU_DATA"
            ) from error
        else:
            _sync_folder(target.parent)
            return mirror
        finally:
            # Suppressed: when the folder itself is at fault, this fails as well and would hide why.
            with suppress(OSError):
                part.unlink(missing_ok=True)
    raise AllMirrorsError(reasons)


def _stream(url: str, part: Path) -> None:
    """Copy what ``url`` answers to the new file ``part`` and force it to the disk."""
    try:
        response = urllib.request.urlopen(url, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise MirrorError(f"HTTP {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise MirrorError(str(error.reason)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise MirrorError(_describe(error)) from error
    with response, part.open("xb") as file:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        done = 0
        with _progress(url.rpartition("/")[2], total) as advance:
            while chunk := _read(response):
                file.write(chunk)
                done += len(chunk)
                advance(len(chunk))
        # read(amt) returns b"" both at the end and when the connection closes early, so count.
        if total is not None and done != total:
            raise MirrorError(f"closed the connection after {done:,} of {total:,} bytes")
        file.flush()
        os.fsync(file.fileno())


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise MirrorError(_describe(error)) from error


def _verify(part: Path, *, sha256: str) -> None:
    found = hashlib.sha256()
    try:
        with gzip.open(part) as file:
            while chunk := file.read(1 << 20):
                found.update(chunk)
    except EOFError:
        raise MirrorError(f"sent a gzip file that is cut short after {part.stat().st_size:,} bytes") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise MirrorError(f"sent something that isn't a whole gzip file ({error})") from error
    if found.hexdigest() != sha256:
        raise MirrorError(f"sent a file with SHA-256 {found.hexdigest()} (unpacked), expected {sha256}")


def _sync_folder(folder: Path) -> None:
    """Force the rename to the disk, where the system and the file system have a way to."""
    if os.name == "posix":
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


@contextmanager
def _progress(name: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr if rich is installed, else a line there; yields what to call with each count of new bytes."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
    except ImportError:
        size = "" if total is None else f" ({total / 1e6:.1f} MB)"
        print(f"downloading {name}{size}", file=sys.stderr, flush=True)
        yield lambda count: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"downloading {name}", total=total)
        yield lambda count: bar.advance(task, count)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
