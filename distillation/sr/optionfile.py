"""Options from a profile, a TOML file, and KEY=VALUE on the command line; and back into TOML."""

import dataclasses
import difflib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from distillation.sr import config
from distillation.sr.config import Options
from distillation.sr.vgg import file_sha256

DEFAULT_PROFILE = "demo"
_OTHER_FORMATS = {".yaml": "YAML", ".yml": "YAML", ".json": "JSON"}


def resolve(
    *,
    profile: str | None = None,
    file: Path | None = None,
    assignments: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    steps: int | None = None,
) -> Options:
    """The options of a profile, changed by a file, then by assignments, then by flags that are not None.

    `assignments` are KEY=VALUE with dotted keys, the last of a key counts; `flags` are options by name.
    `steps` scales every phase at the end. A VGG file gets its SHA-256, or is refused for another one.
    Raises: ValueError in one sentence for a file that cannot be read, a key that is unknown, a value of
    the wrong type or an impossible one, and for what contradicts.
    """
    written = {} if file is None else read_file(file)
    values = flattened(config.to_dict(config.profile(_base(profile, written.pop("profile", None), file))))
    values |= _checked(written, where=str(file))
    values |= _checked(_assigned(assignments), where="--set")
    values |= {name: value for name, value in (flags or {}).items() if value is not None}
    values |= _vgg_weights(str(values["vgg_file"]), str(values["vgg_sha256"]))
    options = config.from_dict(_nested(values))
    return options if steps is None else config.with_steps(options, steps)


def read_file(file: Path) -> dict[str, Any]:
    """The options that a TOML file sets, by dotted path, unchecked.

    Raises: ValueError if the file cannot be read, is no UTF-8 or no TOML, naming the line.
    """
    other = _OTHER_FORMATS.get(file.suffix.lower())
    if other:
        raise ValueError(
            f"{file} is {other}: options are read from TOML, such as `distill --show-options` prints."
        )
    try:
        payload = file.read_bytes()
    except OSError as error:
        raise ValueError(f"The options in {file} cannot be read: {error.strerror}.") from error
    try:
        # With utf-8-sig, since some editors put a byte order mark first.
        return flattened(tomllib.loads(payload.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        line = payload[: error.start].count(b"\n") + 1
        raise ValueError(f"{file} is not UTF-8 in line {line}: save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        end = f"in line {payload.rstrip().count(10) + 1}, where the document ends"
        told = str(error).replace("at end of document", end)
        raise ValueError(f"{file} is not TOML: {told}.") from error


def to_toml(options: Options) -> str:
    """The options as TOML, every one of them; `resolve(file=...)` makes the same options of it."""
    values = config.to_dict(options)
    tables = {name: value for name, value in values.items() if isinstance(value, dict)}
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if name not in tables]
    for table, entries in tables.items():
        lines += ["", f"[{table}]", *(f"{name} = {_toml(value)}" for name, value in entries.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        # JSON's escapes are TOML's too, but JSON leaves DEL as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value) if isinstance(value, bool) else repr(value)


def _base(asked: str | None, named: Any, file: Path | None) -> str:
    """The profile that everything else changes."""
    if named is None:
        return asked or DEFAULT_PROFILE
    if not isinstance(named, str):
        raise ValueError(f"{file}: profile is text, not {named!r}.")
    if asked is not None and asked != named:
        raise ValueError(
            f"--profile {asked} contradicts {file}, which is written for profile {named!r}: leave one out."
        )
    return named


def _assigned(assignments: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE texts as values by dotted path; a value that is no TOML is the text that it is."""
    found = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"--set takes KEY=VALUE, such as student.blocks=5, not {assignment!r}.")
        if key.strip() == "profile":
            raise ValueError("--set cannot change the profile: name it with --profile or in the file.")
        found[key.strip()] = _value(text.strip())
    return found


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    # A line break in the text could begin another key.
    return parsed["value"] if parsed.keys() == {"value"} else text


def _kinds(part: type = Options, prefix: str = "") -> dict[str, Any]:
    """Every option by its dotted path, with its type."""
    found: dict[str, Any] = {}
    for name, kind in get_type_hints(part).items():
        is_part = isinstance(kind, type) and dataclasses.is_dataclass(kind)
        found |= _kinds(kind, f"{prefix}{name}.") if is_part else {prefix + name: kind}
    return found


def _checked(changes: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """The changes, each a known option of the right type."""
    kinds = _kinds()
    for path in changes:
        if path not in kinds:
            raise ValueError(f"{where}: {_unknown(path, list(kinds))}")
    return {path: _typed(path, value, kinds[path], where) for path, value in changes.items()}


def _unknown(path: str, known: Sequence[str]) -> str:
    inside = [name for name in known if name.startswith(f"{path}.")]
    if inside:
        return f"{path} is a table: set {inside[0]} and what else it holds, one by one."
    if "." not in path:
        # A name that a table holds is more likely meant than one that is spelt alike elsewhere.
        inside = [name for name in known if name.rpartition(".")[2] == path]
    nearest = inside or difflib.get_close_matches(path, known, n=1, cutoff=0.0)
    return f"there is no option {path}; the nearest is {nearest[0]}."


def _typed(path: str, value: Any, kind: Any, where: str) -> Any:
    """The value, if it is of the option's type: a whole number will do for a float, and nothing else."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return _finite(path, value, where)
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        if value in choices and isinstance(value, str):
            return value
        wanted = f"one of {', '.join(choices)}"
    else:
        if type(value) is kind:
            return _finite(path, value, where) if kind is float else value
        wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[kind]
    raise ValueError(f"{where}: {path} is {wanted}, not {_shown(value)}.")


def _finite(path: str, value: float, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{where}: {path} is a finite number, not {_shown(value)}.")
    return number


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _vgg_weights(file: str, sha256: str) -> dict[str, str]:
    """The VGG file by its full path and the hash of what it holds now."""
    if not file:
        if sha256:
            raise ValueError("vgg_sha256 is set, and no file of VGG weights: name it with --vgg-weights.")
        return {}
    path = Path(file).expanduser().absolute()
    found = file_sha256(path)
    if sha256 not in ("", found):
        raise ValueError(
            f"The VGG weights in {path} have SHA-256 {found[:12]}…, and vgg_sha256 says {sha256[:12]}…: "
            "give that file, or leave vgg_sha256 out."
        )
    return {"vgg_file": str(path), "vgg_sha256": found}


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values of nested tables by dotted path."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        found |= flattened(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `flattened`, for names with one dot at most."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        table, dot, name = path.rpartition(".")
        (tree.setdefault(table, {}) if dot else tree)[name] = value
    return tree
