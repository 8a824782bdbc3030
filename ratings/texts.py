"""What a rater reads when a study's maker has written nothing of their own.

The English stands in the database with the study; where it is one of these, the catalogue translates it.
"""

from django.utils.translation import gettext, gettext_noop

TITLE = gettext_noop("Picture quality study")

CONSENT = gettext_noop(
    """\
You are invited to judge the quality of pictures. You will see pictures and say how good they look to you. \
There are no right answers.

We store under a code your answers, when you gave them and how long each took, how often you swapped \
pictures, the size and pixel ratio of your window and screen, whether you used a mouse, a finger or keys, \
how often the page was out of sight, and the language of the pages. We store neither your name nor your \
address on the network. Taking part is voluntary: you may stop at any time by closing the page, and you \
may withdraw later with the link at the foot of each page."""
)

DSCQS = gettext_noop(
    """\
Each page shows two pictures of the same scene, A and B. Judge each of them by itself, for its overall \
quality: how sharp, how natural, how free of disturbing traces it looks.

Set both sliders. Each runs from 0 (bad) to 100 (excellent), and every place between the words counts. \
Either picture may be the better one, and they may be equally good.

Keep your usual distance from the screen, do not change the page's zoom, and take the time you need. \
With the keyboard, Tab goes from slider to slider, the arrow keys move it, and Enter confirms."""
)

DSIS = gettext_noop(
    """\
Each page shows two pictures of the same scene. The first is the reference. Say how much the second \
differs from it, and how much that difference annoys you.

Choose one of the five answers. If you see no difference, choose "Imperceptible".

Keep your usual distance from the screen, do not change the page's zoom, and take the time you need. \
With the keyboard, Tab goes to the answers, the arrow keys choose one, and Enter confirms."""
)

ACR_HR = gettext_noop(
    """\
Each page shows one picture. Judge its overall quality: how sharp, how natural, how free of disturbing \
traces it looks.

Choose one of the five answers, from excellent to bad. Judge each picture by itself, and not by those \
before it.

Keep your usual distance from the screen, do not change the page's zoom, and take the time you need. \
With the keyboard, Tab goes to the answers, the arrow keys choose one, and Enter confirms."""
)

PAIRED_COMPARISON = gettext_noop(
    """\
Each page shows two pictures of the same scene, A and B. Say which of them looks better to you: \
sharper, more natural, freer of disturbing traces. If you are not sure, choose the one that you would \
rather look at.

Keep your usual distance from the screen, do not change the page's zoom, and take the time you need. \
With the keyboard, Tab goes to the answers, the arrow keys choose one, and Enter confirms."""
)

PAIRED_COMPARISON_WITH_TIES = gettext_noop(
    """\
Each page shows two pictures of the same scene, A and B. Say which of them looks better to you: \
sharper, more natural, freer of disturbing traces. If you see no difference, say that both are the same.

Keep your usual distance from the screen, do not change the page's zoom, and take the time you need. \
With the keyboard, Tab goes to the answers, the arrow keys choose one, and Enter confirms."""
)

# What follows the instructions where the pictures do not stand side by side.
OTHER_DISPLAYS = {
    "in_place": gettext_noop(
        "Both pictures stand in one place, and you see one of them at a time: the buttons below show one or "
        "the other, and while you hold the picture down you see the other one. Look at both as often as you "
        "like."
    ),
    "sequential": gettext_noop(
        "The two pictures come one after the other in the same place, and the question comes after them, "
        "when neither is shown any more."
    ),
}


def translated(text: str) -> str:
    """A study's text in the rater's language, as far as it is ours; as its author wrote it otherwise."""
    text = text.replace("\r\n", "\n")  # which a browser's form sends, and the catalogue does not know
    for more in ("", *OTHER_DISPLAYS.values()):
        ours = text.removesuffix(f"\n\n{more}")
        if ours and (not more or ours != text) and gettext(ours) != ours:
            return f"{gettext(ours)}\n\n{gettext(more)}" if more else gettext(ours)
    return text
