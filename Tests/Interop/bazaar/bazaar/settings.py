"""Settings of a site whose errors quote its visitors. What differs between two runs comes from the environment."""
import os

import django

LAYOUT = os.environ.get("BAZAAR_LAYOUT", "django")

DEBUG = False
SECRET_KEY = "not a secret: the bazaar exists for tests"
ALLOWED_HOSTS = ["bazaar.example"]
ROOT_URLCONF = "bazaar.urls"
INSTALLED_APPS = ["bazaar"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "bazaar.middleware.NamedVisitor"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["BAZAAR_DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
APPEND_SLASH = False

EMAIL_SUBJECT_PREFIX = "[Bazaar] "
SERVER_EMAIL = "django@bazaar.example"
ADMINS = ["admins@bazaar.example"] if django.VERSION >= (6, 0) else [("Admins", "admins@bazaar.example")]

MAIL_ADMINS = {
    "level": "ERROR", "class": "django.utils.log.AdminEmailHandler",
    "include_html": os.environ.get("BAZAAR_HTML") == "1"}
if LAYOUT != "django":
    MAIL_ADMINS["reporter_class"] = "bazaar.reporters.%sReporter" % LAYOUT.title()

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "mail_admins": MAIL_ADMINS,
        # Python's own handler, for what runs outside of requests.
        "smtp": {
            "level": "ERROR", "class": "logging.handlers.SMTPHandler", "formatter": "plain",
            "mailhost": "127.0.0.1", "fromaddr": "worker@bazaar.example", "toaddrs": ["admins@bazaar.example"],
            "subject": "[Bazaar] ERROR in a worker"},
    },
    "loggers": {
        "django": {"handlers": ["mail_admins"], "level": "INFO", "propagate": False},
        "bazaar": {"handlers": ["mail_admins"], "level": "INFO", "propagate": False},
        "worker": {"handlers": ["smtp"], "level": "INFO", "propagate": False},
    },
}
