"""Public sets from archives that may be traps, to data folders that are whole or not there."""

import errno
import fcntl
import hashlib
import io
import os
import stat
import tarfile
from dataclasses import replace

import pytest

from distillation.fetching import sets, sources, unpacking
from distillation.fetching.downloading import Patience
from distillation.fetching.sources import Archive, PublicSet
from distillation.fetching.unpacking import Limits
from srstudy.errors import Failed, Refused
from tests.distillation.download_site import serving, tarred, zipped

PNG = b"\x89PNG\r\n\x1a\n"
QUICK = Patience(timeout_s=1.0, tries=2, pause_s=0.0)
IMAGES = {
    "b/S/HR/a.png": PNG + b"1",
    "b/S/HR/b.png": PNG + b"2",
    "b/S/LR_bicubic/X4/ax4.png": PNG + b"3",
    "b/S/LR_bicubic/X4/bx4.png": PNG + b"4",
}
BESIDE = {
    "b/S/LR_bicubic/X2/ax2.png": PNG,
    "b/OtherS/HR/z.png": PNG,
    "b/S/readme.txt": b"",
    "b/S/HR/._a.png": b"",
    "b/S/HR/Thumbs.db": b"",
}
LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE)


def public_set(*, images: int = 2, data: bytes | None = None, name: str = "S", lr: bool = True) -> PublicSet:
    """A set of one archive, its sum known where `data` is given."""
    archive = Archive(
        file="s.tgz",
        url=None,
        sha256=data and hashlib.sha256(data).hexdigest(),
        size_bytes=data and len(data),
        hr=("S/HR",),
        lr=("S/LR_bicubic/X4",) if lr else (),
    )
    return PublicSet(name=name, images=images, archives=(archive,), terms="for tests", page="nowhere")


@pytest.fixture
def site(monkeypatch):
    """A site on this machine; no proxy of the surroundings comes between."""
    monkeypatch.setenv("NO_PROXY", "*")
    with serving() as here:
        yield here


@pytest.fixture
def fetch(site, tmp_path):
    """Fetch a set whose archive the site holds; answers what lies in the data folder then."""

    def run(data: bytes, wanted: PublicSet | None = None, limits: Limits | None = None) -> dict[str, bytes]:
        site.files["/s"] = data
        root = tmp_path / "data"
        urls = [f"{site.root}/s"]
        sets.fetch(wanted or public_set(), root, urls=urls, patience=QUICK, limits=limits)
        return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()}

    return run


def left(tmp_path) -> list[str]:
    """What lies in the data folder, but for the downloads."""
    return sorted(path.name for path in (tmp_path / "data").iterdir() if path.name != sets.DOWNLOADS)


@pytest.mark.parametrize(
    "data",
    [tarred(IMAGES | BESIDE), tarred(IMAGES | BESIDE, "w"), zipped(IMAGES | BESIDE)],
    ids=["tgz", "tar", "zip"],
)
def test_the_images_become_a_data_folder_whose_names_pair_up(fetch, data):
    found = fetch(data)
    assert b"for tests" in found.pop("S/SOURCE.txt")
    assert found == {
        "S/HR/a.png": PNG + b"1",
        "S/HR/b.png": PNG + b"2",
        "S/LRx4/a.png": PNG + b"3",
        "S/LRx4/b.png": PNG + b"4",
    }


@pytest.mark.parametrize(
    "name", ["../a.png", "b/../../a.png", "/etc/a.png", "b\\..\\..\\a.png", "C:\\a.png", "/"]
)
@pytest.mark.parametrize("pack", [tarred, zipped])
def test_names_that_climb_out_are_refused(fetch, tmp_path, pack, name):
    with pytest.raises(Failed, match="a place outside itself"):
        fetch(pack(IMAGES | {name: PNG}))
    assert left(tmp_path) == []
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("kind", LINKS)
def test_links_and_devices_in_a_tar_are_refused(fetch, tmp_path, kind):
    odd = tarfile.TarInfo("b/S/HR/c.png")
    odd.type, odd.linkname = kind, "/etc/passwd"
    with pytest.raises(Failed, match=r"'b/S/HR/c.png', which is a link or a device"):
        fetch(tarred(IMAGES, odd=odd))
    assert left(tmp_path) == []


