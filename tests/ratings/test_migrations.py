"""A database from before invites were rows goes on: the same link, the same raters, the same playlists."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

BEFORE = [("ratings", "0002_imported_ratings")]
AFTER = [("ratings", "0005_invites_are_rows")]


def migrate(targets: list[tuple[str, str]]):
    """Bring the tables of the second half to a state; answers its models."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    loader = MigrationExecutor(connection).loader
    others = [node for node in loader.graph.leaf_nodes() if node[0] != "ratings"]
    return loader.project_state([*others, *targets]).apps


@pytest.fixture
def old_apps(transactional_db):
    """The models as they were; the tables are brought back to today's afterwards."""
    yield migrate(BEFORE)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_an_older_study_keeps_its_link_its_raters_and_their_trials(old_apps):
    study = old_apps.get_model("ratings", "Study").objects.create(
        slug="old", title="Old", seed=1, consent_text="c", instructions="i", invite_nonce="n", invite_hash="h"
    )
    people = old_apps.get_model("ratings", "Rater").objects
    now = timezone.now()
    person = people.create(
        study=study, source="browser", number=3, pseudonym="R0003", token_hash="t", consented_at=now
    )
    people.create(study=study, source="import", number=1, pseudonym="lab-1")
    output = make_output(old_apps)
    stimulus = old_apps.get_model("ratings", "Stimulus").objects.create(
        study=study, image="set/a", method="bicubic", output=output, reference_file="r", reference_sha256="1",
        test_file="t", test_sha256="2", width=8, height=8, psnr=30, ssim=0.9,
    )  # fmt: skip
    session = old_apps.get_model("ratings", "Session").objects.create(rater=person)
    for position in (1, 2):
        trial = old_apps.get_model("ratings", "Trial").objects.create(
            session=session, position=position, stimulus=stimulus, reference_side="left",
            token=f"a{position}", left_token=f"b{position}", right_token=f"c{position}",
        )  # fmt: skip
    old_apps.get_model("ratings", "Rating").objects.create(
        trial=trial, reference_score=80, test_score=60, rated_at=now
    )

    apps = migrate(AFTER)

    invite = apps.get_model("ratings", "Invite").objects.get()
    assert (invite.study_id, invite.nonce, invite.token_hash) == (study.pk, "n", "h")
    raters = apps.get_model("ratings", "Rater").objects.order_by("pk")
    assert list(raters.values_list("slot", "invite")) == [(2, invite.pk), (None, None)]
    assert apps.get_model("ratings", "Session").objects.get().length == 2
    rating = apps.get_model("ratings", "Rating").objects.get()
    assert (rating.reference_score, rating.test_score, rating.score, rating.choice) == (80, 60, None, "")
    assert set(apps.get_model("ratings", "Trial").objects.values_list("shown", "side_a")) == {("test", "")}

    apps = migrate(BEFORE)
    back = apps.get_model("ratings", "Study").objects.get()
    assert (back.invite_nonce, back.invite_hash) == ("n", "h")


def make_output(apps):
    """An output for the stimulus to be of."""
    image = apps.get_model("distillation", "Image").objects.create(
        dataset="set", name="a", file="a.png", sha256="1" * 64, width=8, height=8
    )
    return apps.get_model("distillation", "Output").objects.create(
        image=image, method="bicubic", file="b.png", sha256="2" * 64, width=8, height=8, psnr_y=30,
        ssim_y=0.9, psnr_rgb=29, ssim_rgb=0.8, seconds=0.1,
        gmsd=0.1, psnr_wrapped=28, lr_psnr=40, high_frequency=0.5,
        protocol="p", code_version="c",
    )  # fmt: skip
