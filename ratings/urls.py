"""Addresses of the second half: results for researchers, `/s/<invite>/` for raters."""

from django.urls import path

from ratings.views import answers, rater, results

app_name = "ratings"
urlpatterns = [
    path("", results.studies, name="studies"),
    path("studies/<slug:slug>/", results.study, name="results"),
    path("studies/<slug:slug>/methods.svg", results.figure, name="figure"),
    path("studies/<slug:slug>/files/<str:name>", results.table, name="file"),
    path("s/<str:invite>/", rater.consent, name="consent"),
    path("s/<str:invite>/instructions", rater.instructions, name="instructions"),
    path("s/<str:invite>/trial", rater.trial, name="trial"),
    path("s/<str:invite>/trials/<str:token>/answer", answers.AnswerView.as_view(), name="answer"),
    path("s/<str:invite>/images/<str:token>", rater.image, name="image"),
    path("s/<str:invite>/done", rater.done, name="done"),
]