def test_links_in_a_zip_are_refused(fetch):
    link = {"b/S/HR/c.png": b"/etc/passwd"}
    with pytest.raises(Failed, match="a link or a device"):
        fetch(zipped(IMAGES | link, **{"b/S/HR/c.png": stat.S_IFLNK | 0o777}))


def test_encrypted_images_are_refused(fetch):
    data = bytearray(zipped(IMAGES))
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag of the first entry in the directory
    with pytest.raises(Failed, match="encrypted"):
        fetch(bytes(data))


@pytest.mark.parametrize("pack", [tarred, zipped])
def test_an_image_that_is_too_large_is_not_written(fetch, tmp_path, pack):
    bomb = {"b/S/HR/a.png": PNG + bytes(1_000_000)}
    with pytest.raises(Failed, match=r"'b/S/HR/a.png', which is larger than 10.0 kB"):
        fetch(pack(IMAGES | bomb), limits=Limits(image_bytes=10_000))
    assert left(tmp_path) == []


def test_a_zip_that_declares_less_than_it_holds_is_refused(fetch, tmp_path):
    image = PNG + bytes(1_000_000)
    data = zipped(IMAGES | {"b/S/HR/a.png": image})
    size = len(image).to_bytes(4, "little")
    with pytest.raises(Failed, match="damaged"):
        fetch(data.replace(size, (1000).to_bytes(4, "little")))
    assert left(tmp_path) == []


def test_a_stream_that_goes_on_is_cut_at_what_was_declared(tmp_path):
    entry = unpacking._Entry("a.png", 10, False, None, lambda: io.BytesIO(PNG + bytes(100)))
    with pytest.raises(Failed, match="larger than 10 bytes"):
        unpacking._write(entry, tmp_path / "a.png")


def test_a_tar_whose_other_entries_are_a_bomb_is_not_read_through(fetch):
    with pytest.raises(Failed, match=r"unpacks to more than 10.0 kB"):
        fetch(tarred({"b/big.txt": bytes(1_000_000)} | IMAGES), limits=Limits(stream_bytes=10_000))


def test_a_tar_whose_header_is_a_bomb_is_not_read(fetch):
    with pytest.raises(Failed, match=r"a header of \d+ bytes"):
        fetch(tarred({"b/" + "n" * 100_000: b""}), limits=Limits(header_bytes=50_000))


def test_entries_without_end_are_refused(fetch):
    with pytest.raises(Failed, match="more than 8 entries"):
        fetch(tarred(IMAGES | BESIDE), limits=Limits(entries=8))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("pack", [tarred, zipped])
def test_a_truncated_archive_is_one_sentence(fetch, tmp_path, pack, share):
    data = pack({name: content + os.urandom(5000) for name, content in IMAGES.items()})
    with pytest.raises(Failed, match=r"s.tgz was not unpacked: .*damaged"):
        fetch(data[: int(share * len(data))])
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "data", [b"<html>not here</html>", b"", b"PK", b"\x1f\x8b", b"\x1f\x8b" + bytes(600)]
)
def test_what_is_no_archive_is_one_sentence(fetch, data):
    with pytest.raises(Failed, match="was not unpacked"):
        fetch(data)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"b/S/HR/a.png": b"<html>"}, "'b/S/HR/a.png', which is no image of its kind"),
        ({"b/S/HR/a.png": b""}, "ends in the middle of 'b/S/HR/a.png', or it is empty"),
        ({"b/S/HR/c.png": PNG}, "more than the 2 images that HR has"),
        ({"b/S/HR/a.jpg": PNG}, "two images 'a' for HR"),
        ({"b/S/HR/\x07.png": PNG}, "which is no name for a file"),
    ],
)
def test_images_that_cannot_be_are_refused(fetch, tmp_path, files, sentence):
    with pytest.raises(Failed, match=sentence):
        fetch(tarred(IMAGES | files))
    assert left(tmp_path) == []


