"""Long CSV files refused: the sentence, with file, line and value, for everything that can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ratings.analysis import csvdialect
from ratings.analysis.longcsv import read_choices, read_metrics, read_votes

Write = Callable[[str | bytes], Path]

HEADING = "rater,image,method,score\n"
SEMICOLONS = HEADING.replace(",", ";")
PAIRED = "rater,image,method_a,method_b,choice\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a writer of votes.csv: bytes as they are, texts in UTF-8."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "votes.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


COMMAS = "decimal commas go with columns separated by semicolons or tabs"
DOUBLED = "a field that holds one begins and ends with one, and has those within it doubled"
LEAVE_EMPTY = "leave the cell empty where there is none, as for an unanswered trial"
THOUSANDS = "leave out what separates the thousands"
NUL = "there is a NUL byte, which no text has; is this a CSV file in UTF-8?"

# What is wrong with a row, the fourth line of its file.
BAD_ROWS = {
    "b,i,m": "3 fields where the heading has 4, in 'b,i,m'",
    "b,i,m,1,": f"5 fields where the heading has 4, in 'b,i,m,1,'; {COMMAS}",
    "b,i,m,1,5": f"5 fields where the heading has 4, in 'b,i,m,1,5'; {COMMAS}",
    ",i,m,1": "the column 'rater' is empty",
    "b, ,m,1": "the column 'image' is empty",
    'b,i,"",1': "the column 'method' is empty",
    "b\x07,i,m,1": "rater 'b\\x07' holds the control character U+0007",
    'b,"i\nj",m,1': "image 'i\\nj' holds the control character U+000A",
    "b,i,m\ufeff,1": "method 'm\\ufeff' holds the control character U+FEFF",
    "b,i\0,m,1": NUL,
    'b,"i,m,1': "a quotation mark is opened and not closed in 'b,\"i,m,1'",
    'b,"i,m,1\nc,"i",m,2': f"a quotation mark is out of place in 'b,\"i,m,1'; {DOUBLED}",
    'b,5" i,m,1': f"a quotation mark is out of place in 'b,5\" i,m,1'; {DOUBLED}",
    'b,"i" j,m,1': f"a quotation mark is out of place in 'b,\"i\" j,m,1'; {DOUBLED}",
    'b,i,m,"1,5"': f"score '1,5' is not a number; {COMMAS}",
    'b,i,m,"1,234.5"': f"score '1,234.5' is not a number; {THOUSANDS}",
    "b,i,m,1 000": f"score '1 000' is not a number; {THOUSANDS}",
    "b,i,m,inf": "score 'inf' is not a finite number",
    "b,i,m,-Infinity": "score '-Infinity' is not a finite number",
    "b,i,m,1e999": "score '1e999' is not a finite number",
    "b,i,m,True": "score 'True' is not a number",
    "b,i,m,0x10": "score '0x10' is not a number",
    "b,i,m,1_0": "score '1_0' is not a number",
    "b,i,m,٣": "score '٣' is not a number",
    "b,i,m,four": "score 'four' is not a number",
    f"b,i,m,{'x' * 70}": f"score '{'x' * 60}…' is not a number",
    **{
        f"b,i,m,{text}": f"score {text!r} is not a number; {LEAVE_EMPTY}"
        for text in ("nan", "NaN", "NA", "n/a", "null", "None", "-")
    },
}


@pytest.mark.parametrize("row", BAD_ROWS)
@pytest.mark.parametrize("block", [7, 2**23])
def test_a_bad_row_is_refused_with_its_line(
    write: Write, monkeypatch: pytest.MonkeyPatch, row: str, block: int
) -> None:
    path = write(f"{HEADING}a,i,m,1\n\n{row}\nz,i,m,1\n")
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", block)
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read_votes(path)
    assert str(refused.value) == f"votes.csv, line 4: {BAD_ROWS[row]}"


def test_a_column_of_truth_values_alone_is_no_column_of_numbers(write: Write) -> None:
    with pytest.raises(ValueError, match=r"line 2: score 'False' is not a number$"):
        read_votes(write(HEADING + "a,i,m,False\nb,i,m,True\n"))


def test_the_first_bad_cell_of_several_columns_is_named(write: Write) -> None:
    text = "rater,image,method,score,position\na,i,m,1,2\nb,i,m,1,second\nc,i,m,one,3\n"
    with pytest.raises(ValueError, match=r"line 3: position 'second' is not a number$"):
        read_votes(write(text))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            "a;i;m;1,5\nb;i;m;2.5\n",
            "3: score '2.5' has a decimal point, where other numbers have a decimal comma",
        ),
        (
            "a;i;m;1.5\nb;i;m;2,5\n",
            "3: score '2,5' has a decimal comma, where other numbers have a decimal point",
        ),
        ("a;i;m;1.234,5\n", "2: score '1.234,5' is not a number; leave out what separates the thousands"),
    ],
)
@pytest.mark.parametrize("block", [12, 2**23])
def test_decimal_marks_are_not_mixed(
    write: Write, monkeypatch: pytest.MonkeyPatch, rows: str, sentence: str, block: int
) -> None:
    path = write(SEMICOLONS + rows)
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", block)
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read_votes(path)
    assert str(refused.value) == f"votes.csv, line {sentence}"


NO_SCORES = "there is no column of scores: 'reference_score' with 'test_score', or 'difference', or 'score'"
NO_HEADING = "is no heading of a table; is this a CSV file in UTF-8?"
OTHERWISE = (
    "is not UTF-8; save the file as 'CSV UTF-8', or name its encoding, such as cp949 (Korean Windows) or "
    "cp1252 (Western European Windows)"
)

# What is wrong with a file, after its name.
BAD_FILES: dict[str | bytes, str] = {
    "": " is empty; its first line would name the columns",
    "\n \n": " holds nothing but blank lines; its first line would name the columns",
    "\ufeff": " holds nothing but blank lines; its first line would name the columns",
    HEADING: " has a heading and no rows below it",
    HEADING + "\n,,,\n": " has a heading and no rows below it",
    HEADING + "a,i,m,\n": " has no row with a score; rows without one: 1",
    b"PK\x03\x04...": " is a workbook or an archive and not a CSV file; save the sheet as 'CSV UTF-8'",
    b"\xd0\xcf\x11\xe0..": " is a workbook of an old kind and not a CSV file; save the sheet as 'CSV UTF-8'",
    b"\x1f\x8b...": " is compressed; unpack it first",
    b"\0\0a": f", line 1: '\\x00\\x00a' {NO_HEADING}",
    "ra\nter".encode("utf-16-le"): f", line 1: 'r\\x00a\\x00' {NO_HEADING}",
    '"rater,image\na,b\n': f", line 1: '\"rater,image' {NO_HEADING}",
    "rater,image,metod,score\n": ", line 1: there is no column 'method'; the columns are 'rater', 'image', "
    "'metod', 'score'; is 'metod' meant?",
    "\nimage,method,score,\n": ", line 2: there is no column 'rater'; the columns are 'image', 'method', "
    "'score'",
    "rater|image|method\n": ", line 1: there is no column 'rater'; the columns are 'rater|image|method'; "
    "commas, semicolons or tabs may separate columns",
    "a,b,c,d,e,f,g,h,i,j,k,l,m": ", line 1: there is no column 'rater'; the columns are 'a', 'b', 'c', 'd', "
    "'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', …",
    "rater,image,method,vote\n": f", line 1: {NO_SCORES}; the columns are 'rater', 'image', 'method', 'vote'",
    "rater,image,method,scores\n": f", line 1: {NO_SCORES}; the columns are 'rater', 'image', 'method', "
    "'scores'; is 'scores' meant?",
    "rater,image,method,test_score\n": ", line 1: there is no column 'reference_score'; the columns are "
    "'rater', 'image', 'method', 'test_score'",
    "rater,image,method,score,Score\n": ", line 1: the column 'score' stands there more than once",
    "rater,image,method,score,kind,kind\n": ", line 1: the column 'kind' stands there more than once",
    (HEADING + "철수,i,m,1\n").encode() + b"\xb1,i,m,1\n": f", line 3: the byte 0xB1 {OTHERWISE}",
    (HEADING.strip() + ",비고\na,i,m,1,\n").encode("cp949"): f", line 1: the byte 0xBA {OTHERWISE}",
    (HEADING.strip() + ',note\na,i,m,1,"x\ny').encode() + b"\xb1": f", line 3: the byte 0xB1 {OTHERWISE}",
    HEADING + "a,i,m,\n,i,m,1\n": ", line 3: the column 'rater' is empty",
    HEADING.encode() + b"\xe2\x82": f", line 2: the byte 0xE2 {OTHERWISE}",
    b"\xff\xfe" + (HEADING + "a").encode("utf-16-le") + b"\0": ", line 2: the byte 0x00 is not utf-16-le; "
    "another encoding is right, or the file is damaged",
}


@pytest.mark.parametrize("content", BAD_FILES)
@pytest.mark.parametrize("block", [7, 2**23])
def test_a_file_that_is_no_table_of_votes_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch, content: str | bytes, block: int
) -> None:
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", block)
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read_votes(write(content))
    assert str(refused.value) == f"votes.csv{BAD_FILES[content]}"


@pytest.mark.parametrize("encoding", ["utf-9", "hex"])
def test_an_encoding_that_is_none_is_refused(write: Write, encoding: str) -> None:
    with pytest.raises(ValueError, match=f"^encoding '{encoding}' is not known; utf-8, utf-16, cp949 and"):
        read_votes(write(HEADING), encoding=encoding)


def test_what_cannot_be_opened_is_refused_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, sentence in {
        tmp_path: f"{str(tmp_path)!r} is a folder and not a CSV file",
        tmp_path / "none.csv": f"there is no file {str(tmp_path / 'none.csv')!r}",
        tmp_path / "file" / "a": f"{str(tmp_path / 'file' / 'a')!r} cannot be read: Not a directory",
    }.items():
        with pytest.raises(ValueError) as refused:  # noqa: PT011
            read_votes(path)
        assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("x" * 3000, "line 3: a line of over 1000 bytes is no row of a table"),
        (f'b,"{"x" * 3000}', f"line 3: a quotation mark is opened and not closed in 'b,\"{'x' * 57}…'"),
    ],
)
def test_a_line_without_end_is_not_waited_for(
    write: Write, monkeypatch: pytest.MonkeyPatch, row: str, sentence: str
) -> None:
    monkeypatch.setattr("ratings.analysis.csvrecords.LONGEST_RECORD_BYTES", 1000)
    monkeypatch.setattr(csvdialect, "BLOCK_BYTES", 100)
    told: list[int] = []
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read_votes(write(f"{HEADING}a,i,m,1\n{row}"), progress=lambda done, size: told.append(done))
    assert str(refused.value) == f"votes.csv, {sentence}"
    assert max(told) < 1300


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HEADING,
            "line 1: there is no column 'method_a'; the columns are 'rater', 'image', 'method', 'score'; is "
            "'method' meant?",
        ),
        (
            PAIRED.replace(",choice", ""),
            "line 1: there is no column 'choice'; the columns are 'rater', 'image', 'method_a', 'method_b'",
        ),
        (PAIRED + "a,i,,y,a\n", "line 2: the column 'method_a' is empty"),
    ],
)
def test_what_is_no_table_of_choices_is_refused(write: Write, text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read_choices(write(text))
    assert str(refused.value) == f"votes.csv, {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "image,method,vif\na,x,1\nb,x,2\na,x,3\n",
            ", line 4: image 'a' by method 'x' stands here again, after line 2",
        ),
        ("image,method,vif\na,x,1\na,y,?\n", f", line 3: vif '?' is not a number; {LEAVE_EMPTY}"),
        ("image,method,vif\na,x,inf\n", ", line 2: vif 'inf' is not a finite number"),
        ("image,vif\na,1\n", ", line 1: there is no column 'method'; the columns are 'image', 'vif'"),
        ("image,method,vif,VIF\na,x,1,1\n", ", line 1: the column 'vif' stands there more than once"),
        ("image,method,seconds\na,x,1\n", " has no metric: no column but image and method holds a number"),
    ],
)
def test_what_is_no_table_of_metrics_is_refused(write: Write, text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read_metrics(write(text))
    assert str(refused.value) == f"votes.csv{sentence}"
