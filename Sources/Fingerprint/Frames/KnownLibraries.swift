import MailMessage

/// The names of packages that are libraries wherever they are installed.
///
/// Most frames show it by their path (`site-packages`, `lib/python3.11`). This table is for layouts that do not:
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

  /// The applications that are libraries, known since version 4, where other applications that the site lists count as
  /// its own.
  private static let applications: Set<String> = [
    "_pytest", "actstream", "admin_interface", "adminsortable", "adminsortable2", "adrf", "adyen", "aioredis",
    "ajax_select", "algoliasearch", "algoliasearch_django", "ansible", "anthropic", "apns2", "apscheduler", "argon2",
    "async_timeout", "auditlog", "authlib", "autocomplete_light", "autoslug", "avatar", "axes", "babel",
    "background_task", "barcode", "bcrypt", "bleach", "bootstrap3", "bootstrap4", "bootstrap5",
    "bootstrap_datepicker_plus", "bootstrapform", "boto", "braintree", "cache_machine", "cacheback", "captcha",
    "celery_progress", "celerybeat_status", "ckeditor", "ckeditor_uploader", "cloudinary", "cloudinary_storage",
    "colorfield", "concurrent_log_handler", "confluent_kafka", "consul", "cookie_consent", "cookielaw",
    "crispy_bootstrap3", "crispy_bootstrap4", "crispy_bootstrap5", "crum", "csp", "cssselect2", "dal", "dal_select2",
    "datadog", "dbbackup", "dbtemplates", "ddf", "defender", "defusedxml", "discord", "dj_rest_auth",
    "django_prometheus", "django_valkey", "djangoql", "djcelery", "djcelery_email", "djmoney", "djoser", "djstripe",
    "docker", "docutils", "docx", "dropbox", "dynamic_preferences", "embed_video", "encrypted_fields",
    "encrypted_model_fields", "et_xmlfile", "etcd3", "eventtools", "exceptiongroup", "explorer", "extra_views",
    "fabric", "faker", "fcm_django", "fernet_fields", "filebrowser", "filer", "firebase_admin", "fitz", "flower",
    "fontawesome_free", "fontTools", "freezegun", "frozenlist", "fsm_admin", "geoip2", "geoposition", "geopy",
    "github", "gitlab", "googleapiclient", "graphiql", "grappelli", "gspread", "hashid_field", "hcaptcha",
    "health_check", "hijack", "hijack_admin", "hiredis", "honeypot", "httptools", "hvac", "hvad", "hypothesis",
    "icalendar", "impersonate", "itsdangerous", "jazzmin", "jet", "jira", "jose", "jsoneditor", "jsonfield", "kafka",
    "knox", "kubernetes", "leaflet", "livereload", "lockdown", "logentry_admin", "loginas", "logstash", "loguru",
    "lxml_html_clean", "mailqueue", "maintenance_mode", "markdown", "markdown2", "markdownx", "martor", "massadmin",
    "matplotlib", "maxminddb", "meilisearch", "minio", "mistune", "modelcluster", "modeltranslation", "mollie",
    "mozilla_django_oidc", "multidict", "multiselectfield", "nats", "nested_admin", "nested_inline", "networkx",
    "nh3", "nose", "oauth_toolkit", "odf", "oidc_provider", "openai", "ordered_model", "packaging", "paho", "parler",
    "passlib", "paypalrestsdk", "pdfminer", "pexpect", "pghistory", "pgtrigger", "pikepdf", "pipeline", "plaid",
    "pluggy", "pptx", "procrastinate", "prometheus_client", "psqlextra", "psutil", "pure_pagination",
    "push_notifications", "pwa", "pyasn1", "pydyf", "pyfcm", "pygments", "pymssql", "pypdf", "PyPDF2", "pyproj",
    "pysolr", "pytest", "pythonjsonlogger", "qr_code", "qrcode", "queued_storage", "rangefilter", "ratelimit",
    "redis_sessions", "redisboard", "rest_auth", "rest_registration", "robots", "rosetta", "rsa", "safedelete",
    "sass_processor", "schema_graph", "scipy", "segno", "sekizai", "select2", "sesame", "shapely", "shortuuidfield",
    "sitetree", "sklearn", "smart_selects", "sniffio", "sniplates", "softdelete", "solo", "sortedm2m", "sphinx",
    "sqlparse", "statici18n", "statsd", "stomp", "structlog", "suit", "summernote", "tagging", "tastypie", "telegram",
    "tellme", "tenant_schemas", "tensorflow", "threadlocals", "tinycss2", "tinymce", "torch", "translated_fields",
    "turbo_helper", "turnstile", "typesense", "typing_extensions", "unfold", "user_agents", "userena", "valkey",
    "versatileimagefield", "viewflow", "vobject", "watchfiles", "watchgod", "watchman", "watson", "webpack_loader",
    "webpush", "websockets", "widget_tweaks", "xadmin", "xlrd", "xlwt", "yarl", "zinnia", "zmq",
  ]

  private static let instrumentation = [
    "sentry_sdk", "raven", "newrelic", "opentelemetry", "debug_toolbar", "ddtrace", "elasticapm", "silk", "scout_apm",
    "rollbar", "bugsnag", "honeybadger", "wrapt",
  ]

  /// The hashes of the names, so that a lookup does not create a String.
  private static let hashes = Set(names.map { hash(Array($0.utf8).span, 0..<$0.utf8.count) })
  private static let applicationHashes = Set(applications.map { hash(Array($0.utf8).span, 0..<$0.utf8.count) })
  /// The hashes of the instrumentation packages: so few that a linear search is faster than a set.
  private static let instrumentationHashes = instrumentation.map { hash(Array($0.utf8).span, 0..<$0.utf8.count) }

  static func contains(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    hashes.contains(hash(text, name))
  }

  /// True for the packages of `contains` and for applications that are published for any site, which are known by name,
  /// or by the way such names begin and end: `django_countries`, `drf_yasg`, `wagtailmenus`, `shop_django`.
  static func isLibrary(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    if contains(text, name) || applicationHashes.contains(hash(text, name)) { return true }
    for prefix: StaticString in ["django", "drf", "rest_framework", "wagtail", "djangocms", "celery", "pytest"]
    where text.has(prefix, at: name.lowerBound, before: name.upperBound) {
      return true
    }
    return text.has("_django", at: name.upperBound - 7, before: name.upperBound)
  }

  /// True for packages that wrap every call and say nothing about an error: `sentry_sdk`, `newrelic` …
  static func isInstrumentation(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    instrumentationHashes.contains(hash(text, name))
  }

  /// The hash of a name (FNV-1a). A collision would take an application's package for a library; with 64 bits that does
  /// not happen in practice.
  private static func hash(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in range {
      value ^= UInt64(text[index])
      value = value &* 0x100_0000_01b3
    }
    return value
  }
}
