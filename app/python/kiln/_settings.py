"""Keyword arguments as settings: Python's types to the text that the library's table checks.

What a setting may be, and what it says when a value is wrong, is the library's: see
kiln.settings().
"""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from typing import NamedTuple

from kiln import _kiln

#: What a run with a process of its own has besides, or what a method does here.
NOT_HERE = frozenset(
    {
        "workload", "quiet", "verbose", "lockdown", "ticket_limit", "stop_after",
        "metrics", "metrics_textfile",
    }
)
#: What follows from a router's data, or what its methods do.
NOT_OF_ROUTERS = NOT_HERE | {"games", "epoch_games", "resume", "on_corrupt", "no_pin"}


class Setting(NamedTuple):
    """A setting of a run."""

    name: str
    #: "whole", "real", "size", "switch", "text" or "epsilon".
    kind: str
    #: What it may be, in words.
    allowed: str
    default: str
    help: str
    #: Whether Trainer.configure() takes it.
    changeable: bool


def settings() -> dict[str, Setting]:
    """The settings that kiln.Trainer takes, by name, in the order of ``kiln train --help``."""
    return _settings_of("othello", NOT_HERE)


def router_settings() -> dict[str, Setting]:
    """The settings that kiln.router.Router takes, by name."""
    return _settings_of("router", NOT_OF_ROUTERS)


def _settings_of(workload: str, left_out: frozenset[str]) -> dict[str, Setting]:
    rows = [Setting(*row) for row in _kiln.settings(workload)]
    return {row.name: row for row in rows if row.name not in left_out}


def as_texts(
    values: Mapping[str, object], known: dict[str, Setting] | None = None
) -> list[tuple[str, str]]:
    """Name and text of every value that is not None. TypeError for what is of a wrong type.

    known: what there is; by default :func:`settings`.
    """
    known = settings() if known is None else known
    texts = []
    for name, value in values.items():
        if value is None:
            continue
        if name not in known:
            raise TypeError(f"there is no setting {name!r}; kiln.settings() lists those there are")
        texts.append((name, _text(known[name], value)))
    return texts


def _text(setting: Setting, value: object) -> str:
    if setting.kind == "whole":
        return _whole(setting, value)
    if setting.kind == "real":
        return _real(setting, value)
    if setting.kind == "switch":
        if isinstance(value, bool):
            return "true" if value else "false"
        raise _wrong_type(setting, value)
    if setting.kind == "epsilon":
        if isinstance(value, (list, tuple)):
            return ",".join(_real(setting, part) for part in value)
        return _real(setting, value)
    if setting.kind == "size" and not isinstance(value, str):
        return _whole(setting, value)
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    raise _wrong_type(setting, value)


def _whole(setting: Setting, value: object) -> str:
    if isinstance(value, bool):
        raise _wrong_type(setting, value)
    try:
        return str(operator.index(value))  # type: ignore[arg-type]
    except TypeError:
        raise _wrong_type(setting, value) from None


def _real(setting: Setting, value: object) -> str:
    if isinstance(value, (bool, str, bytes)):
        raise _wrong_type(setting, value)
    try:
        return repr(float(value))  # type: ignore[arg-type]
    except TypeError:
        raise _wrong_type(setting, value) from None


def _wrong_type(setting: Setting, value: object) -> TypeError:
    return TypeError(
        f"{setting.name}: {value!r} is of type {type(value).__name__}; "
        f"it takes {setting.allowed}"
    )
