"""Ratings collected elsewhere, in a study."""

import io

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from ratings.models import Rater, Rating, Study, Trial
from ratings.results import choices_frame, ratings_frame
from ratings.services import studies
from ratings.services.imports import import_ratings
from ratings.services.simulation import simulate_raters
from srstudy.errors import Refused

NO_TIME = "Ratings without a time of their own have the time of this import."


def table(*rows: dict[str, object]) -> pd.DataFrame:
    """Rows of a file, a good one with the changes named; line 1 is the heading."""
    good = {
        "rater": "ann",
        "image": "set/image0",
        "method": "sharp",
        "reference_score": 80.0,
        "test_score": 61.5,
    }
    frame = pd.DataFrame([good | row for row in rows])
    frame.index = pd.RangeIndex(2, 2 + len(frame))
    return frame


def differences(*values: float) -> pd.DataFrame:
    """Rows of one rater that give differences alone."""
    stimuli = [("set/image0", "sharp"), ("set/image0", "soft"), ("set/image1", "sharp")]
    rows = [
        {"rater": "ann", "image": image, "method": method, "difference": value}
        for (image, method), value in zip(stimuli, values, strict=False)
    ]
    return pd.DataFrame(rows, index=pd.RangeIndex(2, 2 + len(rows)))


def test_an_imported_rating_is_one_of_the_study(study: Study):
    stored = import_ratings(study, table({}), file="votes.csv")
    assert (stored.raters, stored.ratings, stored.notes) == (("ann",), 1, (NO_TIME,))
    rating = Rating.objects.get()
    assert (rating.reference_score, rating.test_score, rating.difference) == (80.0, 61.5, 18.5)
    assert (rating.trial.stimulus.image, rating.trial.stimulus.method) == ("set/image0", "sharp")
    rater = study.raters.get()
    assert (rater.pseudonym, rater.source) == ("ann", Rater.Source.IMPORT)
    assert rating.trial.session.finished_at is not None


def test_a_difference_alone_is_kept_as_it_is(study: Study):
    import_ratings(study, differences(-12.5, 3.0), file="votes.csv")
    frame = ratings_frame(study)
    assert frame["difference"].tolist() == [-12.5, 3.0]
    assert frame["reference_score"].isna().all()


def test_what_the_file_says_of_a_trial_is_kept(study: Study):
    row = {
        "kind": "repeat", "position": 7, "repeat_of": 2, "duration_ms": 1234, "sitting": 2,
        "reference_side": "right", "rated_at": "2026-03-01T10:00:00+00:00",
    }  # fmt: skip
    import_ratings(study, table({"kind": "test", "position": 2}, row), file="votes.csv")
    told = ratings_frame(study).iloc[1]
    assert told[["kind", "position", "repeat_of", "duration_ms", "sitting", "reference_side"]].tolist() == [
        "repeat", 7, 2, 1234, 2, "right",
    ]  # fmt: skip
    assert told["rated_at"] == "2026-03-01T10:00:00.000+00:00"


def test_a_second_session_is_a_session_of_its_own(study: Study):
    rows = [{"session": "monday"}, {"session": "tuesday", "method": "soft"}]
    import_ratings(study, table(*rows), file="votes.csv")
    assert ratings_frame(study)["session"].tolist() == [1, 2]


def test_simulated_ratings_stay_marked(study: Study):
    import_ratings(study, table({"source": "simulated"}), file="votes.csv")
    assert study.raters.get().source == Rater.Source.SIMULATED


