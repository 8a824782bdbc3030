"""Django's settings, each read from the environment or the file .env and refused there when wrong."""

import secrets
import sys
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from dotenv import load_dotenv

from srstudy.env import Environment, SettingRefused
from srstudy.logs import LEVELS, logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env", override=False)
env = Environment()
PREPARE_AFTER = 5  # times that a connection has run a statement
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]


def _sqlite_options(timeout_s: int) -> dict[str, Any]:
    # IMMEDIATE takes the write lock where a transaction begins, so two writers queue instead of one
    # of them failing half way; FULL makes an acknowledged rating survive a power cut. No mmap_size:
    # a file that shrinks under a mapping kills the process.
    return {
        "transaction_mode": "IMMEDIATE",
        "timeout": timeout_s,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }


def _database(address_name: str) -> dict[str, Any]:
    parsed = env.database(address_name, f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
    if parsed["ENGINE"] == "django.db.backends.sqlite3":
        name = Path(str(parsed["NAME"]))
        parsed["NAME"] = name
        parsed["OPTIONS"] = _sqlite_options(env.integer("DATABASE_TIMEOUT_S", 20, minimum=1, maximum=300))
        # A file and not memory, so that tests meet the locks that users meet.
        parsed["TEST"] = {"NAME": name.with_name(f"test-{name.name}")}
    else:
        parsed["CONN_MAX_AGE"] = 60
        parsed["CONN_HEALTH_CHECKS"] = True
        # For the few statements that ask for it, see `srstudy.database.planned_cursor`.
        threshold = PREPARE_AFTER if env.flag("PREPARED_STATEMENTS", default=True) else None
        parsed.setdefault("OPTIONS", {})["prepare_threshold"] = threshold
    return parsed


try:
    DEBUG = env.flag("DEBUG", default=False)
    # Without a secret a process still starts (tests, --help, a first look), but with one of its own
    # that no cookie outlives; the deployment check refuses that for a real server.
    SECRET_KEY_IS_GENERATED = not env.text("SECRET_KEY", "")
    SECRET_KEY = env.secret("SECRET_KEY", minimum_length=50, placeholder=secrets.token_urlsafe(50))
    ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
    CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
    HTTPS = env.flag("HTTPS", default=False)
    BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)
    MEDIA_ROOT = env.folder("MEDIA_ROOT", BASE_DIR / "media")
    DATA_ROOT = env.folder("DATA_ROOT", BASE_DIR / "data")
    STATIC_ROOT = env.folder("STATIC_ROOT", BASE_DIR / "staticfiles")
    LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "en", [code for code, _name in LANGUAGES])
    TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
    SIGN_IN_FAILURES = env.integer("SIGN_IN_FAILURES", 5, minimum=1, maximum=100)
    LOGGING = logging_settings(env.choice("LOG_LEVEL", "WARNING", LEVELS))
    # Of the account `admin` that quickstart makes; empty where somebody made their own.
    ADMIN_PASSWORD = env.text("ADMIN_PASSWORD", "")
    DATABASES = {"default": _database("DATABASE_URL")}
except SettingRefused as refused:
    sys.stderr.write(f"{refused}\n")
    raise SystemExit(2) from None

INSTALLED_APPS = [
    "srstudy",
    "distillation",
    "ratings",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Each process its own: what is kept there is read again where it is not found.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

ROOT_URLCONF = "srstudy.urls"
WSGI_APPLICATION = "srstudy.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
AXES_FAILURE_LIMIT = SIGN_IN_FAILURES
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False

USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "srstudy.storage.StaticFiles"},
}
# In development and tests files are served from where they lie, without `collectstatic`.
WHITENOISE_USE_FINDERS = DEBUG or "pytest" in sys.modules
if WHITENOISE_USE_FINDERS:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "ratings.views.access.without_cookies"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
# A rater's address holds the invite: no other site, and no log of one, gets it.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
