"""Each methodology: what it shows, what it asks, and what one answer means."""

import json
from collections import Counter
from itertools import product

import pytest
from django.db import IntegrityError, transaction

from ratings import methodologies
from ratings.analysis.options import AnalysisOptions
from ratings.asked import AskedTrial
from ratings.methodologies import METHODOLOGIES
from ratings.models import Rating, Study, Trial
from ratings.results import results_of
from ratings.services import playlists, ratings, sessions, showing, studies
from ratings.services.simulation import simulate_raters
from srstudy.errors import Refused

ANSWERS = {
    "dscqs": {"left_score": 10.5, "right_score": 90},
    "dsis": {"score": 4},
    "acr_hr": {"score": 2},
    "pc": {"choice": "left"},
}


@pytest.fixture
def make_study(make_outputs):
    """An open study of two images by three methods, judged in one of the ways."""

    def make(methodology: str, **options: object) -> Study:
        made = studies.create_study(
            slug=methodology,
            title=methodology,
            outputs=make_outputs(),
            seed=3,
            methodology=methodology,
            options=options,
        )
        studies.open_study(made)
        return made

    return make


def trials_of(study: Study) -> list[Trial]:
    """The trials of somebody who has just joined."""
    joined = sessions.join_study(study, consent_version=study.consent_version, nonce=sessions.new_nonce())
    trials = joined.rater.sessions.get().trials.select_related("stimulus", "other", "session__rater__study")
    return list(trials.order_by("position"))


def files_of(trial: Trial) -> list[str]:
    """The names of what a trial shows, in the order of the page."""
    return [picture.file for picture in trial.session.rater.study.asks.shown_pictures(trial)]


def answer(trial: Trial, given: dict[str, object]) -> Rating:
    """Answer a trial as the page does."""
    showing.mark_shown([trial])
    trial.refresh_from_db()
    return ratings.record_rating(trial=AskedTrial.of(trial), answer=ratings.Answer(given))[0]


@pytest.mark.parametrize(
    ("methodology", "trials", "pictures"),
    # Two images by three methods: 6 stimuli; with 2 hidden references; 3 pairs of methods an image.
    [("dscqs", 6, 2), ("dsis", 6, 2), ("acr_hr", 8, 1), ("pc", 6, 2)],
)
def test_every_methodology_shows_each_of_its_trials_once(make_study, methodology, trials, pictures):
    shown = trials_of(make_study(methodology))
    assert len(shown) == trials
    assert {len(files_of(trial)) for trial in shown} == {pictures}
    assert len({tuple(sorted(files_of(trial))) for trial in shown}) == trials


def test_dscqs_shows_the_reference_on_its_side(make_study):
    for trial in trials_of(make_study("dscqs")):
        pair = [trial.stimulus.reference_file, trial.stimulus.test_file]
        assert files_of(trial) == (pair if trial.reference_side == "left" else pair[::-1])


def test_dsis_shows_the_reference_first_always(make_study):
    for trial in trials_of(make_study("dsis")):
        assert files_of(trial) == [trial.stimulus.reference_file, trial.stimulus.test_file]
        assert trial.reference_side == "left"


def test_acr_hr_hides_each_images_reference_once_among_the_others(make_study):
    trials = trials_of(make_study("acr_hr"))
    hidden = [trial for trial in trials if trial.shown == "reference"]
    assert sorted(trial.stimulus.image for trial in hidden) == ["set/image0", "set/image1"]
    assert {trial.kind for trial in trials} == {"test"}
    for trial in trials:
        file = trial.stimulus.reference_file if trial in hidden else trial.stimulus.test_file
        assert files_of(trial) == [file]


def test_paired_comparison_shows_every_two_methods_of_an_image(make_study):
    trials = trials_of(make_study("pc"))
    pairs = Counter((trial.stimulus.image, trial.stimulus.method, trial.other.method) for trial in trials)
    assert pairs == {
        (image, a, b): 1
        for image in ("set/image0", "set/image1")
        for a, b in (("bicubic", "sharp"), ("bicubic", "soft"), ("sharp", "soft"))
    }
    for trial in trials:
        pair = [trial.stimulus.test_file, trial.other.test_file]
        assert files_of(trial) == (pair if trial.side_a == "left" else pair[::-1])
    assert Counter(trial.side_a for trial in trials) == {"left": 3, "right": 3}


