"""The project's server with one view more, which stores what it is sent by one INSERT and does nothing else.

Served by gunicorn in place of srstudy.wsgi, behind the same middleware and on the same database.
"""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from srstudy.wsgi import application

__all__ = ["application"]


@csrf_exempt
def store(request: HttpRequest) -> HttpResponse:
    """One INSERT, in a transaction of its own as every statement is."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bare_insert (body) VALUES (%s)", [request.body.decode()])
    return HttpResponse('{"stored":true}', content_type="application/json", status=201)


def _add_address() -> None:
    from srstudy import urls

    urls.urlpatterns.append(path("bare", store))


_add_address()
