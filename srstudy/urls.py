"""Addresses: the researcher's results, the rater's study, the admin, health."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path

from srstudy import health

admin.site.site_header = admin.site.site_title = "SRStudy"
admin.site.index_title = "Studies, stimuli, runs, raters, ratings"


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Browsers ask for this name on pages that name no icon, such as the admin's."""
    return HttpResponseRedirect(static("icon.svg"))


urlpatterns = [
    path("", include("ratings.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon),
    path("health/live", health.alive, name="alive"),
    path("health/ready", health.ready, name="ready"),
]

handler404 = "ratings.views.access.not_found"
