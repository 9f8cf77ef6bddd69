"""`SummaryWriter` for lessons that log to TensorBoard: numbers and texts go to `log.jsonl` in its folder, one record a line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NoReturn

from tinygrad_edu.errors import NotHereError


class SummaryWriter:
    """Writes `add_scalar`, `add_scalars`, `add_text` and `add_hparams` to `log_dir/log.jsonl`; pictures and graphs raise."""

    def __init__(self, log_dir: Any = None, comment: str = "", **_: Any) -> None:
        self.log_dir = str(log_dir or Path("runs") / f"{time.strftime('%b%d_%H-%M-%S')}{comment}")
        Path(self.log_dir).mkdir(parents=True, exist_ok=True)
        self._file = (Path(self.log_dir) / "log.jsonl").open("a", encoding="utf-8")

    def _write(self, **record: Any) -> None:
        self._file.write(json.dumps(record) + "\n")

    def add_scalar(self, tag: str, scalar_value: Any, global_step: Any = None, *_: Any, **__: Any) -> None:
        self._write(tag=tag, step=_number(global_step), value=_number(scalar_value))

    def add_scalars(self, main_tag: str, tag_scalar_dict: dict[str, Any], global_step: Any = None, *_: Any) -> None:
        for tag, value in tag_scalar_dict.items():
            self.add_scalar(f"{main_tag}/{tag}", value, global_step)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, *_: Any) -> None:
        self._write(tag=tag, step=_number(global_step), text=text_string)

    def add_hparams(self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any], *_: Any, **__: Any) -> None:
        numbers = {key: _number(value) for key, value in metric_dict.items()}
        self._write(hparams={key: str(value) for key, value in hparam_dict.items()}, metrics=numbers)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("add_"):
            raise NotHereError(
                f"SummaryWriter.{name}: only numbers and texts are logged here; matplotlib draws the rest."
            )
        raise AttributeError(f"'SummaryWriter' object has no attribute {name!r}", name=name, obj=self)


def _number(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
