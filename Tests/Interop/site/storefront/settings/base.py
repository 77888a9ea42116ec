"""Settings of every deployment. What differs between two runs comes from the environment."""
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]


def env(name: str, default: str = "") -> str:
    """A setting of this run."""
    return os.environ.get("STOREFRONT_" + name, default)


DEBUG = False
SECRET_KEY = "not a secret: the storefront exists for tests"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "shop.example"]
ROOT_URLCONF = "storefront.urls"
WSGI_APPLICATION = "storefront.wsgi.application"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
LOGIN_REDIRECT_URL = "/account/"

INSTALLED_APPS = [
    # First, so that its mail templates win over those of django.contrib.auth.
    "shop",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "storefront.middleware.CurrentShop",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ],
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": env("DB_NAME", "storefront"),
        "USER": env("DB_USER", "storefront"),
        "HOST": env("DB_HOST", "/var/run/postgresql"),
        "PORT": env("DB_PORT", "5432"),
        # 0: a connection per request, Django's default. "keep": one connection per thread for ever, as busy sites do.
        "CONN_MAX_AGE": None if env("DB_CONNECTIONS") == "keep" else 0,
    }
}

EMAIL_BACKEND = "storefront.mail.LedgerBackend"
EMAIL_HOST = env("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = int(env("EMAIL_PORT", "2525"))
EMAIL_TIMEOUT = 20
EMAIL_SUBJECT_PREFIX = env("SUBJECT_PREFIX", "[Storefront] ")
SERVER_EMAIL = env("SERVER_EMAIL", "django@shop.example")
DEFAULT_FROM_EMAIL = env("FROM_EMAIL", "Storefront <hello@shop.example>")
ADMINS = [(address.split("@")[0], address) for address in env("ADMINS", "admins@shop.example").split(",")]
# Where mail.LedgerBackend keeps its books; empty: no books.
MAIL_LEDGER = env("MAIL_LEDGER")
MAIL_HOSTNAME = env("MAIL_HOSTNAME")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {
        "mail_admins": {
            "level": "ERROR",
            "class": "django.utils.log.AdminEmailHandler",
            "include_html": env("INCLUDE_HTML") == "1",
        },
    },
    "loggers": {
        "django": {"handlers": ["mail_admins"], "level": "INFO"},
        "shop": {"handlers": ["mail_admins"], "level": "INFO"},
    },
}