@pytest.mark.parametrize("methodology", ["dscqs", "dsis", "acr_hr", "pc"])
def test_the_reference_and_a_degraded_image_stand_in_a_trap(make_study, methodology):
    options = {"degraded_traps": 1} | ({"reference_traps": 1} if methodology in ("dscqs", "dsis") else {})
    traps = {
        trial.shown: trial for trial in trials_of(make_study(methodology, **options)) if trial.kind == "trap"
    }
    degraded = traps["degraded"]
    expected = {degraded.stimulus.reference_file, degraded.stimulus.degraded_file}
    assert set(files_of(degraded)) == (
        expected if methodology != "acr_hr" else {degraded.stimulus.degraded_file}
    )
    if "reference" in traps:
        assert files_of(traps["reference"]) == [traps["reference"].stimulus.reference_file] * 2


def test_dscqs_scores_land_on_the_picture_of_that_side(make_study):
    for trial in trials_of(make_study("dscqs"))[:4]:
        stored = answer(trial, {"left_score": 10.5, "right_score": 90})
        on_left = stored.reference_score if trial.reference_side == "left" else stored.test_score
        assert (on_left, {stored.reference_score, stored.test_score}) == (10.5, {10.5, 90})


@pytest.mark.parametrize("methodology", ["dsis", "acr_hr"])
def test_a_category_is_stored_as_the_score(make_study, methodology):
    stored = answer(trials_of(make_study(methodology))[0], {"score": 4})
    assert (stored.score, stored.reference_score, stored.difference, stored.choice) == (4, None, None, "")


def test_the_side_chosen_is_stored_as_the_method_chosen(make_study):
    for trial in trials_of(make_study("pc"))[:4]:
        stored = answer(trial, {"choice": "left"})
        assert stored.choice == ("a" if trial.side_a == "left" else "b")


def test_both_the_same_is_a_tie_where_ties_are_allowed(make_study):
    assert answer(trials_of(make_study("pc", ties=True))[0], {"choice": "same"}).choice == "tie"


@pytest.mark.parametrize(
    ("methodology", "given"),
    [
        ("dscqs", {"left_score": 100.1, "right_score": 1}),
        ("dscqs", {"left_score": float("nan"), "right_score": 1}),
        ("dsis", {"score": 0}),
        ("dsis", {"score": 6}),
        ("acr_hr", {"score": 2.5}),
        ("pc", {"choice": "same"}),
        ("pc", {"choice": "a"}),
    ],
)
def test_an_answer_that_is_none_is_refused(make_study, methodology, given):
    with pytest.raises(Refused):
        answer(trials_of(make_study(methodology))[0], given)
    assert not Rating.objects.exists()


@pytest.fixture
def rater_of(client):
    """The browser of somebody who has agreed, and the link."""
    from ratings import invites
    from tests.conftest import agreement

    def join(study: Study):
        link = invites.invite_path(study)
        client.post(link, agreement(study))
        client.post(f"{link}instructions")
        return client, link

    return join


@pytest.mark.parametrize("methodology", list(METHODOLOGIES))
def test_a_whole_session_goes_from_the_link_to_the_code(make_study, rater_of, methodology):
    client, link = rater_of(make_study(methodology))
    rated = 0
    while trials := client.get(f"{link}upcoming").json()["trials"]:
        assert len(trials[0]["pictures"]) == METHODOLOGIES[methodology].pictures
        for picture in trials[0]["pictures"]:
            assert client.get(picture["src"])["Content-Type"] == "image/png"
        body = json.dumps(ANSWERS[methodology] | {"duration_ms": 900})
        address = f"{link}trials/{trials[0]['token']}/answer"
        assert client.post(address, body, content_type="application/json").status_code == 201
        rated += 1
    assert rated == Trial.objects.count() == Rating.objects.count()
    assert b"completion-code" in client.get(f"{link}done").content


@pytest.mark.parametrize(
    ("methodology", "other"),
    [
        (one, other)
        for one, other in product(ANSWERS, ANSWERS)
        if ANSWERS[one].keys() != ANSWERS[other].keys()
    ],
)
def test_the_answer_of_another_methodology_is_refused(make_study, rater_of, methodology, other):
    client, link = rater_of(make_study(methodology))
    token = client.get(f"{link}upcoming").json()["trials"][0]["token"]
    body = json.dumps(ANSWERS[other] | {"duration_ms": 900})
    response = client.post(f"{link}trials/{token}/answer", body, content_type="application/json")
    assert response.status_code == 400


