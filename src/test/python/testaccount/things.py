"""What an account holds: databases, schemas, what lies in them, roles, and all of it under one lock."""

import collections
import datetime
import itertools
import threading
import time

from fakesnow import macros
from fakesnow.instance import FakeSnow

from testaccount.words import compilation, denied, full, missing, missing_object, plain, Refused


ADMIN_ROLE = "ACCOUNTADMIN"
UTC = datetime.timezone.utc


class Thing:
    """Anything that has an owner and grants."""

    def __init__(self, kind, name, owner, comment=""):
        self.kind, self.name, self.owner, self.comment = kind, name, owner, comment or ""
        self.created = datetime.datetime.now(UTC)
        self.tags = {}
        self.budget = None  # its full name
        # (privilege, kind of grantee, grantee) -> (with grant option, granted by)
        self.grants = {}


class Database(Thing):
    def __init__(self, name, owner):
        super().__init__("DATABASE", name, owner)
        self.schemas = {}
        self.future = {}  # as a schema's


class Schema(Thing):
    def __init__(self, database, name, owner, transient=False, comment="", managed=False):
        super().__init__("SCHEMA", name, owner, comment)
        self.database, self.transient, self.managed = database, transient, managed
        self.parameters = {}  # that are set on the schema itself
        # (name space, name) -> thing; tables and views share one
        self.things = {}
        # (privilege, kind of object, grantee) -> with grant option
        self.future = {}

    @property
    def full_name(self):
        return full(self.database.name, self.name)

    @property
    def retention(self):
        return self.parameters.get("DATA_RETENTION_TIME_IN_DAYS", 1)


class Inner(Thing):
    """What lies in a schema: tables, views, stages, policies and so on."""

    def __init__(self, kind, schema, name, owner, comment="", **attributes):
        super().__init__(kind, name, owner, comment)
        self.schema = schema
        self.__dict__.update(attributes)

    @property
    def full_name(self):
        return full(self.schema.database.name, self.schema.name, self.name)


