"""The door for gunicorn; refuses at once, in a sentence, a database that this code does not fit."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "srstudy.settings")
application = get_wsgi_application()

from srstudy.database import refuse_unready_database  # noqa: E402  needs the settings above
from srstudy.errors import Failed, Refused  # noqa: E402

try:
    refuse_unready_database()
except (Refused, Failed) as refused:
    sys.stderr.write(f"{refused}\n")
    # gunicorn takes status 3 of a worker for "cannot boot" and stops instead of trying for ever.
    raise SystemExit(3) from None
