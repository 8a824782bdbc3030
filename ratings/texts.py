"""What a rater reads when a study's maker has written nothing of their own.

The English stands in the database with the study; where it is one of these, the catalogue translates it.
"""

from django.utils.translation import gettext_noop

CONSENT = gettext_noop(
    """\
You are invited to judge the quality of pictures. You will see pictures and say how good they look to you. \
There are no right answers.

We store your answers, how long each took, and the size and pixel ratio of your window, under a random \
name. We store neither your name nor your address on the network. Taking part is voluntary: you may stop \
at any time by closing the page, and you may withdraw later with the link at the foot of each page."""
)

INSTRUCTIONS = {
    "dscqs": gettext_noop(
        """\
Each page shows two pictures of the same scene, A and B. Judge each of them by itself, for its overall \
quality: how sharp, how natural, how free of disturbing traces it looks.

Set both sliders. Each runs from 0 (bad) to 100 (excellent), and every place between the words counts. \
Either picture may be the better one, and they may be equally good.

Keep your usual distance from the screen, leave the page's zoom at 100 %, and take the time you need. \
With the keyboard, Tab goes from slider to slider, the arrow keys move it, and Enter confirms."""
    ),
    "dsis": gettext_noop(
        """\
Each page shows two pictures of the same scene. The first is the reference. Say how much the second \
differs from it, and how much that difference annoys you.

Choose one of the five answers. If you see no difference, choose "Imperceptible".

Keep your usual distance from the screen, leave the page's zoom at 100 %, and take the time you need. \
With the keyboard, Tab goes to the answers, the arrow keys choose one, and Enter confirms."""
    ),
    "acr_hr": gettext_noop(
        """\
Each page shows one picture. Judge its overall quality: how sharp, how natural, how free of disturbing \
traces it looks.

Choose one of the five answers, from excellent to bad. Judge each picture by itself, and not by those \
before it.

Keep your usual distance from the screen, leave the page's zoom at 100 %, and take the time you need. \
With the keyboard, Tab goes to the answers, the arrow keys choose one, and Enter confirms."""
    ),
    "pc": gettext_noop(
        """\
Each page shows two pictures of the same scene, A and B. Say which of them looks better to you: \
sharper, more natural, freer of disturbing traces. If you are not sure, choose the one that you would \
rather look at.

Keep your usual distance from the screen, leave the page's zoom at 100 %, and take the time you need. \
With the keyboard, Tab goes to the answers, the arrow keys choose one, and Enter confirms."""
    ),
}
