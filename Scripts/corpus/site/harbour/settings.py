import os

SECRET_KEY = 'not-a-secret'
DEBUG = False
ALLOWED_HOSTS = ['harbour.example.org']
ADMINS = [('Admin', 'admin@example.org')]
SERVER_EMAIL = 'django@harbour.example.org'
EMAIL_SUBJECT_PREFIX = '[Harbour] '
EMAIL_BACKEND = 'mailwriter.EmailBackend'
ROOT_URLCONF = 'harbour.urls'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions', 'berths', 'tariffs']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware', 'harbour.middleware.TenantMiddleware']
SESSION_ENGINE = 'django.contrib.sessions.backends.db'
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
USE_TZ = True
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}]
DATABASES = {
    'default': {'ENGINE': 'django.db.backends.' + os.environ.get('ENGINE', 'postgresql'), 'NAME': 'harbour',
                'USER': 'harbour', 'HOST': '127.0.0.1', 'PORT': os.environ.get('PGPORT', '5432')},
    'local': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'},
}
LOGGING = {
    'version': 1,
    'disable_existing_loggers': False,
    'handlers': {'mail': {'class': 'django.utils.log.AdminEmailHandler', 'level': 'ERROR',
                          'include_html': os.environ.get('INCLUDE_HTML') == '1'}},
    'root': {'handlers': ['mail'], 'level': 'ERROR'},
    'loggers': {'django': {'handlers': [], 'propagate': True}},
}
