"""The pictures between the trials: those that a step draws for its rater, and the examples."""

import io

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe
from PIL import Image

from ratings.flow import STEPS
from ratings.flow.examples import example_png
from ratings.services.showing import FilesChanged
from ratings.views.access import Visit, with_rater


@require_safe
@with_rater
def check_picture(request: HttpRequest, visit: Visit, step: str, number: int) -> HttpResponseBase:
    """One picture of a step: its address has a number alone, and what it shows is drawn for this rater."""
    found = STEPS.get(step)
    pixels = None
    if found is not None and found.is_on(visit.setup):
        pixels = found.picture(visit.known_rater, number)
    if pixels is None:
        raise Http404("There is no such picture.")
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    # Kept by no cache: the address is the same for the next rater in this browser, and the picture is not.
    return _as_png(out.getvalue(), cached="no-store")


@require_safe
@with_rater
def example(request: HttpRequest, visit: Visit, number: int) -> HttpResponseBase:
    """One example of the instructions."""
    try:
        content = example_png(visit.study, number)
    except FilesChanged:
        content = None
    if content is None:
        raise Http404("There is no such picture.")
    return _as_png(content, cached="max-age=600")


def _as_png(content: bytes, *, cached: str) -> HttpResponse:
    response = HttpResponse(content, content_type="image/png")
    response["Content-Disposition"] = 'inline; filename="image.png"'
    response["Cache-Control"] = f"private, {cached}"
    return response
