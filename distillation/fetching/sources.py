"""The public data sets that can be fetched: addresses, sums, terms, and what lies where in the archives."""

from dataclasses import dataclass

from srstudy.errors import Refused

UNKNOWN_SIZE_CAP_BYTES = 500 * 1000**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One file to download. `hr` and `lr` name the folders of its images by the end of their path.

    `url` is None where no address can be relied on, `sha256` and `size_bytes` where none is known;
    the folder "" means every folder.
    """

    file: str
    url: str | None
    sha256: str | None
    size_bytes: int | None
    hr: tuple[str, ...] = ()
    lr: tuple[str, ...] = ()

    @property
    def cap_bytes(self) -> int:
        """The most that is downloaded."""
        return self.size_bytes or UNKNOWN_SIZE_CAP_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """A data set of `images` images; `page` is where its authors publish it."""

    name: str
    images: int
    archives: tuple[Archive, ...]
    terms: str
    page: str

    @property
    def has_lr(self) -> bool:
        """Whether the archives hold the images reduced to a quarter, and not the originals alone."""
        return any(archive.lr for archive in self.archives)


BSDS_TERMS = "for non-commercial research and education; cite Martin et al., ICCV 2001"
DIV2K_TERMS = (
    "for academic research only; its images come from the internet and belong to their owners; "
    "cite Agustsson and Timofte, CVPRW 2017"
)
NO_LICENCE = "no licence is named; used in research for comparison, not to be passed on"


def _edsr(folder: str) -> tuple[Archive, ...]:
    """The sets as the authors of EDSR (Lim et al., CVPRW 2017) publish them, reduced by MATLAB's bicubic.

    Address: the README of their program. Sum and size: as recorded by people who fetched it.
    """
    return (
        Archive(
            file="benchmark.tar",
            url="https://cv.snu.ac.kr/research/EDSR/benchmark.tar",
            sha256="80c21c333bbf6ceb5308b7243761f8284478274413a97b96f1d63e9045fd93e8",
            size_bytes=250_112_000,
            hr=(f"{folder}/HR",),
            lr=(f"{folder}/LR_bicubic/X4",),
        ),
    )


def _div2k(split: str, hr: tuple[str, int], lr: tuple[str, int]) -> tuple[Archive, ...]:
    """A part of DIV2K; `hr` and `lr` are (SHA-256, size in bytes).

    Address: its authors' page. Sums and sizes: the table of TensorFlow Datasets.
    """
    base = f"https://data.vision.ee.ethz.ch/cvl/DIV2K/DIV2K_{split}"
    return (
        Archive(
            file=f"DIV2K_{split}_HR.zip",
            url=f"{base}_HR.zip",
            sha256=hr[0],
            size_bytes=hr[1],
            hr=(f"DIV2K_{split}_HR",),
        ),
        Archive(
            file=f"DIV2K_{split}_LR_bicubic_X4.zip",
            url=f"{base}_LR_bicubic_X4.zip",
            sha256=lr[0],
            size_bytes=lr[1],
            lr=(f"DIV2K_{split}_LR_bicubic/X4",),
        ),
    )


def _bsds(*splits: str) -> tuple[Archive, ...]:
    """Parts of the Berkeley Segmentation Data Set; the 100 images of `val` are those of BSD100.

    Address: its authors' page. Sum and size: as recorded by several people who fetched it.
    """
    return (
        Archive(
            file="BSR_bsds500.tgz",
            url="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz",
            sha256="97e49d31764f3912f0c4122707d53062ac9e783ba0f095e447a4d53c1a41af8e",
            size_bytes=70_763_455,
            hr=tuple(f"BSDS500/data/images/{split}" for split in splits),
        ),
    )


DIV2K_PAGE = "https://data.vision.ee.ethz.ch/cvl/DIV2K/"
BSDS_PAGE = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html"
SETS = (
    PublicSet(
        name="Set5",
        images=5,
        archives=_edsr("Set5"),
        terms=f"{NO_LICENCE}; cite Bevilacqua et al., BMVC 2012",
        page="http://people.rennes.inria.fr/Aline.Roumy/results/SR_BMVC12.html",
    ),
    PublicSet(
        name="Set14",
        images=14,
        archives=_edsr("Set14"),
        terms=f"{NO_LICENCE}; cite Zeyde et al., Curves and Surfaces 2010",
        page="https://sites.google.com/site/romanzeyde/research-interests",
    ),
    PublicSet(
        name="Urban100",
        images=100,
        archives=_edsr("Urban100"),
        terms=f"{NO_LICENCE}; cite Huang et al., CVPR 2015",
        page="https://github.com/jbhuang0604/SelfExSR",
    ),
    PublicSet(
        name="BSD100",
        images=100,
        archives=_edsr("B100"),
        terms=BSDS_TERMS,
        page="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/",
    ),
    PublicSet(name="BSDS400", images=400, archives=_bsds("train", "test"), terms=BSDS_TERMS, page=BSDS_PAGE),
    PublicSet(
        name="BSDS500", images=500, archives=_bsds("train", "val", "test"), terms=BSDS_TERMS, page=BSDS_PAGE
    ),
    PublicSet(
        name="DIV2K",
        images=800,
        archives=_div2k(
            "train",
            ("9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335", 3_530_603_713),
            ("f006b837f4eb52b82909aa01478e6d6d199eefce932179491d0c9dbb706dde3a", 246_914_039),
        ),
        terms=DIV2K_TERMS,
        page=DIV2K_PAGE,
    ),
    PublicSet(
        name="DIV2K-valid",
        images=100,
        archives=_div2k(
            "valid",
            ("20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc", 448_993_893),
            ("a50a5d1c4b88de4e8d300d8fb2b904c52fe93b2b298a4899697760d7cbb6d553", 31_505_881),
        ),
        terms=DIV2K_TERMS,
        page=DIV2K_PAGE,
    ),
    PublicSet(
        name="General100",
        images=100,
        # Its authors link to a file drive that asks for a browser, so there is no address to rely on.
        archives=(Archive(file="General100", url=None, sha256=None, size_bytes=None, hr=("",)),),
        terms=f"{NO_LICENCE}; cite Dong et al., ECCV 2016",
        page="http://mmlab.ie.cuhk.edu.hk/projects/FSRCNN.html",
    ),
)


def find(name: str) -> PublicSet:
    """The public set of this name, in capitals or not.

    Raises: Refused, naming those there are.
    """
    for public_set in SETS:
        if public_set.name.casefold() == name.casefold():
            return public_set
    known = ", ".join(public_set.name for public_set in SETS)
    raise Refused(f"There is no public data set {name!r} to fetch: choose one of {known}.")