class Column:
    def __init__(self, name, kind, precision=None, scale=None, length=None, nullable=True, comment=""):
        self.name, self.kind, self.precision, self.scale, self.length = name, kind, precision, scale, length
        self.nullable, self.comment, self.default = nullable, comment or "", None
        self.masking, self.projection, self.tags = None, None, {}
        self.collation = None

    def type_text(self):
        if self.kind == "NUMBER":
            return f"NUMBER({self.precision},{self.scale})"
        if self.collation:
            return f"{self.kind}({self.length}) COLLATE '{self.collation}'"
        if self.kind in ("VARCHAR", "BINARY"):
            return f"{self.kind}({self.length})"
        if self.kind in ("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "TIME"):
            return f"{self.kind}({self.scale})"
        return self.kind

    def duck_type(self):
        return {
            "NUMBER": f"DECIMAL({self.precision},{self.scale})",
            "FLOAT": "DOUBLE",
            "BINARY": "BLOB",
            "TIMESTAMP_NTZ": "TIMESTAMP",
            "TIMESTAMP_LTZ": "TIMESTAMPTZ",
            "TIMESTAMP_TZ": "TIMESTAMPTZ",
            "VARIANT": "JSON",
            "OBJECT": "JSON",
            "ARRAY": "JSON",
        }.get(self.kind, self.kind)


INTEGERS = ("INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT")
SYNONYMS = {
    **{name: ("NUMBER", 38, 0, None) for name in INTEGERS},
    **{name: ("NUMBER", 38, 0, None) for name in ("NUMBER", "DECIMAL", "NUMERIC")},
    **{name: ("FLOAT", None, None, None) for name in ("FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "REAL")},
    **{name: ("VARCHAR", None, None, 16777216) for name in ("VARCHAR", "STRING", "TEXT")},
    **{name: ("VARCHAR", None, None, 1) for name in ("CHAR", "CHARACTER")},
    **{name: ("BINARY", None, None, 8388608) for name in ("BINARY", "VARBINARY")},
    **{name: ("TIMESTAMP_NTZ", None, 9, None) for name in ("TIMESTAMP_NTZ", "DATETIME", "TIMESTAMP")},
    **{name: (name, None, 9, None) for name in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ", "TIME")},
    **{name: (name, None, None, None) for name in ("BOOLEAN", "DATE", "VARIANT", "OBJECT", "ARRAY")},
}


def column_type(name, words):
    kind = words.identifier()
    if kind not in SYNONYMS:
        raise compilation(2040, "42601", f"Unsupported data type '{kind}'.")
    if kind == "DOUBLE":
        words.take("PRECISION")
    column = Column(name, *SYNONYMS[kind])
    if column.kind in ("NUMBER", "VARCHAR", "BINARY", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "TIME"):
        if kind not in INTEGERS and words.take("("):
            first = int(words.next_of("number"))
            second = int(words.next_of("number")) if words.take(",") else 0
            words.expect(")")
            if column.kind == "NUMBER":
                if not 1 <= first <= 38 or second > min(first, 37):
                    raise compilation(1007, "22023", f"invalid type NUMBER({first},{second})")
                column.precision, column.scale = first, second
            elif column.length is not None:
                if not 1 <= first <= (134217728 if column.kind == "VARCHAR" else 67108864):
                    raise compilation(1007, "22023", f"length {first} of type {column.kind} is out of range")
                column.length = first
            elif first > 9:
                raise compilation(1007, "22023", f"precision {first} of type {column.kind} is out of range")
            else:
                column.scale = first
    return column


SPACES = {"TABLE": "TABLE", "VIEW": "TABLE", "DYNAMIC TABLE": "TABLE", "MATERIALIZED VIEW": "TABLE"}


class Account:
    """All there is, under one lock."""

    def __init__(self, password):
        self.lock = threading.RLock()
        self.databases, self.warehouses, self.integrations, self.shares = {}, {}, {}, {}
        self.roles = {name: Thing("ROLE", name, ADMIN_ROLE) for name in (ADMIN_ROLE, "SYSADMIN", "SECURITYADMIN", "PUBLIC")}
        self.parents = {"SYSADMIN": set()}  # role -> roles that it has
        self.users = {"ADMIN": {"password": password, "key": None, "roles": {ADMIN_ROLE}, "default_role": ADMIN_ROLE}}
        self.sessions = {}
        self.row_locks = {}  # table in DuckDB -> session that changes it
        self.unlocked = threading.Condition(self.lock)
        self.itself = Thing("ACCOUNT", "TEST", ADMIN_ROLE)
        self.numbers = itertools.count(1)
        self.dropped = []
        self.duck = FakeSnow().duck_conn
        self.duck.execute(macros.creation_sql("memory"))
        self.duck.execute("CREATE MACRO _as_timestamp(value) AS CAST(value AS TIMESTAMP)")
        self.counter = self.duck.cursor()
        self.queries = collections.deque(maxlen=10000)  # of all sessions, the newest last

    def roles_of(self, role):
        """A role and all that it has."""
        found, rest = set(), [role, "PUBLIC"]
        while rest:
            one = rest.pop()
            if one not in found:
                found.add(one)
                rest.extend(self.parents.get(one, ()))
        return found

    def holds(self, role, thing, *privileges):
        """Whether a role owns a thing, or has one of these privileges on it (any, where none is named)."""
        if role == ADMIN_ROLE:
            return True
        mine = self.roles_of(role)
        return thing.owner in mine or any(
            grantee in mine and (not privileges or privilege in privileges) for privilege, _, grantee in thing.grants
        )

    def require(self, session, thing, *privileges, kind=None):
        if not self.holds(session.role, thing, *privileges):
            name = getattr(thing, "full_name", plain(thing.name))
            if not self.holds(session.role, thing):
                raise missing((kind or thing.kind).capitalize() if thing.kind != "TABLE" else "Object", name)
            raise denied(thing.kind.lower(), thing.name)

    def database(self, session, name=None):
        name = name or session.database
        if name is None:
            raise Refused(90105, "22000", "Cannot perform operation. This session does not have a current database. Call 'USE DATABASE', or use a qualified name.")
        database = self.databases.get(name)
        if database is None or not self.holds(session.role, database):
            raise missing("Database", plain(name))
        return database

    def schema(self, session, parts):
        """A schema by name."""
        if len(parts) > 2:
            raise missing("Schema", full(*parts))
        database = self.database(session, parts[0] if len(parts) == 2 else None)
        schema = database.schemas.get(parts[-1])
        if schema is None or not self.holds(session.role, schema):
            raise missing("Schema", full(database.name, parts[-1]))
        return schema

    def place(self, session, parts):
        """The schema in which an object of a name lies, and its last part."""
        if len(parts) == 1:
            if session.schema is None:
                raise Refused(90106, "22000", "Cannot perform operation. This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name.")
            return self.schema(session, [self.database(session).name, session.schema]), parts[0]
        return self.schema(session, parts[:-1]), parts[-1]

    def find(self, session, kind, parts, *privileges):
        """An object of a schema."""
        space = SPACES.get(kind, kind)
        label = "Object" if space == "TABLE" else kind.capitalize()
        try:
            schema, name = self.place(session, parts)
        except Refused as e:
            if e.code in ("090105", "090106"):
                raise
            database = [session.database] if len(parts) == 2 and session.database else []
            raise missing_object(label, full(*database, *parts)) from None
        thing = schema.things.get((space, name))
        if thing is None or not self.holds(session.role, thing):
            raise missing_object(label, full(schema.database.name, schema.name, name))
        if privileges and not self.holds(session.role, thing, *privileges):
            raise denied(thing.kind.lower(), thing.name)
        return thing

    def forget(self, thing):
        """Drops what a table had in DuckDB, once nobody can be reading it any more."""
        if thing.kind == "TABLE":
            self.dropped.append((time.monotonic(), thing.duck))
        while self.dropped and time.monotonic() - self.dropped[0][0] > 20:
            self.duck.cursor().execute(f'DROP TABLE IF EXISTS "{self.dropped.pop(0)[1]}"')


PARAMETERS = {
    "AUTOCOMMIT": True,
    "TIMEZONE": "America/Los_Angeles",
    "QUERY_TAG": "",
    "LOCK_TIMEOUT": 43200,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172800,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": 0,
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "",
    "SEARCH_PATH": "$current, $public",
    "DATE_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "MULTI_STATEMENT_COUNT": 1,
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ABORT_DETACHED_QUERY": False,
    "TRANSACTION_ABORT_ON_ERROR": False,
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": "READ COMMITTED",
    "USE_CACHED_RESULT": True,
    "WEEK_START": 0,
    "JDBC_QUERY_RESULT_FORMAT": "JSON",
    "JDBC_TREAT_DECIMAL_AS_INT": True,
    "JDBC_TREAT_TIMESTAMP_NTZ_AS_UTC": False,
    "JDBC_USE_SESSION_TIMEZONE": True,
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
    "CLIENT_TELEMETRY_ENABLED": False,
    "CLIENT_RESULT_COLUMN_CASE_INSENSITIVE": False,
    "CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX": False,
    "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
    "CLIENT_VALIDATE_DEFAULT_PARAMETERS": False,
}
INNER_KINDS = [
    ("MATERIALIZED", "VIEW"), ("DYNAMIC", "TABLE"), ("FILE", "FORMAT"), ("MASKING", "POLICY"),
    ("ROW", "ACCESS", "POLICY"), ("AGGREGATION", "POLICY"), ("PROJECTION", "POLICY"), ("JOIN", "POLICY"),
    ("TABLE",), ("VIEW",), ("STAGE",), ("STREAM",), ("PIPE",), ("TASK",), ("TAG",), ("SEQUENCE",), ("FUNCTION",), ("PROCEDURE",),
]  # fmt: skip
# What can be made, listed, granted and dropped here, and does nothing.
IDLE_KINDS = [
    ("PASSWORD", "POLICY"), ("SESSION", "POLICY"), ("AUTHENTICATION", "POLICY"), ("PACKAGES", "POLICY"), ("PRIVACY", "POLICY"),
    ("NETWORK", "RULE"), ("GIT", "REPOSITORY"), ("IMAGE", "REPOSITORY"), ("CORTEX", "SEARCH", "SERVICE"), ("SEMANTIC", "VIEW"),
    ("ALERT",), ("SECRET",), ("NOTEBOOK",), ("STREAMLIT",), ("MODEL",), ("DATASET",), ("CONTACT",),
]  # fmt: skip
INNER_KINDS += IDLE_KINDS


def inner_kind(words):
    for kind in INNER_KINDS:
        if words.take(*kind):
            return " ".join(kind)
    return None


def administer(session):
    if session.role not in (ADMIN_ROLE, "SECURITYADMIN"):
        raise denied("account", "TEST")


def column_named(table, name):
    for column in table.columns:
        if column.name == name:
            return column
    raise compilation(904, "42000", f"invalid identifier '{plain(name)}'")


TEXT, COUNT, TIME = "VARCHAR", "NUMBER", "TIMESTAMP_LTZ"
