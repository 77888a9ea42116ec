"""The other database of the bazaar, whose driver is a stand-in."""
import psycopg
from django.db.utils import DatabaseErrorWrapper


class _Wrapper:
    Database = psycopg
    errors_occurred = False


def query(statement, error):
    """Asks the database, which answers with this error; Django wraps it as it wraps those of each driver."""
    with DatabaseErrorWrapper(_Wrapper()):
        psycopg.Cursor().execute(statement, error)
