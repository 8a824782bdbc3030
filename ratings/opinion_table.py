"""The paper's Table 3 beside a study's own: Z-scores of opinion by method and image, and what they say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from distillation.models import method_label
from ratings import paper
from ratings.analysis.options import SCOPES, AnalysisOptions
from ratings.models import Rater, Study
from ratings.queries import study_by_slug
from ratings.results import results_of
from srstudy.tables import LATEX_HEAD, Column, Table, latex_of, text_of

SCOPE_HEADINGS = {"study": "Ours, over the study", "method": "Ours, within methods"}
NOT_THE_SAME = (
    "The paper's images are not named and not at hand, so columns of the two tables are different pictures:\n"
    "what can be compared is how the numbers behave, and how methods are ordered.\n"
)


@dataclass(frozen=True)
class OpinionTable:
    """A row of scores a method, a score an image; `digits` are its printed decimals, None: not rounded.

    `heading` names it in print, `name` in a sentence. A score is NaN where nobody voted. `scope` is what the
    scores were normalised over; where it is not known the numbers have to say.
    """

    heading: str
    name: str
    images: tuple[str, ...]
    rows: Mapping[str, tuple[float, ...]]
    digits: int | None = None
    simulated: bool = False
    scope: str = ""

    def means(self) -> dict[str, float]:
        """The mean of each row; NaN if a score is missing."""
        return {method: math.fsum(scores) / len(scores) for method, scores in self.rows.items()}

    @property
    def tolerance(self) -> float:
        """How far a mean of printed scores can lie from the mean of the scores before rounding."""
        return 1e-6 if self.digits is None else 0.5 * 10.0**-self.digits

    def rows_are_normalised(self) -> bool:
        """Whether scores were normalised within each method: known, or told by rows that average the same."""
        if self.scope:
            return self.scope == "method"
        means = list(self.means().values())
        return len(means) > 1 and max(means) - min(means) <= 2 * self.tolerance


def paper_table() -> OpinionTable:
    """The paper's own."""
    images = tuple(f"Img {number}" for number in range(1, len(next(iter(paper.TABLE_3.values()))) + 1))
    return OpinionTable("Paper, Table 3", "the paper's Table 3", images, paper.TABLE_3, paper.TABLE_3_DIGITS)


def find_study(slug: str | None) -> Study | None:
    """The study named, or the newest that people have rated, or else the newest with ratings at all.

    Raises: Refused if there is none of that name.
    """
    if slug is not None:
        return study_by_slug(slug)
    for sources in ([Rater.Source.BROWSER, Rater.Source.IMPORT], [Rater.Source.SIMULATED]):
        # One call: two would ask for such a rater and for a rating, not for a rating by such a rater.
        rated = Study.objects.filter(
            raters__source__in=sources, raters__sessions__trials__rating__isnull=False
        ).exclude(methodology="pc")  # which has no scores
        if rated.exists():
            return rated.first()
    return None


def study_tables(study: Study) -> list[OpinionTable]:
    """A study's Z-scores under both scopes, methods and images in the order of the study.

    Raises: Refused if it has no ratings, or none that can be normalised.
    """
    return [_study_table(study, scope) for scope in SCOPES]


def _study_table(study: Study, scope: str) -> OpinionTable:
    tables = results_of(study, AnalysisOptions(estimator="zscore", scope=scope)).tables
    wide = tables.dmos_table
    rows = {str(row[0]): tuple(float(score) for score in row[1:]) for row in wide.itertuples(index=False)}
    name = f"study {study.slug}'s table, " + (
        "normalised over the study" if scope == "study" else "normalised within each method"
    )
    images = tuple(str(image) for image in wide.columns[1:])
    return OpinionTable(SCOPE_HEADINGS[scope], name, images, rows, simulated=tables.simulated, scope=scope)