def test_an_archive_without_all_images_is_another(fetch):
    del (fewer := dict(IMAGES))["b/S/LR_bicubic/X4/bx4.png"]
    with pytest.raises(Failed, match="holds 1 images for LRx4, and S has 2"):
        fetch(tarred(fewer))
    with pytest.raises(Failed, match="'b' in only one of HR and LRx4"):
        fetch(tarred(fewer | {"b/S/LR_bicubic/X4/cx4.png": PNG}))


def test_originals_and_reduced_images_may_come_in_two_archives(site, tmp_path):
    wanted = sources.find("div2k-valid")
    hr = zipped({f"DIV2K_valid_HR/{number:04}.png": PNG + b"1" for number in range(801, 901)})
    lr = zipped({f"DIV2K_valid_LR_bicubic/X4/{number:04}x4.png": PNG for number in range(801, 901)})
    site.files = {"/hr": hr, "/lr": lr}
    unsummed = tuple(replace(archive, sha256=None, size_bytes=None) for archive in wanted.archives)
    wanted = replace(wanted, archives=unsummed)
    folder = sets.fetch(wanted, tmp_path, urls=[f"{site.root}/hr", f"{site.root}/lr"], patience=QUICK)
    names = {part: {path.name for path in (folder / part).iterdir()} for part in ("HR", "LRx4")}
    assert names["HR"] == names["LRx4"] == {f"{number:04}.png" for number in range(801, 901)}


def test_a_set_that_is_there_is_kept(fetch, site):
    fetch(tarred(IMAGES))
    asked = len(site.asked)
    assert fetch(b"")["S/HR/a.png"] == PNG + b"1"
    assert len(site.asked) == asked


def test_something_else_in_the_place_is_left_alone(fetch, tmp_path):
    (tmp_path / "data" / "S").mkdir(parents=True)
    (tmp_path / "data" / "S" / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="holds 0 images in HR where S has 2: move it away"):
        fetch(tarred(IMAGES))
    assert (tmp_path / "data" / "S" / "mine.txt").read_text() == "mine"


def test_a_full_disk_leaves_nothing_half_written_and_no_second_download(fetch, site, tmp_path, monkeypatch):
    def full(entry, target):
        target.write_bytes(PNG)
        raise OSError(errno.ENOSPC, "No space left on device")

    data = tarred(IMAGES)
    with monkeypatch.context() as patch:
        patch.setattr(unpacking, "_write", full)
        with pytest.raises(OSError, match="No space left"):
            fetch(data, public_set(data=data))
    assert left(tmp_path) == []
    assert "S/HR/a.png" in fetch(data, public_set(data=data))
    assert len(site.asked) == 1


def test_what_a_killed_fetch_left_aside_goes(fetch, tmp_path):
    (tmp_path / "data" / ".S.unpacking" / "HR").mkdir(parents=True)
    fetch(tarred(IMAGES))
    assert left(tmp_path) == ["S"]


def test_an_archive_stays_until_every_set_in_it_is_there(fetch, site, monkeypatch):
    data = tarred(IMAGES)
    first, second = public_set(data=data), public_set(data=data, name="T", lr=False)
    monkeypatch.setattr(sets, "SETS", (first, second))
    assert ".downloads/s.tgz" in fetch(data, first)
    assert ".downloads/s.tgz" not in fetch(data, second)
    assert len(site.asked) == 1


def test_an_archive_damaged_since_it_came_is_removed(fetch, tmp_path):
    (tmp_path / "data" / ".downloads").mkdir(parents=True)
    (tmp_path / "data" / ".downloads" / "s.tgz").write_bytes(b"damaged")
    data = tarred(IMAGES)
    with pytest.raises(Failed, match=r"s.tgz has the SHA-256"):
        fetch(data, public_set(data=data))
    assert "S/HR/a.png" in fetch(data, public_set(data=data))


def test_two_fetches_at_once_are_refused(fetch, tmp_path):
    (tmp_path / "data" / ".downloads").mkdir(parents=True)
    descriptor = os.open(tmp_path / "data" / ".downloads", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(Failed, match="Another fetch_dataset is at work"):
            fetch(tarred(IMAGES))
    finally:
        os.close(descriptor)
