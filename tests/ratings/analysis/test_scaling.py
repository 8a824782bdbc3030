"""Scales from tables of choices: over all images and on each, their intervals, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ratings.analysis import scaling
from ratings.analysis.arrays import Floats
from ratings.analysis.choices import Choices
from ratings.analysis.preference import fit_scale
from ratings.analysis.scaling import SCALE_COLUMNS, scale_choices, scale_frame, to_jod


def votes(image: str, counts: dict[str, Iterable[int]]) -> list[dict[str, str]]:
    """Votes of raters r0 … r7 on each pair "xy": x chosen by those of the numbers given, y by the others."""
    return [
        {
            "rater": f"r{rater}",
            "image": image,
            "method_a": pair[0],
            "method_b": pair[1],
            "choice": "a" if rater in winners else "b",
        }
        for pair, winners in ((pair, set(winners)) for pair, winners in counts.items())
        for rater in range(8)
    ]


def scaled(
    frame: pd.DataFrame, *, model: str = "bradley_terry", ci: str | None = None, seed: int = 0
) -> tuple[pd.DataFrame, str]:
    table, notes = scale_frame(frame, model=model, level=0.95, ci=ci, seed=seed)
    return table, " ".join(notes)


def of(table: pd.DataFrame, image: str, column: str) -> Floats:
    return table.loc[table["image"] == image, column].to_numpy(dtype=np.float64)


# On image i x beats y 6 : 2, on image j 4 : 4, on image k 8 : 0.
PAIR = pd.DataFrame(votes("i", {"xy": range(6)}) + votes("j", {"xy": range(2, 6)}))
WITH_K = pd.DataFrame([*PAIR.to_dict("records"), *votes("k", {"xy": range(8)})])
THREE = pd.DataFrame(
    votes("i", {"xy": [0, 1, 2, 3, 4, 5], "xz": [0, 1, 2, 5, 6], "zy": [1, 4, 7]})
    + votes("j", {"xy": [0, 2, 7], "xz": [1, 3, 4, 5, 6], "zy": [0, 1, 2, 3]})
)


def test_all_images_come_first_under_an_empty_name_then_each_with_its_own_scale() -> None:
    table, _ = scaled(PAIR)
    assert table.columns.tolist() == list(SCALE_COLUMNS)
    assert table["image"].tolist() == ["", "", "i", "i", "j", "j"]
    assert table["method"].tolist() == ["x", "y"] * 3
    assert table["wins"].tolist() == [10, 6, 6, 2, 4, 4]
    assert table["n"].tolist() == [16, 16, 8, 8, 8, 8]
    # Half the log odds: log(10 / 6) / 2, log(6 / 2) / 2, log(4 / 4) / 2.
    expected = [0.2554128, -0.2554128, 0.5493061, -0.5493061, 0, 0]
    np.testing.assert_allclose(table["score"], expected, atol=5e-8)


def test_a_scale_says_how_it_was_made() -> None:
    row = scale_frame(PAIR, model="thurstone", level=0.9, ci="model", seed=3)[0].iloc[0]
    assert (row["model"], row["ci"], row["level"], row["n_raters"]) == ("thurstone", "model", 0.9, 8)


def test_scores_do_not_depend_on_which_method_is_called_a_nor_on_the_order_of_the_rows() -> None:
    turned = THREE.rename(columns={"method_a": "method_b", "method_b": "method_a"}).assign(
        choice=THREE["choice"].map({"a": "b", "b": "a"})
    )
    shuffled = turned.sample(frac=1, random_state=1)
    # The bootstrap draws raters in their order of appearance, so the model's interval is compared.
    first, second = (
        scaled(frame, ci="model")[0].sort_values(["image", "method"]) for frame in (THREE, shuffled)
    )
    for column in ("wins", "n", "score", "ci_low", "ci_high"):
        np.testing.assert_allclose(first[column], second[column], atol=1e-12)


def test_a_tie_is_half_a_win_for_each_and_is_told() -> None:
    frame = PAIR.copy()
    frame.loc[frame["rater"].isin(["r0", "r7"]), "choice"] = "tie"
    table, notes = scaled(frame)
    # Image i: of r1 … r6 five chose x; with two ties 6 : 2.
    assert of(table, "i", "wins").tolist() == [6, 2]
    assert of(table, "i", "n").tolist() == [8, 8]
    assert "4 of 16 votes are ties; each counts as half a win for either method." in notes


def test_the_models_interval_is_the_normal_one_of_the_log_odds() -> None:
    table, notes = scaled(PAIR, ci="model")
    # Each score has half the error of the log odds: √(1/10 + 1/6) / 2 = 0.2581989; · 1.959964 = 0.5060605.
    np.testing.assert_allclose(of(table, "", "ci_high") - of(table, "", "score"), 0.5060605, atol=5e-8)
    np.testing.assert_allclose(of(table, "", "score") - of(table, "", "ci_low"), 0.5060605, atol=5e-8)
    assert "takes every vote" not in notes
    assert "intervals take every vote for independent; raters gave several each" in notes


def test_one_vote_a_rater_needs_no_warning_of_dependence() -> None:
    frame = pd.DataFrame(votes("i", {"xy": range(6)}))
    assert "independent" not in scaled(frame, ci="model")[1]


def test_raters_are_drawn_unless_there_is_one() -> None:
    assert set(scaled(PAIR)[0]["ci"]) == {"bootstrap"}
    alone = pd.DataFrame(
        {
            "rater": "r",
            "image": ["i", "j", "k"],
            "method_a": "x",
            "method_b": "y",
            "choice": ["a", "a", "b"],
        }
    )
    assert set(scaled(alone)[0]["ci"]) == {"model"}
    with pytest.raises(ValueError, match="ci 'bootstrap' draws raters, and all votes are by one"):
        scaled(alone, ci="bootstrap")


def test_drawing_raters_comes_to_the_t_interval_of_their_influences() -> None:
    # 40 raters who compare x and y on 5 images. To first order the log odds are moved by
    # (wins of a rater − 5 p) / (200 p q); their sum has the variance below, of which a score has a quarter.
    wins = np.random.default_rng(4).binomial(5, 0.7, size=40)
    frame = pd.DataFrame(
        [
            {
                "rater": rater,
                "image": f"i{image}",
                "method_a": "x",
                "method_b": "y",
                "choice": "a" if image < won else "b",
            }
            for rater, won in enumerate(wins.tolist())
            for image in range(5)
        ]
    )
    share = wins.sum() / 200
    influence = (wins - 5 * share) / (200 * share * (1 - share))
    error = np.sqrt((influence**2).sum() * 40 / 39) / 2
    table, _ = scaled(frame)
    width = (of(table, "", "ci_high") - of(table, "", "ci_low"))[0]
    # 2,000 replicates know the distance of two percentiles to some 3 %.
    assert width == pytest.approx(2 * stats.t.ppf(0.975, 39) * error, rel=0.06)


def test_drawing_raters_moves_scores_as_weighing_them_does_where_a_model_fits_badly() -> None:
    # Of ten images each; x beats y, y beats z, and z beats x.
    won = {"r": {"xy": 9, "yz": 9, "xz": 5}, "s": {"xy": 8, "yz": 10, "xz": 2}}
    wins = {rater: np.zeros((3, 3)) for rater in won}
    rows = []
    for rater, of_pairs in won.items():
        for (first, second), count in of_pairs.items():
            at = "xyz".index(first), "xyz".index(second)
            wins[rater][at], wins[rater][at[::-1]] = count, 10 - count
            for image in range(10):
                choice = "a" if image < count else "b"
                rows.append((rater, f"i{image}", first, second, choice))
    frame = pd.DataFrame(rows, columns=["rater", "image", "method_a", "method_b", "choice"])
    both = wins["r"] + wins["s"]
    # The influence of a rater: what a little more weight on their votes moves, solved anew.
    heavier, whole = (
        fit_scale(counts, model="thurstone").scores for counts in (both + 1e-6 * wins["r"], both)
    )
    influence = (heavier - whole) / 1e-6
    table, _ = scaled(frame, model="thurstone")
    half = (of(table, "", "ci_high") - of(table, "", "ci_low")) / 2
    # Of two raters one is drawn twice in half of the replicates, which moves the scores by twice the
    # influence up or down; widened by √2 t(0.975, 1) / z = √2 · 12.706205 / 1.959964.
    np.testing.assert_allclose(half, 2 * np.abs(influence) * 9.168149, rtol=1e-5)


@pytest.mark.parametrize("model", ["bradley_terry", "thurstone"])
def test_the_same_votes_on_four_images_bound_the_model_closer_but_not_the_raters(model: str) -> None:
    image = THREE[THREE["image"] == "i"]
    four = pd.concat([image.assign(image=name) for name in "pqrs"])
    by_raters = scaled(four, model=model, ci="bootstrap")[0]
    by_model = scaled(four, model=model, ci="model")[0]
    np.testing.assert_allclose(of(by_raters, "", "score"), of(by_raters, "q", "score"), atol=1e-12)
    np.testing.assert_allclose(of(by_raters, "", "ci_low"), of(by_raters, "q", "ci_low"), rtol=1e-5)
    width = of(by_model, "", "ci_high") - of(by_model, "", "ci_low")
    of_one = of(by_model, "q", "ci_high") - of(by_model, "q", "ci_low")
    np.testing.assert_allclose(width, of_one / 2, rtol=1e-9)


def test_an_interval_by_raters_is_drawn_from_its_seed() -> None:
    low = [of(scaled(THREE, seed=seed)[0], "", "ci_low") for seed in (1, 1, 2)]
    np.testing.assert_array_equal(low[0], low[1])
    assert (low[0] != low[2]).any()


def test_images_fitted_in_parts_and_drawn_in_blocks_give_the_same_scale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, _ = scaled(WITH_K)
    monkeypatch.setattr(scaling, "PART_METHODS", 2)
    pd.testing.assert_frame_equal(scaled(WITH_K)[0], whole)
    monkeypatch.setattr(scaling, "PART_PAIRS", 4)
    monkeypatch.setattr(scaling, "BLOCK_ENTRIES", 8000)
    pd.testing.assert_frame_equal(scaled(WITH_K)[0], whole)


def test_an_image_whose_votes_all_go_one_way_is_told_and_keeps_its_counts() -> None:
    table, notes = scaled(WITH_K)
    assert of(table, "k", "wins").tolist() == [8, 0]
    for column in ("score", "ci_low", "ci_high"):
        assert np.isnan(of(table, "k", column)).all()
    assert "Image 'k' has no scale: the methods fall into 2 parts, and every vote" in notes
    # The votes on k count over all images: log(18 / 6) / 2.
    assert of(table, "", "score")[0] == pytest.approx(0.5493061)


def test_many_images_without_a_scale_are_told_by_their_number() -> None:
    rows = [vote for number in range(6) for vote in votes(f"k{number}", {"xy": range(8)})]
    _, notes = scaled(pd.DataFrame([*PAIR.to_dict("records"), *rows]))
    assert notes.count("has no scale") == 3
    assert "3 more images have no scale for such reasons." in notes


def test_an_image_holds_the_methods_compared_on_it_alone() -> None:
    frame = pd.concat([THREE, PAIR.assign(image=PAIR["image"] + "2")])
    table, notes = scaled(frame)
    assert table.loc[table["image"] == "i2", "method"].tolist() == ["x", "y"]
    assert notes == ""
    assert of(table, "i2", "score").sum() == pytest.approx(0, abs=1e-12)


def test_an_image_with_one_rater_has_a_score_and_no_interval() -> None:
    circle = pd.DataFrame(
        {
            "rater": "r0",
            "image": "m",
            "method_a": ["x", "y", "z"],
            "method_b": ["y", "z", "x"],
            "choice": "a",
        }
    )
    table, notes = scaled(pd.concat([THREE, circle]))
    np.testing.assert_allclose(of(table, "m", "score"), 0, atol=1e-12)
    assert np.isnan(of(table, "m", "ci_low")).all()
    assert of(table, "m", "n_raters").tolist() == [1, 1, 1]
    assert not np.isnan(of(table, "i", "ci_low")).any()
    assert "Images with votes by one rater have no interval" in notes


def test_votes_that_make_no_scale_over_all_images_are_refused() -> None:
    with pytest.raises(
        ValueError, match="every vote between two of them chooses the one listed first: 'x'; 'y'"
    ):
        scaled(pd.DataFrame(votes("k", {"xy": range(8)})))


def test_sides_are_reported_and_a_lean_is_called_one() -> None:
    _, even = scaled(PAIR.assign(side_a=np.where(PAIR["choice"] == "a", ["left", "right"] * 8, "left")))
    assert "so raters lean to one side" not in even
    _, notes = scaled(PAIR.assign(side_a=np.where(PAIR["choice"] == "a", "left", "right")))
    # All 16 chose the left: Clopper & Pearson's lower limit is 0.025^(1/16) = 79.4 %.
    assert (
        "The left image was chosen in 100.0 % of 16 votes without a tie (95 % interval 79.4 to 100.0 %), so "
        "raters lean to one side."
    ) in notes
    assert "left" not in scaled(PAIR)[1]


def test_simulated_votes_enter_beside_real_ones_when_asked_for() -> None:
    frame = PAIR.assign(source=np.where(PAIR["rater"] == "r0", "simulated", "browser"))
    without, notes = scale_frame(frame, model="thurstone", level=0.95, seed=0)
    assert of(without, "", "n").tolist() == [14, 14]
    assert notes[0].startswith("2 votes by simulated raters were left out")
    asked, _ = scale_frame(frame, model="thurstone", level=0.95, seed=0, include_simulated=True)
    assert of(asked, "", "n").tolist() == [16, 16]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model": "elo"}, "model 'elo' is not available"),
        ({"level": 95}, "level 95 is not between 0 and 1"),
        ({"seed": -1}, "seed -1 is not a whole number of 0 or more"),
        ({"ci": "t"}, "ci 't' is not available; available: bootstrap, model"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], sentence: str) -> None:
    chosen = {"model": "thurstone", "level": 0.95, "seed": 0, "ci": None, **options}
    with pytest.raises(ValueError, match=sentence):
        scale_choices(Choices.from_frame(PAIR), **chosen)  # type: ignore[arg-type]


def test_one_jod_is_where_three_of_four_choose_the_better() -> None:
    # Φ⁻¹(0.75) = 0.6744898, and log(0.75 / 0.25) = 1.0986123.
    assert to_jod(np.array([0.6744898]), model="thurstone")[0] == pytest.approx(1)
    assert to_jod(np.array([1.0986123]), model="bradley_terry")[0] == pytest.approx(1)


def test_intervals_by_raters_cover_and_the_models_do_not_where_tastes_differ() -> None:
    rng = np.random.default_rng(1)
    studies, raters, images = 80, 15, 8
    first, second = np.triu_indices(4, 1)
    place = np.stack([axis.ravel() for axis in np.indices((raters, images, first.size))])
    held: dict[str, list[bool]] = {"bootstrap": [], "model": []}
    for _ in range(studies):
        # Every rater likes each method by an amount of their own; in the population all are alike.
        taste = rng.normal(0, 0.8, size=(raters, 4))
        chosen = rng.random(place.shape[1]) < 1 / (
            1 + np.exp(taste[place[0], second[place[2]]] - taste[place[0], first[place[2]]])
        )
        choices = Choices(
            raters=tuple(f"r{number}" for number in range(raters)),
            images=tuple(f"i{number}" for number in range(images)),
            methods=tuple("wxyz"),
            rater_of=place[0],
            image_of=np.zeros_like(place[1]),
            a_of=first[place[2]],
            b_of=second[place[2]],
            share=chosen.astype(np.float64),
            on_left=np.full(chosen.size, np.nan),
            simulated=np.zeros(chosen.size, dtype=bool),
        )
        for ci, covered in held.items():
            table, _ = scale_choices(choices, model="bradley_terry", level=0.95, seed=0, ci=ci)
            overall = table[table["image"] == ""]
            covered += ((overall["ci_low"] <= 0) & (overall["ci_high"] >= 0)).tolist()
    # 320 intervals, three of four in a study independent: a standard error of 1.4 %.
    assert 0.91 < np.mean(held["bootstrap"]) < 0.985
    assert np.mean(held["model"]) < 0.75
