"""The paper's Table 2, and its claim held against numbers."""

import pytest

from ratings import paper
from ratings.paper import CLAIMED_BEST, Measure, Verdict, claim_sentence, paper_values, ranked, verdict

PSNR = Measure("psnr_y", "PSNR-Y", 3, "high")
GMSD = Measure("gmsd", "GMSD", 4, "low")
LABELS = {method: method.upper() for method in (*paper.METHODS, "bicubic")}


def students(*values: float | None) -> dict[str, float | None]:
    """Values of student, gan2gan, gan2g, gan2g_al and g2g_al."""
    return dict(zip(paper.STUDENTS, values, strict=True))


def test_the_table_is_the_papers():
    # Table 2, first and last cells and those of G2G+AL on Urban100.
    assert paper_values("Set5", "psnr")["teacher"] == 29.0393
    assert paper_values("General100", "ssim")["g2g_al"] == 0.8181
    assert paper_values("Urban100", "psnr")["g2g_al"] == 28.9421
    assert all(len(paper_values(name, "ssim")) == 6 for name in paper.SETS)


def test_the_claim_holds_when_the_claimed_leads_and_all_beat_none():
    assert verdict("Set5", students(1, 2, 3, 4, 5), PSNR).holds
    assert verdict("Set5", students(0.5, 0.4, 0.3, 0.2, 0.1), GMSD).holds


def test_the_teacher_and_bicubic_have_no_part_in_the_claim():
    values = students(1, 2, 3, 4, 5) | {"teacher": 0.0, "bicubic": 99.0}
    assert verdict("Set5", values, PSNR).holds


def test_another_leader_breaks_the_claim_and_is_named():
    found = verdict("Set5", students(1, 6, 3, 4, 5), PSNR)
    assert (found.holds, found.best, found.not_better) == (False, ("gan2gan",), ())


def test_a_transfer_below_none_breaks_the_claim_and_is_named():
    found = verdict("Set5", students(2, 1, 3, 4, 5), PSNR)
    assert (found.holds, found.best, found.not_better) == (False, (CLAIMED_BEST,), ("gan2gan",))


def test_what_prints_alike_is_a_tie_and_a_tie_is_no_lead():
    found = verdict("Set5", students(2.0001, 2.0002, 3, 5.0002, 5.0001), PSNR)
    assert found.best == ("gan2g_al", "g2g_al")
    assert found.not_better == ("gan2gan",)


def test_without_a_student_nothing_is_said():
    found = verdict("Set5", students(1, None, 3, 4, 5), PSNR)
    assert (found.holds, found.unknown) == (False, ("gan2gan",))


def test_methods_are_ranked_best_first_with_ties_together():
    values = {"a": 1.0, "b": 3.0, "c": 3.0001, "d": None}
    assert ranked(values, PSNR) == [("b", "c"), ("a",)]
    assert ranked(values, GMSD) == [("a",), ("b",), ("c",)]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([Verdict("Set5", best=(CLAIMED_BEST,))], "PSNR-Y: holds on 1 of 1 set."),
        (
            [Verdict("Set5", best=(CLAIMED_BEST,)), Verdict("Set14", best=("gan2g",))],
            "PSNR-Y: holds on 1 of 2 sets; on Set14 GAN2G leads.",
        ),
        (
            [Verdict("Set5", best=("gan2g", "g2g_al"), not_better=("gan2gan",))],
            "PSNR-Y: holds on 0 of 1 set; on Set5 GAN2G and G2G_AL lead together, and GAN2GAN is no better "
            "than no transfer.",
        ),
        (
            [Verdict("Set5", unknown=("student", "gan2g"))],
            "PSNR-Y: nothing can be said without STUDENT and GAN2G.",
        ),
        (
            [Verdict("Set5", unknown=("student",)), Verdict("Set14", best=(CLAIMED_BEST,))],
            "PSNR-Y: holds on 1 of 1 set.",
        ),
    ],
)
def test_the_claim_is_put_into_words(verdicts, sentence):
    assert claim_sentence(PSNR, verdicts, LABELS) == sentence


def test_in_the_papers_own_figures_the_claim_holds_for_psnr_and_not_always_for_ssim():
    # Read off the table: SSIM of G2G+AL ties with Student on Set14 and is below GAN2G+AL on Urban100.
    psnr, ssim = paper.PAPER_MEASURES
    held = {
        measure.field: [
            name for name in paper.SETS if verdict(name, paper_values(name, measure.field), measure).holds
        ]
        for measure in (psnr, ssim)
    }
    assert held == {"psnr": list(paper.SETS), "ssim": ["Set5", "General100"]}
