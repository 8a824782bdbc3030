"""Addresses of the second half: results for researchers, `/s/<invite>/` for raters."""

from django.urls import path

from ratings.views import answers, checks, flow, personal, rater, results

app_name = "ratings"
urlpatterns = [
    path("", results.studies, name="studies"),
    path("studies/<slug:slug>/", results.study, name="results"),
    path("studies/<slug:slug>/methods.svg", results.figure, name="figure"),
    path("studies/<slug:slug>/files/<str:name>", results.table, name="file"),
    path("s/<str:invite>/", rater.consent, name="consent"),
    path("s/<str:invite>/start", rater.start, name="start"),
    path("s/<str:invite>/steps/<slug:name>", flow.step, name="step"),
    path("s/<str:invite>/checks/<slug:step>/<int:number>.png", checks.check_picture, name="check-picture"),
    path("s/<str:invite>/examples/<int:number>.png", checks.example, name="example"),
    path("s/<str:invite>/instructions", rater.instructions, name="instructions"),
    path("s/<str:invite>/trial", rater.trial, name="trial"),
    path("s/<str:invite>/pause", flow.pause, name="pause"),
    path("s/<str:invite>/upcoming", answers.UpcomingView.as_view(), name="upcoming"),
    path("s/<str:invite>/trials/<slug:token>/answer", answers.AnswerView.as_view(), name="answer"),
    path("s/<str:invite>/images/<slug:token>", rater.image, name="image"),
    path("s/<str:invite>/done", rater.done, name="done"),
    path("s/<str:invite>/another", personal.another, name="another"),
    path("s/<str:invite>/elsewhere", personal.elsewhere, name="elsewhere"),
    path("s/<str:invite>/go-on/<str:token>", personal.go_on, name="go-on"),
    path("s/<str:invite>/withdraw", personal.withdraw, name="withdraw"),
]