def test_training_on_other_images_is_left_out_and_counted(study: Study):
    rows = [{"kind": "test"}, {"kind": "training", "image": "other"}, {"kind": "trap", "method": "grey"}]
    stored = import_ratings(study, table(*rows), file="votes.csv")
    assert stored.ratings == 1
    assert stored.notes == (
        "1 rows of kind 'training' are on stimuli that the study does not show, and were left out.",
        "1 rows of kind 'trap' are on stimuli that the study does not show, and were left out.",
        NO_TIME,
    )


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"method": "sharpp"}, "line 3: study two does not show image 'set/image0' by method 'sharpp'"),
        ({"kind": "tset"}, "votes.csv, line 3: the kind 'tset' is not one of training, dummy, test"),
        ({"method": "soft", "test_score": 101}, "votes.csv, line 3: test_score 101 is off the scale"),
        ({"kind": "repeat", "test_score": 101}, "votes.csv, line 3: test_score 101 is off the scale"),
        ({}, "votes.csv, line 3: rater 'ann' votes a second time"),
        ({"method": "soft", "position": 1}, "votes.csv, line 3: rater 'ann' has the position 1 twice"),
        ({"method": "soft", "position": 1.5}, "votes.csv, line 3: position 1.5 is not a whole number"),
        ({"method": "soft", "duration_ms": -1}, "votes.csv, line 3: duration_ms -1 is not a whole number"),
        ({"method": "soft", "reference_side": "top"}, "votes.csv, line 3: reference_side 'top' is neither"),
        ({"method": "soft", "rated_at": "noon"}, "votes.csv, line 3: rated_at 'noon' is not a time"),
        ({"rater": "b" * 65, "method": "soft"}, "votes.csv, line 3: the rater 'bbb"),
        ({"method": "soft", "source": "simulated"}, "line 2: the rater 'ann' is simulated in some"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_nothing_is_stored(study: Study, row, sentence):
    columns = {name: None for name in row if name not in ("method", "test_score", "rater")}
    first = {"position": 1} if "position" in row else columns | ({"kind": "test"} if "kind" in row else {})
    frame = table(first, row).astype(object)
    with pytest.raises(Refused) as refused:
        import_ratings(study, frame.where(frame.notna(), None), file="votes.csv")
    assert sentence in str(refused.value)
    assert not Rater.objects.exists()


def test_the_same_file_twice_is_refused(study: Study):
    import_ratings(study, table({}), file="votes.csv")
    with pytest.raises(Refused, match="Study two has a rater 'ann' already"):
        import_ratings(study, table({}), file="votes.csv")
    assert Rating.objects.count() == 1


def test_a_closed_study_takes_no_import(study: Study):
    studies.close_study(study)
    with pytest.raises(Refused, match="Study two is closed"):
        import_ratings(study, table({}), file="votes.csv")
    assert not Rater.objects.exists()


def test_an_export_of_one_study_can_be_imported_by_another(study: Study, tmp_path):
    simulate_raters(study, raters=3, seed=1)
    silence = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("export_dmos", "two", "--no-figures", "--out", str(tmp_path), **silence)
    outputs = [stimulus.output for stimulus in study.stimuli.select_related("output")]
    other = studies.create_study(slug="other", title="Other", outputs=outputs, seed=3)
    studies.open_study(other)
    printed = io.StringIO()
    call_command(
        "import_ratings", "other", str(tmp_path / "ratings.csv"), stdout=printed, stderr=io.StringIO()
    )
    assert printed.getvalue() == "In other: 18 ratings by 3 raters.\n"
    pd.testing.assert_frame_equal(
        ratings_frame(study).drop(columns=["device_pixel_ratio", "window_width", "window_height"]),
        ratings_frame(other).drop(columns=["device_pixel_ratio", "window_width", "window_height"]),
    )


def test_the_command_refuses_in_one_sentence(study: Study, tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("rater,image,method,score\na,set/image0,sharp,4\n")
    with pytest.raises(CommandError, match="'dscqs' needs the columns 'reference_score'") as refused:
        call_command("import_ratings", "two", str(path))
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="There is no study 'three'"):
        call_command("import_ratings", "three", str(path))


def test_an_imported_name_does_not_lock_the_next_person_out(study: Study, join):
    import_ratings(study, table({"rater": "R0001"}, {"rater": "SIM0001"}), file="votes.csv")
    assert join().rater.pseudonym == "R0002"
    assert simulate_raters(study, raters=1, seed=1)[0].pseudonym == "SIM0002"


def test_a_session_begins_before_it_ends(study: Study):
    rows = [
        {"rated_at": "2026-03-01T10:05:00+00:00"},
        {"rated_at": "2026-03-01T10:00:00+00:00", "method": "soft"},
    ]
    import_ratings(study, table(*rows), file="votes.csv")
    session = study.raters.get().sessions.get()
    assert session.started_at < session.finished_at


def test_a_rater_of_whom_nothing_can_be_kept_is_not_counted(study: Study):
    rows = [{"kind": "test"}, {"kind": "training", "image": "other", "rater": "bob"}]
    stored = import_ratings(study, table(*rows), file="votes.csv")
    assert stored.raters == ("ann",)
    assert study.raters.count() == 1


def test_a_time_beyond_all_time_is_refused(study: Study):
    with pytest.raises(Refused, match="is not a time of ISO 8601"):
        import_ratings(study, table({"rated_at": "0001-01-01T00:00:00+14:00"}), file="votes.csv")


def test_positions_are_given_for_all_trials_of_a_session_or_for_none(study: Study):
    frame = table({"position": 2.0}, {"method": "soft"})
    with pytest.raises(Refused, match="line 3: position is empty, and other trials of the session have one"):
        import_ratings(study, frame, file="votes.csv")


@pytest.fixture
def judged_by(make_outputs):
    """An open study of two images by three methods, judged in another way, without ties."""

    def make(methodology: str, **options: object) -> Study:
        made = studies.create_study(
            slug=methodology, title="t", outputs=make_outputs(), seed=3, methodology=methodology,
            options=options,
        )  # fmt: skip
        studies.open_study(made)
        return made

    return make


def lines(*rows: dict[str, object]) -> pd.DataFrame:
    """Rows as a file has them, whose first line is the heading."""
    frame = pd.DataFrame(list(rows)).astype(object)
    frame.index = pd.RangeIndex(2, 2 + len(frame))
    return frame.where(frame.notna(), None)


def scored(**changes: object) -> dict[str, object]:
    return {"rater": "ann", "image": "set/image0", "method": "sharp", "score": 4.0} | changes


def compared(**changes: object) -> dict[str, object]:
    given = {"rater": "ann", "image": "set/image0", "method_a": "soft", "method_b": "sharp", "choice": "b"}
    return given | changes


def test_a_score_is_a_score_and_a_hidden_reference_is_one(judged_by):
    study = judged_by("acr_hr")
    import_ratings(study, lines(scored(), scored(method="reference", score=5.0)), file="votes.csv")
    assert ratings_frame(study)[["method", "score", "kind"]].to_numpy().tolist() == [
        ["sharp", 4.0, "test"],
        ["reference", 5.0, "test"],
    ]
    assert list(Trial.objects.order_by("position").values_list("shown", flat=True)) == ["test", "reference"]


def test_a_trap_keeps_what_it_showed(judged_by):
    study = judged_by("dsis")
    rows = [scored(kind="test"), *(scored(kind="trap", method=name) for name in ("reference", "degraded"))]
    import_ratings(study, lines(*rows), file="votes.csv")
    assert ratings_frame(study)["method"].tolist() == ["sharp", "reference", "degraded"]


def test_a_choice_is_stored_as_it_stands_whichever_method_is_called_a(judged_by):
    study = judged_by("pc", ties=True)
    rows = [
        compared(side_a="right", kind="test"),
        compared(method_a="bicubic", method_b="soft", choice="tie", kind="test"),
        compared(method_a="reference", method_b="degraded", choice="a", kind="trap"),
        compared(method_a="reference", method_b="reference", choice="tie", kind="trap"),
        compared(method_a="grey", method_b="reference", choice="b", kind="trap"),
    ]
    stored = import_ratings(study, lines(*rows), file="votes.csv")
    columns = ["method_a", "method_b", "choice", "side_a", "kind"]
    assert choices_frame(study)[columns].to_numpy().tolist() == [
        ["soft", "sharp", "b", "right", "test"],
        ["bicubic", "soft", "tie", "", "test"],
        ["reference", "degraded", "a", "", "trap"],
        ["reference", "reference", "tie", "", "trap"],
    ]
    assert stored.notes[0].startswith("1 rows of kind 'trap' are on stimuli that the study does not show")


@pytest.mark.parametrize(
    ("methodology", "row", "sentence"),
    [
        ("dsis", scored(score=6.0), "line 3: score 6 is off the scale, which runs from 1 to 5"),
        ("dsis", scored(score=3.5), "line 3: score 3.5 is none of the categories 1 to 5"),
        ("dsis", scored(score=0.0, kind="repeat"), "line 3: score 0 is off the scale"),
        ("dsis", scored(score=None), "line 3: no score is given"),
        ("dsis", scored(method="reference"), "line 3: study dsis does not show image 'set/image0' by method"),
        ("acr_hr", scored(method="degraded"), "line 3: study acr_hr does not show image 'set/image0' by"),
        (
            "acr_hr",
            scored(image="set/image9", method="reference"),
            "line 3: study acr_hr does not show",
        ),
        ("acr_hr", scored(method="reference"), "line 3: rater 'ann' votes a second time"),
        ("pc", compared(choice="left"), "line 3: choice 'left' is not a, b or tie"),
        ("pc", compared(choice="tie"), "line 3: choice 'tie' is none of study pc, whose option ties is off"),
        ("pc", compared(choice="x", kind="repeat"), "line 3: choice 'x' is not a, b or tie"),
        ("pc", compared(method_b="soft"), "line 3: method_a and method_b are both 'soft'"),
        (
            "pc",
            compared(method_b="soft", kind="repeat"),
            "line 3: study pc does not compare 'soft'",
        ),
        ("pc", compared(method_b="grey"), "line 3: study pc does not compare 'soft' with 'grey' on image"),
        (
            "pc",
            compared(image="set/image9"),
            "line 3: study pc does not compare 'soft'",
        ),
        ("pc", compared(side_a="top"), "line 3: side_a 'top' is not left or right"),
        ("pc", compared(kind="tset"), "line 3: the kind 'tset' is not one of"),
        ("pc", compared(rater=None), "line 3: the column 'rater' is empty"),
        (
            "pc",
            compared(method_a="sharp", method_b="soft"),
            "line 3: rater 'ann' compares 'sharp'",
        ),
    ],
)
def test_a_row_that_does_not_fit_its_methodology_is_refused(judged_by, methodology, row, sentence):
    good = {"pc": compared(), "dsis": scored(method="soft")}.get(methodology, scored(method="reference"))
    if sentence.startswith("line 3: rater 'ann' compares"):
        good = compared(method_a="soft", method_b="sharp")
    elif methodology == "pc":
        good = compared(method_a="bicubic", method_b="sharp")
    good |= {name: "" for name in ("side_a",) if name in row} | ({"kind": "test"} if "kind" in row else {})
    with pytest.raises(Refused) as refused:
        import_ratings(judged_by(methodology), lines(good, row), file="votes.csv")
    assert f"votes.csv, {sentence}" in str(refused.value)
    assert not Rater.objects.exists()


@pytest.mark.parametrize(
    ("methodology", "row"), [("dsis", scored(image="image1")), ("pc", compared(image="image1"))]
)
def test_an_image_without_its_data_set_is_told_its_name_in_the_study(judged_by, methodology, row):
    with pytest.raises(Refused, match=r"image 'image1'.* \(is 'set/image1' meant\?\); it shows set/image0"):
        import_ratings(judged_by(methodology), lines(row), file="votes.csv")


@pytest.mark.parametrize(
    "image",
    [
        "age1",  # a part of the name and no name
        "image9",
        "set/image1",  # the image is right, and the method is not
    ],
)
def test_no_other_name_is_told_an_image(judged_by, image):
    with pytest.raises(Refused, match="does not show") as refused:
        import_ratings(judged_by("dsis"), lines(scored(image=image, method="other")), file="votes.csv")
    assert "meant" not in str(refused.value)


def test_a_file_of_another_methodology_is_refused(judged_by, tmp_path):
    judged_by("pc")
    path = tmp_path / "votes.csv"
    path.write_text("rater,image,method,score\na,set/image0,sharp,4\n")
    with pytest.raises(CommandError, match="method_a") as refused:
        call_command("import_ratings", "pc", str(path))
    assert refused.value.returncode == 2


def test_the_times_of_choices_are_taken(judged_by, tmp_path):
    study = judged_by("pc")
    path = tmp_path / "votes.csv"
    path.write_text(
        "rater,image,method_a,method_b,choice,rated_at,duration_ms\n"
        "a,set/image0,sharp,soft,a,2026-03-01T10:00:00+00:00,900\n"
    )
    call_command("import_ratings", "pc", str(path), stdout=io.StringIO(), stderr=io.StringIO())
    told = choices_frame(study).iloc[0]
    assert (told["rated_at"], told["duration_ms"]) == ("2026-03-01T10:00:00.000+00:00", 900)
