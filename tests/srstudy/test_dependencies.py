"""What the project installs: nothing that fails to import beside this torch comes in by a side door."""

from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY

# torchvision installs and then fails to import beside this torch, and so does what imports it.
UNWANTED = {"torchvision", "timm", "lpips", "lightning", "pytorch-lightning", "piq", "torchaudio"}


def named_in(file: str) -> list[Requirement]:
    """The requirements of a file, those of the files that it names included."""
    found = []
    for line in (REPOSITORY / file).read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found += named_in(text.removeprefix("-r ").strip())
        elif text:
            found.append(Requirement(text))
    return found


def closure(requirements: list[Requirement]) -> dict[str, str]:
    """Every package that these bring in, installed here, with the version that is installed."""
    waiting = [(requirement.name, frozenset(requirement.extras)) for requirement in requirements]
    seen, versions = set(), {}
    while waiting:
        name, extras = waiting.pop()
        name = canonicalize_name(name)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        package = metadata.distribution(name)
        versions[name] = package.version
        for text in package.requires or ():
            needed = Requirement(text)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            ):
                waiting.append((needed.name, frozenset(needed.extras)))
    return versions


def test_torchvision_and_what_needs_it_are_nowhere_in_what_is_installed_for_us():
    brought = closure(named_in("requirements-dev.txt"))
    assert {"torch", "onnxruntime", "pytest", "filelock"} <= brought.keys()  # the last by torch alone
    assert not UNWANTED & brought.keys()


def test_every_requirement_is_pinned_and_installed_as_pinned():
    for requirement in named_in("requirements-dev.txt"):
        installed = metadata.version(requirement.name)
        [pin] = requirement.specifier
        assert pin.operator == "=="
        assert installed.partition("+")[0] == pin.version, requirement.name
