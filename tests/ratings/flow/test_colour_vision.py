"""Colour vision: six plates, judged on the server, with every answer stored."""

import pytest

from ratings import invites
from ratings.flow.base import seed_of
from ratings.vision.plates import Plate, make_series
from tests.ratings.flow.conftest import stored


@pytest.fixture
def series(person) -> tuple[Plate, ...]:
    return make_series(seed_of(person, "colour_vision"))


def read_all(series: tuple[Plate, ...]) -> dict[str, str]:
    return {f"number_{number}": plate.text for number, plate in enumerate(series, start=1)}


def test_six_plates_read_are_stored_with_their_answers(send, person, series):
    assert send("colour_vision", **read_all(series)).status_code == 302
    found = stored(person, "colour_vision")
    assert (found["read"], found["of"], found["suspected"]) == (6, 6, "")
    assert found["plates"] == [
        {"kind": plate.kind, "text": plate.text, "answer": plate.text} for plate in series
    ]


def test_plates_of_one_kind_without_a_number_make_a_deficiency_likely(send, person, series):
    answers = read_all(series)
    for number, plate in enumerate(series, start=1):
        if plate.kind == "deutan":
            del answers[f"number_{number}"]
            answers[f"nothing_{number}"] = "yes"
    send("colour_vision", **answers)
    found = stored(person, "colour_vision")
    assert (found["read"], found["suspected"]) == (4, "red-green")
    assert [plate["answer"] for plate in found["plates"]].count("") == 2


@pytest.mark.parametrize("digits", ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"])
def test_digits_of_another_script_are_digits(send, person, series, digits):
    send(
        "colour_vision",
        **{name: "".join(digits[int(d)] for d in text) for name, text in read_all(series).items()},
    )
    assert stored(person, "colour_vision")["read"] == 6


def test_a_number_counts_even_where_none_is_marked_too(send, person, series):
    send("colour_vision", **read_all(series), nothing_1="yes")
    assert stored(person, "colour_vision")["read"] == 6


def test_a_plate_passed_over_is_named(send, person, series):
    answers = read_all(series)
    del answers["number_4"]
    response = send("colour_vision", **answers)
    assert response.status_code == 400
    assert "Please give the number on plate 4, or mark that you see none." in response.content.decode()
    assert stored(person, "colour_vision") is None


def test_a_long_text_is_no_number(send, person, series):
    response = send("colour_vision", **read_all(series) | {"number_2": "1" * 21})
    assert response.status_code == 400
    assert stored(person, "colour_vision") is None


def test_the_page_tells_no_number(client, careful, series):
    page = client.get(f"{invites.invite_path(careful)}steps/colour_vision").content.decode()
    # The first plate of a series is always a control; of the others not even that is told.
    assert not any(word in page for word in ("control", "protan", "deutan"))
    fields = page.split('<div class="plates">')[1].split("</form>")[0]
    same = {fields.count(f"checks/colour_vision/{number}.png") for number in range(1, 7)}
    assert same == {1}
    assert 'value=""' in fields
    assert not any(f'value="{plate.text}"' in fields for plate in series)
