"""`mnist`: finding, checking and downloading its files, from a server on this machine; and the real ones, if here."""

import gzip
import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_edu.datasets import _download, _mnist, mnist
from tinygrad_edu.errors import DataError

NAMES = [file.name for file in _mnist._FILES]
# Incompressible, so that the files are longer than one chunk of the download.
NOISE = np.random.default_rng(0).integers(0, 256, (150, 28, 28), dtype=np.uint8)


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The bytes of a small data set in MNIST's place, by file name; `mnist` expects their SHA-256."""
    labels = np.arange(150, dtype=np.uint8) % 10
    arrays = dict(zip(NAMES, (NOISE, labels, NOISE[:50], labels[:50]), strict=True))
    made = {name: idx_bytes(array) for name, array in arrays.items()}
    expected = [file._replace(sha256=hashlib.sha256(made[file.name]).hexdigest()) for file in _mnist._FILES]
    monkeypatch.setattr(_mnist, "_FILES", tuple(expected))
    return made


@pytest.fixture
def folder(files: dict[str, bytes], tmp_path: Path) -> Path:
    """A directory with the small data set, half of it packed."""
    for number, (name, data) in enumerate(files.items()):
        if number % 2:
            (tmp_path / name).write_bytes(data)
        else:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    return tmp_path


@pytest.fixture
def server(files: dict[str, bytes]) -> Iterator[SimpleNamespace]:
    """Serves the small data set under any folder; ``answers`` overrides: path -> (status, headers, body)."""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
    requests: list[str] = []
    packed = {f"{name}.gz": gzip.compress(data) for name, data in files.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            body = packed.get(self.path.rpartition("/")[2], b"")
            default = (200 if body else 404, {"Content-Length": str(len(body))}, body)
            status, headers, body = answers.get(self.path, default)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://127.0.0.1:{httpd.server_port}"
    yield SimpleNamespace(url=address, answers=answers, requests=requests, packed=packed)
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_real_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_mnist, "_MIRRORS", ())
    monkeypatch.delenv("TINYGRAD_EDU_MNIST_MIRRORS", raising=False)


def test_reads_plain_and_packed_files_alike(folder: Path) -> None:
    data = mnist(folder, download=False)
    assert data.name == "mnist"
    assert data.classes == 10
    np.testing.assert_array_equal(data.train_images, NOISE.astype(np.float32) / np.float32(255), strict=True)
    np.testing.assert_array_equal(data.train_labels, np.arange(150) % 10, strict=True)
    assert data.test_images.shape == (50, 28, 28)
    assert data.test_labels.dtype == np.int64