def test_the_database_itself_refuses_a_rating_of_two_kinds_and_of_none(make_study):
    from django.utils import timezone

    trial = trials_of(make_study("dscqs"))[0]
    for fields in ({}, {"score": 3, "choice": "a"}, {"score": 3, "reference_score": 1, "test_score": 2}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Rating.objects.create(trial=trial, rated_at=timezone.now(), **fields)


def test_the_kinds_of_trial_come_as_the_options_say(make_study):
    options = {"training": 2, "dummies": 1, "repeats": 2, "reference_traps": 1, "degraded_traps": 1}
    trials = trials_of(make_study("dscqs", **options))
    kinds = [trial.kind for trial in trials]
    assert Counter(kinds) == {"training": 2, "dummy": 1, "test": 6, "repeat": 2, "trap": 2}
    assert kinds[:3] == ["training", "training", "dummy"]
    for trial in trials:
        if trial.kind == "repeat":
            first = trials[trial.repeat_of - 1]
            assert (first.kind, first.stimulus_id) == ("test", trial.stimulus_id)
            assert first.position < trial.position


def test_training_spans_the_range_of_quality(make_study):
    # PSNR is 30, 29 and 28 dB for bicubic, sharp and soft.
    trials = trials_of(make_study("dscqs", training=3))
    assert [trial.stimulus.psnr for trial in trials[:3]] == [28, 29, 30]
    images = [trial.stimulus.image for trial in trials[:3]]
    assert images[0] != images[1] != images[2]


def test_in_a_partial_design_each_rater_sees_so_many_and_all_are_seen_alike(make_study):
    study = make_study("dscqs", stimuli_per_rater=4)
    for raters in range(1, 6):
        assert len(trials_of(study)) == 4
        seen = Counter(Trial.objects.values_list("stimulus", flat=True))
        counts = [seen[key] for key in study.stimuli.values_list("pk", flat=True)]
        assert sum(counts) == 4 * raters
        assert max(counts) - min(counts) <= 1


def test_in_a_partial_design_of_acr_hr_the_reference_of_every_image_rated_comes_along(make_study):
    study = make_study("acr_hr", stimuli_per_rater=2)
    for _ in range(6):
        trials = trials_of(study)
        rated = [trial.stimulus.image for trial in trials if trial.shown == "test"]
        hidden = [trial.stimulus.image for trial in trials if trial.shown == "reference"]
        assert len(rated) == 2
        assert sorted(hidden) == sorted(set(rated))
    seen = Counter(Trial.objects.filter(shown="test").values_list("stimulus", flat=True))
    assert set(seen.values()) == {2}  # six raters of two, on six stimuli


def test_a_session_says_which_rules_made_its_list_and_that_none_gave_way(make_study):
    session = trials_of(make_study("dscqs"))[0].session
    assert (session.playlist_version, session.relaxed) == (3, False)


def test_a_session_says_when_a_rule_had_to_give_way(make_study, monkeypatch):
    study = make_study("dscqs")
    real = playlists.playlist.make_playlist

    def never_strict(*arguments, relax, **keywords):
        if not relax:
            raise ValueError("no order was found")
        return real(*arguments, relax=True, **keywords)

    monkeypatch.setattr(playlists.playlist, "make_playlist", never_strict)
    assert trials_of(study)[0].session.relaxed


class Stars(methodologies.AcrHr):
    """A fifth way of asking, as somebody might add it: pictures alone, without hidden references."""

    key = "stars"
    label = "Stars"
    asked = "one to five stars"
    instructions = "Give each picture one to five stars."
    analysed_as = "acr"
    template = "ratings/methodologies/acr_hr.html"  # its own would stand beside it

    def entries(self, stimuli):
        """The stimuli alone."""
        return methodologies.Methodology.entries(self, stimuli)


def test_a_fifth_methodology_is_one_class_with_a_template(make_study, rater_of, monkeypatch, staff_client):
    monkeypatch.setitem(METHODOLOGIES, "stars", Stars())
    study = make_study("stars")
    client, link = rater_of(study)
    assert b"How good is the picture?" in client.get(f"{link}trial").content
    given = {"bicubic": 5, "sharp": 3, "soft": 1}
    while trials := client.get(f"{link}upcoming").json()["trials"]:
        method = Trial.objects.get(token=trials[0]["token"]).stimulus.method
        address = f"{link}trials/{trials[0]['token']}/answer"
        client.post(address, json.dumps({"score": given[method]}), content_type="application/json")
    assert "Give each picture one to five stars." in study.instructions
    simulate_raters(study, raters=3, seed=1)
    methods = results_of(study, AnalysisOptions()).tables.methods.set_index("method")
    # The ratings of people alone count where there are some: each method's mean is what the one rater gave.
    assert dict(methods["dmos"]) == given
    assert b"Stars: one to five stars" in staff_client.get("/studies/stars/").content
