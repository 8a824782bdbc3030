"""What a rater reads when a study's maker has written nothing of their own."""

CONSENT = """\
You are invited to judge the quality of pictures. You will see pairs of pictures and say how good each \
looks to you. There are no right answers.

We store your scores, how long each took, and the size and pixel ratio of your window, under a random \
name. We store neither your name nor your address on the network. Taking part is voluntary: you may stop \
at any time by closing the page."""

INSTRUCTIONS = """\
Each page shows two pictures of the same scene, A and B. Judge each of them by itself, for its overall \
quality: how sharp, how natural, how free of disturbing traces it looks.

Set both sliders. Each runs from 0 (bad) to 100 (excellent), and every place between the words counts. \
Either picture may be the better one, and they may be equally good.

Keep your usual distance from the screen, leave the page's zoom at 100 %, and take the time you need. \
With the keyboard, Tab goes from slider to slider, the arrow keys move it, and Enter confirms."""