def test_the_directory_is_the_argument_else_the_variable_else_the_cache(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(elsewhere))
    assert len(mnist(str(folder), download=False).train_labels) == 150
    with pytest.raises(DataError, match=f"{elsewhere}: no train-images"):
        mnist(download=False)
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(folder))
    assert len(mnist(download=False).train_labels) == 150


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these have cache directories of their own")
def test_the_cache_follows_the_xdg_variable_unless_it_is_relative(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINYGRAD_EDU_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value, expected in ((str(tmp_path / "xdg"), "xdg"), ("relative", "home/.cache"), ("", "home/.cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        with pytest.raises(DataError, match=f"{tmp_path}/{expected}/tinygrad_edu/mnist: no "):
            mnist(download=False)


def test_without_download_the_absent_files_and_the_remedy_are_named(folder: Path) -> None:
    (folder / NAMES[1]).unlink()
    with pytest.raises(DataError) as caught:
        mnist(folder, download=False)
    message = str(caught.value)
    assert f"{folder}: no {NAMES[1]}. Put these files into {folder}" in message
    assert "TINYGRAD_EDU_DATA" in message
    assert all(name in message for name in NAMES)


def test_a_truncated_file_is_called_truncated(folder: Path) -> None:
    path = folder / NAMES[1]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(
        DataError, match=rf"{NAMES[1]}: truncated: a uint8 array of shape \(150,\) .* 158 bytes, found 148"
    ):
        mnist(folder)


def test_labels_in_the_place_of_images_have_the_wrong_magic(folder: Path) -> None:
    (folder / f"{NAMES[0]}.gz").write_bytes(gzip.compress((folder / NAMES[1]).read_bytes()))
    with pytest.raises(DataError, match=r"wrong magic: it starts with 00 00 08 01, expected 00 00 08 03 .uint8, 3 dim"):
        mnist(folder)


def test_another_data_set_of_the_same_form_is_refused(folder: Path) -> None:
    path = folder / NAMES[3]
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(
        DataError, match=r"not MNIST's: its SHA-256 .* is [0-9a-f]{64}, expected [0-9a-f]{64}; delete it"
    ):
        mnist(folder)
    assert path.exists()


def test_downloads_what_is_absent_and_only_once(
    server: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", f"{server.url}/a/")
    root = tmp_path / "not" / "yet"
    for _ in range(2):
        np.testing.assert_array_equal(mnist(root).test_images, NOISE[:50] / np.float32(255))
    assert server.requests == [f"/a/{name}.gz" for name in NAMES]
    assert sorted(path.name for path in root.iterdir()) == sorted(server.packed)


def test_says_what_it_downloads_without_rich_too(
    server: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", server.url)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    mnist(tmp_path)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        f"downloading {name} ({len(body) / 1e6:.1f} MB)" for name, body in server.packed.items()
    ]


def test_shows_a_bar_on_stderr_with_rich(
    server: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("rich")
    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", server.url)
    mnist(tmp_path)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert all(f"downloading {name}" in printed.err for name in server.packed)


def test_a_failing_mirror_is_passed_over_and_then_asked_last(
    server: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers[f"/bad/{NAMES[0]}.gz"] = (503, {}, b"")
    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", f"{server.url}/bad {server.url}/good")
    mnist(tmp_path)
    assert server.requests == [f"/bad/{NAMES[0]}.gz", *(f"/good/{name}.gz" for name in NAMES)]


def test_when_every_mirror_fails_one_error_tells_all(
    server: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{NAMES[0]}.gz"
    whole = server.packed[name]
    other = b"not MNIST"
    server.answers.update(
        {
            f"/gone/{name}": (404, {"Content-Length": "0"}, b""),
            f"/page/{name}": (200, {}, b"<html>log in to this network</html>"),
            f"/short/{name}": (200, {"Content-Length": str(len(whole))}, whole[:-100]),
            f"/cut/{name}": (200, {"Content-Length": str(len(whole) - 100)}, whole[:-100]),
            f"/other/{name}": (200, {}, gzip.compress(other)),
        }
    )
    mirrors = [f"{server.url}/{what}" for what in ("gone", "page", "short", "cut", "other")]
    mirrors += ["http://127.0.0.1:1/refused", "nonsense"]
    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", " ".join(mirrors))
    with pytest.raises(DataError) as caught:
        mnist(tmp_path)
    lines = str(caught.value).splitlines()
    said = [
        "HTTP 404 Not Found",
        "sent something that isn't a whole gzip file (Not a gzipped file (b'<h'))",
        f"closed the connection after {len(whole) - 100:,} of {len(whole):,} bytes",
        f"sent a gzip file that is cut short after {len(whole) - 100:,} bytes",
        f"sent a file with SHA-256 {hashlib.sha256(other).hexdigest()} (unpacked), expected ",
        "Connection refused",
        "unknown url type",
    ]
    assert lines[0] == "MNIST couldn't be downloaded; these were tried:"
    for mirror, reason, line in zip(mirrors, said, lines[1:8], strict=True):
        assert line.startswith(f"  {mirror}/{name}: ")
        assert reason in line
    assert lines[8].startswith(f"Put these files into {tmp_path}")
    assert [line.strip() for line in lines[9:13]] == NAMES
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_leaves_nothing(
    server: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = []
    read = _download._read

    def interrupt(response: object) -> bytes:
        if parts:
            raise KeyboardInterrupt
        parts.extend(tmp_path.iterdir())
        return read(response)

    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", server.url)
    monkeypatch.setattr(_download, "_read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        mnist(tmp_path)
    assert [path.suffix for path in parts] == [".part"]  # it was under way, in the same folder
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blocked", ["folder", "rename"])
def test_a_directory_that_cant_be_written_is_named(
    server: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocked: str
) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", server.url)
    root = tmp_path / "root"
    if blocked == "folder":
        root.write_text("a file")
    else:
        (root / f"{NAMES[0]}.gz" / "in the way").mkdir(parents=True)
    with pytest.raises(DataError, match=rf"{NAMES[0]}\.gz: can't be written: .*; give another directory"):
        mnist(root)
    assert not list(tmp_path.rglob("*.part"))


def _real() -> Path | None:
    beside = Path(__file__).parents[3] / "shared" / "data" / "mnist"
    named = os.environ.get("TINYGRAD_EDU_DATA")
    candidates = [Path(named)] if named else [beside]
    return next((path for path in candidates if path.is_dir()), None)


@pytest.mark.skipif(_real() is None, reason="needs MNIST in the directory that TINYGRAD_EDU_DATA names")
def test_the_real_files() -> None:
    data = mnist(_real(), download=False)
    assert data.train_images.shape == (60000, 28, 28)
    assert data.test_images.shape == (10000, 28, 28)
    assert data.train_images.dtype == np.float32
    assert (data.train_images.min(), data.train_images.max()) == (0, 1)
    assert data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
