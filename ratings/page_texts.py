"""The sentences that the script of the trial page shows, in the language of the page."""

from django.utils.translation import gettext


def trial_texts() -> dict[str, str]:
    """Sentences by the names that static/js/trial.js knows them by; it fills in what stands in braces."""
    return {
        "loading": gettext("Loading …"),
        "unset": gettext("not set yet"),
        "said": gettext("{score}, {term}"),
        "set_both": gettext("Set both sliders to go on."),
        "choose": gettext("Choose an answer to go on."),
        "see_both": gettext("Look at both pictures to go on."),
        "look": gettext("Look at the pictures; the question comes after them."),
        "next_picture": gettext("Next picture"),
        "give_answer": gettext("Give your answer"),
        "narrow": gettext(
            "Your window is {pixels} pixels too narrow to show both pictures at once. Please make it wider."
        ),
        "narrow_one": gettext(
            "Your window is {pixels} pixels too narrow to show the whole picture. Please make it wider."
        ),
        "window_changed": gettext("The size or the zoom of your window changed, so this is shown again."),
        "not_loaded": gettext("A picture could not be loaded. Trying again …"),
        "not_stored": gettext("Your rating is not stored yet, because the server does not answer."),
        "no_connection": gettext("Your rating is not stored yet, because there is no connection."),
        "kept": gettext("It is kept in this browser and sent again in {seconds} s."),
        "kept_until_back": gettext("It is kept in this browser and sent again when the connection is back."),
        "kept_here": gettext("It is kept here and sent again in {seconds} s; please leave this page open."),
        "used_up": gettext("Waiting for the connection; the next pictures come when it is back."),
        "no_upcoming": gettext(
            "Waiting for the connection; the next pictures are asked for again in {seconds} s."
        ),
        "refused": gettext(
            "Your rating is not stored, because the server did not accept it. Please give it again. {reason}"
        ),
    }