def what_it_shows(table: OpinionTable) -> str:
    """A sentence, made of the numbers: whether rows of this table can be compared with each other."""
    means = {method: mean for method, mean in table.means().items() if not math.isnan(mean)}
    digits = table.digits or 3
    listed = ", ".join(f"{method_label(method)} {mean:.{digits}f}" for method, mean in means.items())
    count = len(table.images)
    if len(means) < len(table.rows):
        return f"Not every row of {table.name} is complete; the means of those that are: {listed or 'none'}."
    if table.scope == "method":
        return (
            f"The rows of {table.name} average {listed} over its {count} images; scores taken within each "
            "method cannot rank methods, whatever their means."
        )
    if table.rows_are_normalised():
        return (
            f"Every row of {table.name} averages {next(iter(means.values())):.{digits}f} over its {count} "
            f"images ({listed}), as Z-scores do that were taken within each method: its rows cannot rank "
            "methods."
        )
    return (
        f"The rows of {table.name} average {listed} over {count} images: they differ, so methods can be "
        "compared; higher is worse."
    )


def as_table(opinion: OpinionTable) -> Table:
    """The table for print: a row a method, a column an image, and the mean of each row."""
    digits = opinion.digits or 3
    columns = [
        Column(group="", name=image, values=_known(opinion.rows, at), digits=digits, best=None)
        for at, image in enumerate(opinion.images)
    ]
    means = tuple(None if math.isnan(mean) else mean for mean in opinion.means().values())
    columns.append(Column(group="", name="mean", values=means, digits=digits, best=None))
    rows = tuple(method_label(method) for method in opinion.rows)
    return Table(heading=opinion.heading, rows=rows, columns=tuple(columns))


def _known(rows: Mapping[str, tuple[float, ...]], at: int) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(scores[at]) else scores[at] for scores in rows.values())


def numbered(opinion: OpinionTable) -> OpinionTable:
    """The same with images numbered, as the paper has them: names are too long for a page."""
    return replace(opinion, images=tuple(f"Img {number}" for number in range(1, len(opinion.images) + 1)))


def report(study: Study | None, ours: Sequence[OpinionTable]) -> str:
    """Everything of Table 3 for a terminal."""
    theirs = paper_table()
    parts = [f"Paper: {paper.TABLE_3_SOURCE}.\n", text_of(as_table(theirs)), what_it_shows(theirs) + "\n"]
    if study is None:
        return "\n".join(parts)
    simulated = any(table.simulated for table in ours)
    if simulated:
        parts.append("Ours are simulated ratings, and say nothing about the methods.\n")
    for table in ours:
        parts += [text_of(as_table(numbered(table))), what_it_shows(table) + "\n"]
    images = enumerate(ours[0].images, start=1)
    parts.append("Ours: " + ", ".join(f"Img {number} is {image}" for number, image in images) + ".\n")
    return "\n".join([*parts, NOT_THE_SAME])


def latex(ours: Sequence[OpinionTable]) -> str:
    """A `table*` for the paper's table and each of ours."""
    tables = [
        latex_of(
            as_table(numbered(table)),
            caption=f"{_caption(table)} Rows average over images in the last column.",
            label=f"tab:opinion-{number}",
        )
        for number, table in enumerate([paper_table(), *ours])
    ]
    return "\n".join([LATEX_HEAD, *tables])


def _caption(table: OpinionTable) -> str:
    simulated = " Simulated ratings: no evidence of what people see." if table.simulated else ""
    verdict = (
        "Its rows average the same, so they cannot rank methods."
        if table.rows_are_normalised()
        else "Higher is worse."
    )
    return f"{table.heading}: Z-scores of opinion. {verdict}{simulated}"


def frame(ours: Sequence[OpinionTable]) -> pd.DataFrame:
    """A row a table, method and image: the paper's scores and ours."""
    return pd.DataFrame(
        [
            {"table": table.heading, "method": method, "image": image, "score": score}
            for table in (paper_table(), *ours)
            for method, scores in table.rows.items()
            for image, score in zip(table.images, scores, strict=True)
        ]
    )
