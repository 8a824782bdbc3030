"""Long CSV files read: what is taken, in which words the rest is refused, and what is said of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ratings import exports
from ratings.analysis import csvcolumns, csvdialect
from ratings.analysis.choices import Choices
from ratings.analysis.longcsv import (
    LongCsv,
    read_choices,
    read_columns,
    read_metrics,
    read_votes,
    unescape,
)
from ratings.analysis.tables import known_metrics
from ratings.analysis.votes import Votes

Write = Callable[[str | bytes], Path]

HEADING = "rater,image,method,score\n"
SEMICOLONS = HEADING.replace(",", ";")
PAIRED = "rater,image,method_a,method_b,choice\n"
EVALUATION = "dataset,image,method,psnr_y,ssim_y,psnr_rgb,seconds,run,sha256,gmsd,protocol\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a writer of votes.csv: bytes as they are, texts in UTF-8."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "votes.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rows_of(read: LongCsv) -> list[list[object]]:
    """Every row as a list, missing as None."""
    frame = read.frame.astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


def test_labels_stay_the_text_they_are(write: Write) -> None:
    # Not 7 and 1, not missing, not truth values.
    read = read_votes(write(HEADING + "007,NA,null,3\n1,True,1.50,4.5\n"))
    assert rows_of(read) == [["007", "NA", "null", 3.0], ["1", "True", "1.50", 4.5]]
    assert read.notes == ()


def test_a_column_of_nothing_but_numbers_is_text_as_a_label(write: Write) -> None:
    read = read_votes(write(HEADING + "01,02,03,1\n1,2,3,1\n"))
    assert read.frame["rater"].tolist() == ["01", "1"]


def test_labels_are_categories_in_order_of_first_appearance(write: Write) -> None:
    read = read_votes(write(HEADING + "z,i,m,1\na,i,m,2\nz,i,n,3\nb,h,m,4\n"))
    assert read.frame["rater"].cat.categories.tolist() == ["z", "a", "b"]
    assert read.frame["image"].cat.categories.tolist() == ["i", "h"]
    assert read.frame["score"].dtype == np.float64


def test_the_index_holds_the_lines_an_editor_shows(write: Write) -> None:
    text = 'rater,image,method,score,note\na,i,m,1,"two\nlines"\nb,i,m,2,\n\n,,,,\n  \nc,i,m,3,x\n\n'
    read = read_votes(write(text))
    assert read.frame.index.tolist() == [2, 4, 8]
    assert read.notes == ("Blank lines among the rows were skipped: 3, the first is line 5.",)


def test_a_heading_after_blank_lines_is_counted_from_the_top(write: Write) -> None:
    assert read_votes(write("\n\n" + HEADING + "a,i,m,1\n")).frame.index.tolist() == [4]


def test_blank_lines_at_the_end_are_nothing_to_speak_of(write: Write) -> None:
    assert read_votes(write(HEADING + "a,i,m,1\n\n,,,\n\n")).notes == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_of_every_system_are_read(write: Write, end: str, last: str) -> None:
    text = (HEADING + "a,i,m,1\nb,i,m,2").replace("\n", end) + (end if last else "")
    read = read_votes(write(text))
    assert rows_of(read) == [["a", "i", "m", 1.0], ["b", "i", "m", 2.0]]
    assert read.frame.index.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8-sig", ""),
        ("utf-16", "The file was read as utf-16-le, as its byte order mark says."),
        ("utf-32", "The file was read as utf-32-le, as its byte order mark says."),
    ],
)
def test_a_byte_order_mark_says_the_encoding(write: Write, encoding: str, note: str) -> None:
    read = read_votes(write((HEADING + "철수,é,m,1\n").encode(encoding)))
    assert rows_of(read) == [["철수", "é", "m", 1.0]]
    assert read.notes == ((note,) if note else ())


def test_big_endian_utf_16_is_read(write: Write) -> None:
    read = read_votes(write(b"\xfe\xff" + (HEADING + "é,i,m,1\n").encode("utf-16-be")))
    assert rows_of(read) == [["é", "i", "m", 1.0]]


def test_an_encoding_that_is_named_is_used(write: Write) -> None:
    read = read_votes(write((HEADING + "철수,i,m,1\n").encode("cp949")), encoding="cp949")
    assert rows_of(read) == [["철수", "i", "m", 1.0]]
    assert read.notes == ("The file was read as cp949.",)


def test_semicolons_go_with_decimal_commas_and_both_are_noted(write: Write) -> None:
    read = read_votes(write(SEMICOLONS + "a,b;i;m;1,5\nb;i;m;2\n"))
    assert rows_of(read) == [["a,b", "i", "m", 1.5], ["b", "i", "m", 2.0]]
    assert (read.separator, read.decimal) == (";", ",")
    assert read.notes == ("Columns are separated by semicolons.", "Numbers have decimal commas.")


def test_semicolons_may_go_with_decimal_points(write: Write) -> None:
    read = read_votes(write(SEMICOLONS + "a;i;m;1.5\nb;i;m;2\n"))
    assert read.frame["score"].tolist() == [1.5, 2]
    assert read.notes == ("Columns are separated by semicolons.",)


def test_a_heading_with_other_marks_in_a_name_is_separated_by_what_gives_the_columns(write: Write) -> None:
    read = read_votes(write('rater,image,method,score,"u;v;w;x;y;z"\na,i,m,1,\n'))
    assert (read.separator, rows_of(read)) == (",", [["a", "i", "m", 1.0]])


def test_a_heading_of_two_lines_counts_as_two(write: Write) -> None:
    assert read_votes(write('rater,image,method,score,"in\nms"\na,i,m,1,\n')).frame.index.tolist() == [3]


def test_tabs_separate_columns(write: Write) -> None:
    read = read_votes(write(HEADING.replace(",", "\t") + "a\ti i\tm\t1,5\n"))
    assert rows_of(read) == [["a", "i i", "m", 1.5]]
    assert read.notes[0] == "Columns are separated by tabs."


@pytest.mark.parametrize("mark", [".", ","])
def test_numbers_are_read_to_their_last_digit(write: Write, mark: str) -> None:
    drawn = np.random.default_rng(0).normal(50, 20, 500)
    lines = [f"r{at};i;m;{value!r}\n".replace(".", mark) for at, value in enumerate(drawn.tolist())]
    assert read_votes(write(SEMICOLONS + "".join(lines))).frame["score"].tolist() == drawn.tolist()


@pytest.mark.parametrize(("text", "value"), [(" 5 ", 5), ("5.", 5), (".5", 0.5), ("+1e2", 100), ('"7"', 7)])
def test_ways_to_write_a_number(write: Write, text: str, value: float) -> None:
    assert read_votes(write(f"{HEADING}a,i,m,{text}\n")).frame["score"].tolist() == [value]


def test_headings_are_known_in_capitals_and_with_space_around(write: Write) -> None:
    read = read_votes(write('Rater, image ,method,"SCORE"\na,i,m,1\n'))
    assert read.frame.columns.tolist() == ["rater", "image", "method", "score"]
    assert read.columns == ("Rater", " image ", "method", "SCORE")
    assert read.notes == (
        "The column 'Rater' was taken for 'rater'.",
        "The column 'SCORE' was taken for 'score'.",
    )


def test_columns_that_are_not_known_are_not_looked_at(write: Write) -> None:
    read = read_votes(write("x,rater,x,image,method,score,\nnan,a,\x07,i,m,1,\n"))
    assert rows_of(read) == [["a", "i", "m", 1.0]]


def test_a_slip_in_the_name_of_an_optional_column_is_pointed_out(write: Write) -> None:
    read = read_votes(write("rater,image,method,score,duration_mS.\na,i,m,1,5\n"))
    assert read.notes == ("The column 'duration_mS.' was not looked at; is 'duration_ms' meant?",)
    assert read_votes(write("rater,image,method,score,scores\na,i,m,1,5\n")).notes == ()


def test_optional_columns_are_taken_where_anything_is_in_them(write: Write) -> None:
    text = "rater,image,method,score,difference,session,kind,psnr,position,repeat_of,source\n"
    read = read_votes(write(text + "a,i,m,1,,,test,inf,1,,\nb,i,m,2,,,,30.5,,,import\n"))
    assert read.frame.columns.tolist() == [
        *("rater", "image", "method", "kind", "source", "score", "position", "psnr"),
    ]
    assert rows_of(read)[1] == ["b", "i", "m", None, "import", 2.0, None, 30.5]
    assert read.frame["psnr"].iloc[0] == np.inf


def test_texts_asked_for_are_handed_on_as_they_stand(write: Write) -> None:
    path = write("rated_at,rater,image,method,score\n2026-01-02, a,i,m,1\n,b,i,m,2\n07,c,i,m,\n")
    read = read_votes(path, texts=["rated_at", "sha"])
    assert read.frame["rated_at"].tolist() == ["2026-01-02", ""]
    assert "rated_at" not in read_votes(write("rated_at," + HEADING + ",a,i,m,1\n"), texts=["rated_at"]).frame


@pytest.mark.parametrize("block", [12, 2**23])
def test_unanswered_trials_are_left_out_and_counted(
    write: Write, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", block)
    text = "rater,image,method,reference_score,test_score\n"
    read = read_votes(write(text + "a,i,m,,\nb,i,m,80,60\n,,m,, \nc,i,m,,50\n"))
    assert read.frame.index.tolist() == [3, 5]  # half a pair is an answer, and for others to refuse
    assert read.frame["rater"].cat.categories.tolist() == ["b", "c"]
    assert read.notes == ("Rows without a score were left out: 2, the first is line 2.",)


def test_white_space_around_names_is_taken_off_and_noted(write: Write) -> None:
    read = read_votes(write(HEADING + "a,i,m,1\nb\xa0,i,m,1\n a,h,m,1\na ,g,m,1\n"))
    assert read.frame["rater"].tolist() == ["a", "b", "a", "a"]
    assert read.notes == (
        "White space was taken off names of the column 'rater': 3, the first is 'b\\xa0' in line 3; "
        "thereby one with another name: 2.",
    )


def test_the_apostrophe_of_our_exports_is_taken_off_again(write: Write) -> None:
    read = read_votes(write(HEADING + "'-x,'=i,'tis,1\n"))
    assert rows_of(read) == [["-x", "=i", "'tis", 1.0]]
    assert read.notes[0] == (
        "The apostrophe that keeps a spreadsheet from running it was taken off names of the column 'rater': "
        '1, the first is "\'-x" in line 2.'
    )


@pytest.mark.parametrize("start", exports.FORMULA_STARTS)
def test_every_label_that_an_export_marks_is_read_back(start: str) -> None:
    frame = pd.DataFrame({"rater": [f"{start}x"]})
    assert exports.csv_text(frame).splitlines()[1].strip('"').startswith("'")
    assert unescape(f"'{start}x") == f"{start}x"
    assert set(csvcolumns.FORMULA_STARTS) == set(exports.FORMULA_STARTS)


def test_what_an_export_writes_is_read_back_the_same(write: Write) -> None:
    frame = pd.DataFrame(
        {
            "rater": ["-1", "=sum(1)", "007", 'say "hi"'],
            "source": ["browser", "import", "simulated", "browser"],
            "image": ["photos/a,b", "@home", "철수", "NA"],
            "method": ["x", "x", "+y", "y"],
            "reference_score": [80.1, 70, 1 / 3, np.nan],
            "test_score": [60.3, 75, 0.1 + 0.2, np.nan],
            "difference": [19.8, -5, 1 / 3 - 0.3, 4],
            "score": np.nan,
            "duration_ms": pd.array([1200, None, 5, 6], dtype="Int64"),
        }
    )
    read = read_votes(write(exports.csv_text(frame)))
    for name in frame.columns.drop("score"):
        expected = [None if pd.isna(value) else value for value in frame[name].tolist()]
        found = [None if pd.isna(value) else value for value in read.frame[name].tolist()]
        assert found == expected, name


def test_votes_are_made_of_what_is_read(write: Write) -> None:
    path = write(HEADING + "a,i,reference,5\na,i,m,3\n\nb,i,m,9\n")
    read = read_votes(path)
    with pytest.raises(ValueError, match=r"^votes.csv, line 5: score 9 is off the scale"):
        Votes.from_frame(read.frame, methodology=None, file=read.file)
    votes = Votes.from_frame(read.frame, methodology=None, scale=(1, 9), file=read.file)
    assert (votes.raters, votes.methodology, votes.value.tolist()) == (("a", "b"), "acr_hr", [5, 3, 9])


def test_progress_tells_bytes_done_of_all(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", 20)
    told: list[tuple[int, int]] = []
    read_votes(write(HEADING + "a,i,m,1\nb,i,m,2\n"), progress=lambda done, size: told.append((done, size)))
    assert told == [(20, 41), (40, 41), (41, 41)]


@pytest.mark.parametrize("block", range(4, 44, 3))
def test_blocks_of_every_size_give_the_same_table(
    write: Write, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    text = (
        'rater;image;method;score;note\r\n철수;i;m;1;\r\n"a;""b";i;m;2,5;"x\r\n\r\ny"\r\n;;;;\r\n'
        " c;i;m;;\r\nd;i;n;3;"
    )
    path = write(text.encode("utf-8-sig"))
    whole = read_votes(path)
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", block)
    parts = read_votes(path)
    assert rows_of(whole) == [["철수", "i", "m", 1.0], ['a;"b', "i", "m", 2.5], ["d", "i", "n", 3.0]]
    assert whole.frame.index.tolist() == [2, 3, 8]
    pd.testing.assert_frame_equal(parts.frame, whole.frame)
    assert parts.notes == whole.notes


def test_choices_are_read_as_labels_and_made_into_choices(write: Write) -> None:
    text = "rater,image,method_a,method_b,side_a,choice,kind\n"
    read = read_choices(
        write(text + "1,i,x,y,left,a,test\n1,i,y,x,, ,test\n1,j,y,x,,tie,\n2,i,x,y,right,b,test\n")
    )
    assert read.frame["rater"].tolist() == ["1", "1", "2"]
    assert read.notes == ("Rows without a choice were left out: 1, the first is line 3.",)
    choices = Choices.from_frame(read.frame, file=read.file)
    assert (choices.methods, choices.share.tolist()) == (("x", "y"), [1, 0])


def test_the_columns_tell_what_a_file_is(write: Write) -> None:
    assert read_columns(write("Rater;image;method_a;method_b;choice\n")) == (
        *("rater", "image", "method_a", "method_b", "choice"),
    )


def test_evaluation_csv_gives_images_by_data_set_and_its_metrics(write: Write) -> None:
    text = EVALUATION + "Set5,baby,x,inf,1,40,0.5,3,1e5,0.1,2\nSet5,Set5/bird,x,30,0.9,29,0.5,,2e5,,2\n"
    read = read_metrics(write(text))
    assert read.frame.columns.tolist() == ["image", "method", "psnr", "ssim", "psnr_rgb", "gmsd"]
    assert rows_of(read) == [
        ["Set5/baby", "x", np.inf, 1.0, 40.0, 0.1],
        ["Set5/bird", "x", 30.0, 0.9, 29.0, None],
    ]
    assert known_metrics(read.frame).loc[("Set5/bird", "x"), "psnr"] == 30


def test_a_set_is_put_before_an_image_whose_name_only_begins_alike(write: Write) -> None:
    read = read_metrics(write("dataset,image,method,ssim\nSet5,Set55/a,x,1\n,b,x,1\n"))
    assert read.frame["image"].tolist() == ["Set5/Set55/a", "b"]


def test_a_psnr_named_so_is_taken_before_that_of_luma(write: Write) -> None:
    read = read_metrics(write("image,method,psnr_y,psnr\na,x,1,2\n"))
    assert read.frame[["psnr", "psnr_y"]].to_numpy().tolist() == [[2, 1]]


def test_a_plain_table_of_metrics_keeps_their_names_and_lacks_psnr_and_ssim(write: Write) -> None:
    read = read_metrics(write("image;method;LPIPS;who\na;x;0,5;me\n/b;x;;\n"))
    assert read.frame.columns.tolist() == ["image", "method", "psnr", "ssim", "LPIPS"]
    assert read.frame["LPIPS"].tolist()[0] == 0.5
    assert read.frame[["psnr", "ssim"]].dtypes.tolist() == [np.float64, np.float64]
    assert read.frame[["psnr", "ssim"]].isna().all(axis=None)
    assert read.notes == (
        "Columns are separated by semicolons.",
        "The column 'who' holds no number and was not taken.",
        "Numbers have decimal commas.",
    )


def test_a_long_file_is_read_whole(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", 10_000)
    rows = [(f"r{at // 7}", f"i{at % 11}", f"m{at % 3}", at % 101 / 10) for at in range(3000)]
    read = read_votes(write(HEADING + "".join(f"{','.join(map(str, row))}\n" for row in rows)))
    assert [tuple(row) for row in rows_of(read)] == rows
    assert isinstance(read.frame.index, pd.RangeIndex)


def test_published_ratings_are_read_as_the_module_csv_reads_them(shared: Path) -> None:
    path = shared / "ratings" / "vqeg_frtv1_525_high.csv"
    with path.open(encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file))[1:]
    assert [[*names, str(score)] for *names, score in rows_of(read_votes(path))] == expected


@pytest.mark.parametrize("block", [100, 2**23])
def test_quotation_marks_are_read_as_the_module_csv_writes_them(
    write: Write, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", block)
    rng = np.random.default_rng(1)
    drawn = rng.choice([*'ab,;"'], (900, 6)).tolist()
    names = [f"x{''.join(letters)}z" for letters in drawn]
    notes = ["".join(rng.choice([*'a,"\n'], 5)) for _ in range(300)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [["rater", "note", "image", "method", "score"]]
        + [[names[3 * at], note, *names[3 * at + 1 : 3 * at + 3], at] for at, note in enumerate(notes)]
    )
    read = read_votes(write(out.getvalue()))
    assert [name for row in rows_of(read) for name in row[:3]] == names
    starts = 2 + np.cumsum([0] + [1 + note.count("\n") for note in notes[:-1]])
    assert read.frame.index.tolist() == starts.tolist()
