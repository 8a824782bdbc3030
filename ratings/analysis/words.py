"""The paragraph for the paper: what was asked, who answered, and each choice made on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ratings.analysis.estimates import MODELS
from ratings.analysis.options import AnalysisOptions
from ratings.analysis.prepared import Prepared
from ratings.analysis.tables import Tables

_ASKED = {
    "dscqs": (
        "Each image was rated beside its reference on two continuous scales from {low:g} to {high:g} (double "
        "stimulus, DSCQS of Rec. ITU-R BT.500{pace}); a vote is the difference reference minus test, and no "
        "difference was clipped."
    ),
    "dsis": (
        "Each image was rated against its reference, named as such, on an impairment scale from {low:g} to "
        "{high:g} (DSIS of Rec. ITU-R BT.500{pace}); a vote is the rating itself."
    ),
    "acr": (
        "Each image was rated by itself on a quality scale from {low:g} to {high:g} (ACR of Rec. ITU-T "
        "P.910{pace}); a vote is the rating itself."
    ),
    "acr_hr": (
        "Each image, and unannounced each reference, was rated by itself on a quality scale from {low:g} to "
        "{high:g} (ACR-HR of Rec. ITU-T P.910{pace}); a vote is the rating minus the same rater's rating of "
        "the reference, plus {high:g}{crush}."
    ),
}
_ESTIMATED = {
    "mean": "Scores are means over raters.",
    "zscore": (
        "Votes were turned into z-scores within each rater and session{scope}, rescaled to 100 (z + 3) / 6 "
        "and averaged over raters (Seshadrinathan et al., 2010)."
    ),
    "subject_model": (
        "Scores were recovered with the subject model of Rec. ITU-T P.910, which estimates each rater's bias "
        "and inconsistency along with quality (alternating projection, Li et al., 2020)."
    ),
    "zrec": (
        "Scores were recovered with ZREC (Zhu et al., 2023), which weighs raters by their bias and "
        "inconsistency in z-scores."
    ),
}
_SCREENED = {
    "none": "No rater was screened out by rule.",
    "bt500": "Raters were screened by the kurtosis rule of Rec. ITU-R BT.500{on}: {rejected}.",
    "correlation": "Raters were screened by the correlation rule of Rec. ITU-R BT.500{on}: {rejected}.",
}
_BOUNDED = {
    "t": "Student's t over raters",
    "normal": "the normal distribution over raters",
    "bootstrap": "a bias-corrected bootstrap over raters, widened for few raters (seed {seed})",
    "model": "the estimator's own formula, which describes this panel alone",
    "model_stimulus": "the subject model's formula per stimulus, which describes this panel alone",
    "none": "no method",
}


def methods_paragraph(
    prepared: Prepared,
    tables: Tables,
    options: AnalysisOptions,
    *,
    self_paced: bool,
    showing: str = "",
    comparisons: int,
    code_version: str,
) -> str:
    """Write the paragraph, wrapped at sentences, ending in a newline.

    `self_paced` says that raters took their own time in a browser, which departs from BT.500's timing;
    `showing` says in sentences how pictures were shown, where that is known;
    `comparisons` is the number of pairs of methods tested, 0 for none.
    """
    votes = prepared.votes
    sentences = [
        _panel(prepared, tables),
        _asked(votes.methodology, options).format(
            low=votes.scale_min,
            high=votes.scale_max,
            pace=", self-paced" if self_paced else "",
            crush=", crushed above 5 as P.910 allows" if options.crush else "",
        ),
        *([showing] if showing else []),
        _screening(prepared, options),
        _ESTIMATED[options.estimator].format(
            scope="" if options.normalised_over != "method" else " and method, so methods cannot be compared"
        ),
        _intervals(tables, options),
        f"Higher is {tables.dmos['higher_is'].iloc[0]}.",
    ]
    if comparisons:
        of = "" if options.estimator not in MODELS else " of their votes (not of the recovered scores)"
        sentences.append(
            f"Methods were compared in {comparisons} {'pair' if comparisons == 1 else 'pairs'} by paired "
            f"t-tests and Wilcoxon signed-rank tests over raters' means{of}, with Holm's correction."
        )
    if options.compat and (options.estimator in MODELS or options.screening == "bt500"):
        sentences.append(f"Where {options.compat} departs from the cited documents, it was followed.")
    if tables.simulated:
        sentences.insert(0, "SIMULATED RATINGS: these numbers are no evidence of what people see.")
    sentences.append(f"Computed with SRStudy {code_version}.")
    return "\n".join(sentences) + "\n"


def _asked(methodology: str, options: AnalysisOptions) -> str:
    if methodology == "acr_hr" and options.estimator == "zscore":
        # LIVE's differences go the other way.
        return _ASKED["acr_hr"].partition("; a vote is")[0] + (
            "; a vote is the same rater's rating of the reference minus the rating."
        )
    return _ASKED[methodology]


def _panel(prepared: Prepared, tables: Tables) -> str:
    votes = prepared.votes
    raters, images, methods = len(votes.raters), len(votes.images()), len(votes.methods())
    complete = votes.value.size == raters * len(votes.stimuli)
    crossed = len(votes.stimuli) == images * methods
    design = "not every rater rated everything"
    if complete:
        design = f"each rater rated every {'image by every method' if crossed else 'stimulus'}"
    return (
        f"{_count(raters, 'rater')} gave {_count(votes.value.size, 'vote')} on "
        f"{_count(len(votes.stimuli), 'stimulus')} "
        f"({_count(images, 'image')} by {_count(methods, 'method')}); {design}."
    )


def _count(number: int, noun: str) -> str:
    plural = {"stimulus": "stimuli"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"


def _screening(prepared: Prepared, options: AnalysisOptions) -> str:
    """Tell apart whom the rule rejected and whom a person rejected or kept over it."""
    raters, rejected = prepared.votes.raters, prepared.screening.rejected
    by_rule = np.zeros(len(raters), dtype=np.bool_)
    if options.screening != "none":
        by_rule = prepared.screening.raters[f"{options.screening}_rejects"].to_numpy(dtype=bool)
    on = ", applied to z-scores" if options.estimator == "zscore" else ""
    names = [name for name, is_rejected in zip(raters, by_rule.tolist(), strict=True) if is_rejected]
    listed = f"it rejects {len(names)} of {len(raters)}{_named(names)}"
    sentences = [_SCREENED[options.screening].format(on=on, rejected=listed)]
    for decided, verb in ((rejected & ~by_rule, "left out"), (~rejected & by_rule, "kept")):
        names = [name for name, is_one in zip(raters, decided.tolist(), strict=True) if is_one]
        if names:
            were = "was" if len(names) == 1 else "were"
            sentences.append(f"By a person's decision {len(names)} {were} {verb}{_named(names)}.")
    return " ".join(sentences)


def _named(raters: Sequence[str]) -> str:
    return f" ({', '.join(raters)})" if 0 < len(raters) <= 10 else ""


def _intervals(tables: Tables, options: AnalysisOptions) -> str:
    of_stimuli = options.interval
    of_methods = str(tables.methods["ci"].iloc[0])
    level = f"{100 * options.level:g} %"
    words = _BOUNDED[of_stimuli].format(seed=options.seed)
    averaged = "a method's score is the unweighted mean over its images"
    if tables.dmos["ci_low"].isna().all() and tables.methods["ci_low"].isna().all():
        return f"The votes allow no interval; {averaged}."
    if of_methods == of_stimuli:
        return f"Intervals of nominal {level} are by {words}; {averaged}."
    other = _BOUNDED[of_methods].format(seed=options.seed)
    bounded = "without an interval" if of_methods == "none" else f"bounded by {other}"
    return f"Intervals of stimuli, of nominal {level}, are by {words}; {averaged}, {bounded}."
