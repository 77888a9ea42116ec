import MailMessage

/// Names of packages that are libraries wherever they are installed.
///
/// Most frames say it by their path (`site-packages`, `lib/python3.11`). This table is for the layouts that do not:
/// `/var/task/django/…` (AWS Lambda), `pip install --target`, vendored copies, zip archives.
enum KnownLibraries {
  private static let names: Set<String> = [
    "django", "psycopg2", "psycopg", "psycopg_pool", "psycopg_c", "psycopg_binary", "MySQLdb", "pymysql", "mysql",
    "asyncpg", "sqlalchemy", "cx_Oracle", "oracledb", "pyodbc", "redis", "django_redis", "redis_cache", "pymemcache",
    "pylibmc", "memcache", "celery", "kombu", "amqp", "billiard", "vine", "pika", "django_rq", "rq", "dramatiq",
    "huey", "requests", "urllib3", "httpx", "httpcore", "h11", "anyio", "aiohttp", "certifi", "idna", "chardet",
    "charset_normalizer", "botocore", "boto3", "s3transfer", "google", "grpc", "azure", "stripe", "jwt", "oauthlib",
    "requests_oauthlib", "social_core", "social_django", "allauth", "rest_framework", "rest_framework_simplejwt",
    "django_filters", "graphene", "graphene_django", "graphql", "strawberry", "ninja", "pydantic", "pydantic_core",
    "drf_spectacular", "drf_yasg", "guardian", "mptt", "treebeard", "wagtail", "cms", "haystack", "elasticsearch",
    "elastic_transport", "opensearchpy", "elasticsearch_dsl", "pymongo", "mongoengine", "jinja2", "markupsafe",
    "mako", "lxml", "bs4", "html5lib", "yaml", "PIL", "reportlab", "weasyprint", "openpyxl", "xlsxwriter", "pandas",
    "numpy", "dateutil", "pytz", "gunicorn", "uvicorn", "hypercorn", "daphne", "channels", "channels_redis", "asgiref",
    "uvloop", "starlette", "fastapi", "flask", "werkzeug", "click", "waitress", "gevent", "greenlet", "eventlet",
    "twisted", "tornado", "uwsgi_tasks", "newrelic", "sentry_sdk", "raven", "ddtrace", "opentelemetry", "elasticapm",
    "debug_toolbar", "silk", "scout_apm", "rollbar", "bugsnag", "honeybadger", "wrapt", "decorator", "tenacity",
    "backoff", "simplejson", "ujson", "orjson", "msgpack", "cryptography", "OpenSSL", "nacl", "paramiko", "ldap",
    "ldap3", "django_auth_ldap", "storages", "compressor", "easy_thumbnails", "sorl", "imagekit", "constance",
    "waffle", "import_export", "reversion", "simple_history", "crispy_forms", "formtools", "two_factor", "django_otp",
    "oauth2_provider", "corsheaders", "whitenoise", "cacheops", "cachalot", "model_utils", "polymorphic", "taggit",
    "django_celery_beat", "django_celery_results", "django_extensions", "django_q", "post_office", "anymail",
    "dj_database_url", "environ", "decouple", "pkg_resources", "setuptools", "pip", "six", "attr", "attrs", "cattr",
    "marshmallow", "jsonschema", "zeep", "suds", "phonenumbers", "phonenumber_field", "slack_sdk", "twilio",
    "sendgrid", "mailchimp3", "tablib", "wsgiref", "xmlrpc", "zope", "plone", "mod_wsgi", "_mod_wsgi",
  ]

  private static let instrumentation = [
    "sentry_sdk", "raven", "newrelic", "opentelemetry", "debug_toolbar", "ddtrace", "elasticapm", "silk", "scout_apm",
    "rollbar", "bugsnag", "honeybadger", "wrapt",
  ]

  /// Hashes of the names, so that looking one up makes no String.
  private static let hashes = Set(names.map { hash(Array($0.utf8).span, 0..<$0.utf8.count) })
  /// So few that going through them is faster than a set.
  private static let instrumentationHashes = instrumentation.map { hash(Array($0.utf8).span, 0..<$0.utf8.count) }

  static func contains(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    hashes.contains(hash(text, name))
  }

  /// Packages that wrap every call and say nothing about an error: `sentry_sdk`, `newrelic` …
  static func isInstrumentation(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    instrumentationHashes.contains(hash(text, name))
  }

  /// FNV-1a. A collision would take an application's package for a library; with 64 bits nobody's is.
  private static func hash(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in range {
      value ^= UInt64(text[index])
      value = value &* 0x100_0000_01b3
    }
    return value
  }
}
