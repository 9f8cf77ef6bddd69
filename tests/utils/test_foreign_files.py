"""Files that can't be read as checkpoints: each is told by what it seems to be, and nothing in one is ever executed."""

import gzip
import io
import json
import pickle
import warnings
import zipfile

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.utils import serialization


class Bomb:
    """A pickle that leaves a file behind when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def npz_with_a_pickle(bomb):
    """A checkpoint as ours, but for an array that is a pickle."""
    file, member = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array(member, np.array([bomb], dtype=object), allow_pickle=True)
    manifest = {"format": serialization.FORMAT, "version": 1, "arrays": 1, "tree": {"array": 0}}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("0.npy", member.getvalue())
    return file.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_hostile_pickle_is_refused_and_not_run(protocol, tmp_path):
    path, harm = tmp_path / "weights.pt", tmp_path / "harm"
    path.write_bytes(pickle.dumps({"w": Bomb(harm)}, protocol))
    with pytest.raises(CheckpointError, match="is no checkpoint of tinygrad_edu; it seems to be a"):
        tg.load(path)
    with pytest.raises(CheckpointError):
        tg.load(path, weights_only=False)
    assert not harm.exists()


def test_a_hostile_array_in_a_checkpoint_of_ours_is_refused_and_not_run(tmp_path):
    path, harm = tmp_path / "weights", tmp_path / "harm"
    path.write_bytes(npz_with_a_pickle(Bomb(harm)))
    with pytest.raises(
        CheckpointError, match=r"it is damaged \(Object arrays cannot be loaded when allow_pickle=False"
    ):
        tg.load(path)
    assert not harm.exists()


@pytest.mark.oracle
def test_an_old_pytorch_checkpoint_is_recognised(tmp_path):
    import torch

    path = tmp_path / "model.pt"
    torch.save({"w": torch.ones(3)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match="a Python pickle"):
        tg.load(path)


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


def npz():
    file = io.BytesIO()
    np.savez(file, a=np.ones(2))
    return file.getvalue()


def npy():
    file = io.BytesIO()
    np.save(file, np.ones(2))
    return file.getvalue()


NEWER = json.dumps({"format": serialization.FORMAT, "version": 2, "arrays": 0, "tree": None})
FOREIGN = [
    (b"", " is empty (0 bytes). Was it written to the end?"),
    (npy(), " is no checkpoint of tinygrad_edu; it seems to be a NumPy .npy array: read it with numpy.load."),
    (npz(), " is no checkpoint of tinygrad_edu; it seems to be a plain .npz of arrays: read it with numpy.load."),
    (zipped(a_txt="x"), " is no checkpoint of tinygrad_edu; it seems to be another zip archive (it holds a.txt)."),
    (
        zipped(manifest_json='{"format": "docx"}'),
        " is no checkpoint of tinygrad_edu; it seems to be another zip archive (it holds manifest.json).",
    ),
    (gzip.compress(b"x"), " is no checkpoint of tinygrad_edu; it seems to be a gzip archive."),
    (b"\x89HDF\r\n\x1a\n", " is no checkpoint of tinygrad_edu; it seems to be an HDF5 file."),
    (
        (8).to_bytes(8, "little") + b'{"a":{}}',
        " seems to be a safetensors file, but it is damaged (Error while deserializing: invalid JSON in header: missing field "
        "`dtype` at line 1 column 8).",
    ),
    (
        b'{"weights": [1, 2]}',
        " is no checkpoint of tinygrad_edu; it seems to be a text file that begins with '{\"weights\": [1, 2]}'.",
    ),
    (
        b"\x00\x01\x02\x03\x04\x05\x06\x07\x08",
        " is no checkpoint of tinygrad_edu; it seems to be an unknown format (00 01 02 03 04 05 06 07 …).",
    ),
    (b"\x80", " is no checkpoint of tinygrad_edu; it seems to be a Python pickle (an old PyTorch checkpoint is one). A pickle "
     "can run any code when it is read, so it wasn't. Where you trust it, read it with what wrote it, and save its arrays here."),
    (
        zipped(manifest_json=NEWER),
        " was written in version 2 of the format, and this release reads up to 1: update tinygrad_edu.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), FOREIGN, ids=[m[:80] for _, m in FOREIGN])
def test_a_file_of_something_else_is_refused_by_what_it_seems_to_be(content, message, tmp_path):
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        tg.load(path)
    assert str(caught.value) == f"load: {path}{message}"


def test_a_missing_file_is_said_with_what_is_there_instead(tmp_path):
    (tmp_path / "model.npz").write_text("")
    for path, message in (
        (tmp_path / "modle.npz", f"no such file: {tmp_path / 'modle.npz'}. In its directory: model.npz."),
        (
            tmp_path / "no" / "x",
            f"no such file: {tmp_path / 'no' / 'x'}; there is no directory {tmp_path / 'no'} either.",
        ),
        (tmp_path, f"{tmp_path} is a directory; name the file in it."),
    ):
        with pytest.raises(CheckpointError) as caught:
            tg.load(path)
        assert str(caught.value) == f"load: {message}"


def test_where_nothing_can_be_written_is_said(tmp_path):
    for path, message in (
        (
            tmp_path / "no" / "x",
            f"{tmp_path / 'no' / 'x'} can't be written: No such file or directory. There is no directory {tmp_path / 'no'}: make "
            "it first. Nothing was changed.",
        ),
        (tmp_path, f"{tmp_path} can't be written: it is a directory. Nothing was changed."),
    ):
        with pytest.raises(CheckpointError) as caught:
            tg.save(1, path)
        assert str(caught.value) == f"save: {message}"
    for call in (lambda: tg.save(1, 3.5), lambda: tg.load(3.5)):
        with pytest.raises(CheckpointError, match="the file is given by its path, a str or a Path, not"):
            call()


def test_every_truncation_and_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "f"
    nest = {"w": tg.tensor([1.0, 2.0, 3.0]), "epoch": 3}
    tg.save(nest, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            tg.load(path)
    path.write_bytes(whole[:-1])
    with pytest.raises(CheckpointError) as caught:
        tg.load(path)
    assert str(caught.value) == (
        f"load: {path} ({len(whole) - 1} bytes) begins like a checkpoint, but it ends too early: it was truncated. Copy or save it "
        "again."
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zipfile, about names that a flip made equal
        for i in range(len(whole)):
            path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x10]) + whole[i + 1 :])
            try:
                back = tg.load(path)
            except CheckpointError:
                continue
            # Else it was a byte that says nothing about the content: a date, a version, an attribute.
            assert (back["w"].tolist(), back["epoch"]) == ([1, 2, 3], 3)


HOSTILE = [
    {"tree": {"array": 3}},
    {"tree": {"array": "x"}},
    {"tree": {"what": 1}},
    {"tree": {"dict": 3}},
    {"tree": {"dict": [[{"list": []}, 1]]}},
    {"tree": {"list": [], "tuple": []}},
    {"tree": {"leaf": 0}, "arrays": 0},
    {"arrays": 10**9},
    {"arrays": "many"},
    {"version": "new"},
    {"format": 3},
    [],
    None,
]


@pytest.mark.parametrize("manifest", HOSTILE, ids=str)
def test_a_manifest_that_makes_no_sense_is_refused(manifest, tmp_path):
    sound = {"format": serialization.FORMAT, "version": 1, "arrays": 0, "tree": None}
    path = tmp_path / "f"
    path.write_bytes(zipped(manifest_json=json.dumps(sound | manifest if isinstance(manifest, dict) else manifest)))
    with pytest.raises(CheckpointError, match="load: "):
        tg.load(path)


def test_a_manifest_of_endless_depth_is_refused(tmp_path):
    path = tmp_path / "f"
    tree = '{"list": [' * 5000 + "]}" * 5000
    path.write_bytes(
        zipped(manifest_json=f'{{"format": "{serialization.FORMAT}", "version": 1, "arrays": 0, "tree": {tree}}}')
    )
    with pytest.raises(CheckpointError, match="it is damaged"):
        tg.load(path)
