"""Fetches a public set into a data folder: downloads its archives, unpacks them aside, and moves them in."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from distillation.fetching.answers import refuse_bad_address
from distillation.fetching.downloading import Patience, check_sum, download, partial_of
from distillation.fetching.sources import SETS, Archive, PublicSet
from distillation.fetching.unpacking import IMAGE_BEGINNINGS, Limits, unpack
from srstudy.errors import Failed, Refused
from srstudy.progress import Progress

DOWNLOADS = ".downloads"
LR_FOLDER = "LRx4"


def fetch(
    public_set: PublicSet,
    root: Path,
    *,
    urls: Sequence[str] = (),
    say: Callable[[str], object] = lambda sentence: None,
    patience: Patience | None = None,
    limits: Limits | None = None,
) -> Path:
    """The folder `root`/NAME with the set in it, fetched unless it is there.

    `urls` are other addresses of its archives, all or none, in the order of the set's.
    Raises: Refused if there is no address or it is a wrong one, or something else is in the set's place;
    Failed if the set cannot be had whole; nothing of it is in its place then, and what has been downloaded
    is kept for the next time.
    """
    addresses = _addresses(public_set, urls)
    folder = root / public_set.name
    if _is_there(public_set, folder):
        say(f"{public_set.name} is in {folder} already and was kept.")
        return folder
    downloads = root / DOWNLOADS
    downloads.mkdir(parents=True, exist_ok=True)
    with _alone(downloads):
        if _is_there(public_set, folder):  # by another who was at it until just now
            return folder
        say(f"{public_set.name}: {public_set.terms}; see {public_set.page}")
        for archive, address in zip(public_set.archives, addresses, strict=True):
            _download(archive, address, downloads, say, patience)
        try:
            _unpack(public_set, addresses, downloads, folder, limits)
        finally:
            for archive in public_set.archives:
                if archive.sha256 is None:  # nothing would say whether it is the right one next time
                    (downloads / archive.file).unlink(missing_ok=True)
        _tidy(public_set, root, say)
    return folder


def count_images(folder: Path) -> int:
    """How many images lie in a folder; 0 where there is none."""
    if not folder.is_dir():
        return 0
    return sum(file.suffix.lower() in IMAGE_BEGINNINGS for file in folder.iterdir())


def _addresses(public_set: PublicSet, urls: Sequence[str]) -> list[str]:
    if urls and len(urls) != len(public_set.archives):
        files = " and ".join(archive.file for archive in public_set.archives)
        raise Refused(
            f"{public_set.name} comes from {files}, so give --url {len(public_set.archives)} times, in this "
            f"order, and not {len(urls)} times."
        )
    addresses = []
    for number, archive in enumerate(public_set.archives):
        url = urls[number] if urls else archive.url
        if url is None:
            raise Refused(
                f"No address of {archive.file} can be relied on: its authors publish it at "
                f"{public_set.page}; give the address of an archive with --url, or unpack it yourself to "
                f"{public_set.name}/HR below the data folder."
            )
        refuse_bad_address(url)
        addresses.append(url)
    return addresses


def _is_there(public_set: PublicSet, folder: Path) -> bool:
    """Whether the set is in its place.

    Raises: Refused if something is there that is not the whole set.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    found = count_images(folder / "HR")
    if found != public_set.images:
        raise Refused(
            f"{folder} holds {found} images in HR where {public_set.name} has {public_set.images}: move it "
            "away to fetch the set."
        )
    return True


@contextmanager
def _alone(downloads: Path) -> Iterator[None]:
    """Keep a second fetch out of the same partial files.

    Raises: Failed if another is at work.
    """
    descriptor = os.open(downloads, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Failed(f"Another fetch_dataset is at work in {downloads}: wait until it ends.") from error
        try:
            yield
        finally:
            with suppress(OSError):  # it stays while something is in it
                downloads.rmdir()
    finally:
        os.close(descriptor)


def _download(
    archive: Archive,
    address: str,
    downloads: Path,
    say: Callable[[str], object],
    patience: Patience | None,
) -> None:
    target = downloads / archive.file
    if target.exists():
        check_sum(target, archive.sha256, str(target))
        say(f"{archive.file} is in {downloads} already and has the right sum.")
        return
    if partial_of(target).exists():
        say(f"{archive.file} is in {downloads} in part; going on from there if the server can.")
    progress = Progress(archive.file)
    download(
        address,
        target,
        sha256=archive.sha256,
        size_bytes=archive.size_bytes,
        cap_bytes=archive.cap_bytes,
        progress=progress,
        say=say,
        patience=patience,
    )
    progress.finish("its SHA-256 is the known one" if archive.sha256 else "no SHA-256 is known for it")


def _unpack(
    public_set: PublicSet, addresses: Sequence[str], downloads: Path, folder: Path, limits: Limits | None
) -> None:
    """Unpack beside the place, look that the set is whole, and move it in with one rename."""
    aside = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(aside, ignore_errors=True)  # of one that was killed
    aside.mkdir()
    try:
        for archive in public_set.archives:
            folders = {part: ends for part, ends in (("HR", archive.hr), (LR_FOLDER, archive.lr)) if ends}
            unpack(
                downloads / archive.file,
                folders,
                aside,
                most_images=public_set.images,
                progress=Progress(f"unpacking {archive.file}"),
                limits=limits,
            )
        _refuse_unlike(public_set, aside)
        sums = "".join(
            f"{address}\nSHA-256 {archive.sha256 or 'not known'}\n"
            for archive, address in zip(public_set.archives, addresses, strict=True)
        )
        text = f"{public_set.name}: {public_set.terms}\n{public_set.page}\n\nFetched from\n{sums}"
        (aside / "SOURCE.txt").write_text(text, encoding="utf-8")
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _refuse_unlike(public_set: PublicSet, aside: Path) -> None:
    """Raises: Failed unless there are as many images as the set has, and every one has its reduced one."""
    for part in ("HR", LR_FOLDER) if public_set.has_lr else ("HR",):
        found = count_images(aside / part)
        if found != public_set.images:
            raise Failed(
                f"What was fetched holds {found} images for {part}, and {public_set.name} has "
                f"{public_set.images}: it is another archive."
            )
    if public_set.has_lr:
        names = {file.stem for file in (aside / "HR").iterdir()}
        alone = sorted(names.symmetric_difference(file.stem for file in (aside / LR_FOLDER).iterdir()))
        if alone:
            raise Failed(f"What was fetched holds {alone[0]!r} in only one of HR and {LR_FOLDER}.")


def _tidy(public_set: PublicSet, root: Path, say: Callable[[str], object]) -> None:
    """Remove the archives, but for one that other sets come from which are not there yet."""
    for archive in public_set.archives:
        path = root / DOWNLOADS / archive.file
        others = [
            other.name
            for other in SETS
            if archive.file in {its.file for its in other.archives} and not (root / other.name).exists()
        ]
        if others:
            say(f"{path} was kept: {', '.join(others)} can be fetched from it; remove it if you want none.")
        else:
            path.unlink(missing_ok=True)
