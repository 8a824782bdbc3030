"""The cast of the tests: staff, a two-image study, a rater mid-session, a stranger."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image as Picture

from distillation.models import Image, Output
from distillation.queries import PROTOCOL
from ratings import invites
from ratings.models import Rater, Study
from ratings.services import sessions, studies

REPOSITORY = Path(__file__).resolve().parent.parent
METHODS = ("bicubic", "sharp", "soft")
SIDE_PX = 48


@pytest.fixture(autouse=True)
def _own_folders(settings, tmp_path):
    """No test writes into the working copy."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DATA_ROOT = tmp_path / "data"


def write_png(file: str, pixels: np.ndarray) -> str:
    """Write a PNG below MEDIA_ROOT; answers its SHA-256."""
    path = Path(django_settings.MEDIA_ROOT) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(pixels).save(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """A real password hash costs half a second by design, which no test is about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def make_outputs(db) -> Callable[..., list[Output]]:
    """Rows and files of so many images by these methods; the pixels are noise, the scores invented."""

    def make(images: int = 2, methods: tuple[str, ...] = METHODS, side_px: int = SIDE_PX) -> list[Output]:
        rng = np.random.default_rng(5)
        outputs = []
        for number in range(images):
            reference = rng.integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)
            file = f"images/set/image{number}.png"
            row = Image.objects.create(
                dataset="set",
                name=f"image{number}",
                file=file,
                sha256=write_png(file, reference),
                width=side_px,
                height=side_px,
            )
            for rank, method in enumerate(methods):
                # Duller pictures compress better, so that the sizes of the files differ.
                test = (reference // (rank + 2) * (rank + 2)).astype(np.uint8)
                file = f"outputs/{method}/set/image{number}.png"
                outputs.append(
                    Output.objects.create(
                        image=row,
                        method=method,
                        file=file,
                        sha256=write_png(file, test),
                        width=side_px,
                        height=side_px,
                        psnr_y=30.0 - rank,
                        ssim_y=0.9 - rank / 10,
                        psnr_rgb=29.0 - rank,
                        ssim_rgb=0.88 - rank / 10,
                        seconds=0.01,
                        gmsd=0.1,
                        psnr_wrapped=28.0,
                        lr_psnr=40.0,
                        high_frequency=0.5,
                        protocol=PROTOCOL,
                        code_version="test",
                    )
                )
        return outputs

    return make


@pytest.fixture
def study(make_outputs) -> Study:
    """A two-image study by three methods, open."""
    made = studies.create_study(slug="two", title="Two images", outputs=make_outputs(), seed=7)
    studies.open_study(made)
    return made


@pytest.fixture
def invite(study) -> str:
    """The path of the study's invite link."""
    return invites.invite_path(study)


def agreement(study: Study) -> dict[str, str]:
    """What the consent form sends, each time as if the page had been loaded anew."""
    return {"agree": "yes", "consent_version": study.consent_version, "nonce": sessions.new_nonce()}


@pytest.fixture
def rater_client(client: Client, study: Study, invite: str) -> Client:
    """The browser of somebody who has agreed and read the instructions."""
    client.post(invite, agreement(study))
    client.post(f"{invite}instructions")
    return client


@pytest.fixture
def rater(rater_client, study) -> Rater:
    """The person behind `rater_client`."""
    return study.raters.get(source=Rater.Source.BROWSER)


@pytest.fixture
def stranger() -> Client:
    """The browser of somebody who has not been here."""
    return Client()


@pytest.fixture
def staff_client(db) -> Client:
    """The browser of a researcher who has signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("researcher", password="a long enough one"))
    return client


@pytest.fixture
def join(study) -> Callable[[], sessions.Joined]:
    """Let another person join the study."""
    return lambda: sessions.join_study(
        study, consent_version=study.consent_version, nonce=sessions.new_nonce()
    )


def datasets_folder() -> Path | None:
    """Where the benchmark sets lie, if they do."""
    import os

    folder = Path(os.environ.get("SRSTUDY_DATASETS", REPOSITORY.parent / "shared" / "datasets"))
    return folder if folder.is_dir() else None
