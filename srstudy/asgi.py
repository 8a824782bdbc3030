"""The door for an ASGI server, for those who have one; the project itself is served through WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "srstudy.settings")
application = get_asgi_application()
