"""Addresses: the researcher's results, the rater's study, the admin, health."""

from django.contrib import admin
from django.urls import include, path

from srstudy import health

admin.site.site_header = admin.site.site_title = "SRStudy"
admin.site.index_title = "Studies, stimuli, runs, raters, ratings"

urlpatterns = [
    path("", include("ratings.urls")),
    path("admin/", admin.site.urls),
    path("health/live", health.alive, name="alive"),
    path("health/ready", health.ready, name="ready"),
]
