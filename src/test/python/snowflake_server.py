"""A Snowflake server for tests, on loopback.

It speaks the protocol of Snowflake's drivers over plain HTTP and keeps everything in memory: rows in DuckDB, and all
else (databases, schemas, grants, comments, policies, stages, load metadata) in the objects below. Queries and DML are
translated by fakesnow; statements about objects are parsed here. What it does not know is an error, never a success.

Names are resolved at each statement, as Snowflake does, and tables lie in DuckDB under names that never change. So a
swap or a rename of schemas is one assignment, which no statement sees half done.

Usage: snowflake_server.py PORT, with the administrator's password in SNOWFLAKE_TEST_PASSWORD and the S3 server that
external stages read from in SNOWFLAKE_TEST_S3. Ends when its standard input does.
"""

import base64
import collections
import datetime
import decimal
import glob
import gzip
import hashlib
import io
import itertools
import json
import os
import re
import secrets
import socket
import sys
import threading
import time
import traceback
import urllib.parse
import uuid
import zlib
import zoneinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import botocore.config
import botocore.exceptions
import duckdb
import fakesnow.transforms
import jwt
import pyarrow as pa
import pyarrow.parquet
import sqlglot.errors
from cryptography.hazmat.primitives import serialization
from fakesnow import macros
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from fakesnow.instance import FakeSnow
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

ADMIN_ROLE = "ACCOUNTADMIN"
IDLE_SECONDS = float(os.environ.get("SNOWFLAKE_TEST_IDLE_SECONDS", "300"))
UTC = datetime.timezone.utc


class Refused(Exception):
    """What Snowflake would answer with an error: its code, SQL state and message."""

    def __init__(self, code, state, message):
        super().__init__(message)
        self.code, self.state, self.message = f"{code:06d}", state, message


def compilation(code, state, message):
    return Refused(code, state, "SQL compilation error:\n" + message)


def syntax(near, position):
    return compilation(1003, "42000", f"syntax error line 1 at position {position} unexpected '{near}'.")


def missing(kind, name):
    return compilation(2043 if kind == "Object" else 2003, "02000", f"{kind} '{name}' does not exist or not authorized.")


def denied(what, name):
    return Refused(3001, "42501", f"SQL access control error:\nInsufficient privileges to operate on {what} '{name}'.")


# Words of a statement


TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|//[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$)
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<stage>@[^\s()',;]+|@"[^\s]+)
      | (?P<mark>=>|::|<>|[-+*/(),.;=<>?:$\[\]{}|!&%^~])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


def text_of(literal):
    """A string literal's value."""
    if literal.startswith("$$"):
        return literal[2:-2]
    return re.sub(
        r"''|\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)",
        lambda m: "'" if m[0] == "''" else chr(int(m[1][1:], 16)) if len(m[1]) > 1 else ESCAPES.get(m[1], m[1]),
        literal[1:-1],
        flags=re.DOTALL,
    )


class Words:
    """A statement's tokens, taken one after the other."""

    def __init__(self, sql):
        self.sql, self.tokens, self.at = sql, [], 0
        position = 0
        while position < len(sql):
            match = TOKEN.match(sql, position)
            if not match:
                raise syntax(sql[position : position + 20], position)
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup, match[0], position))
            position = match.end()
        while self.tokens and self.tokens[-1][1] == ";":
            self.tokens.pop()

    def bind(self, bindings):
        """Puts texts in the place of question marks."""
        values = iter(bindings)
        for i, (kind, text, position) in enumerate(self.tokens):
            if text == "?":
                binding = next(values, {"type": None})
                if binding["type"] != "TEXT":
                    raise Refused(2049, "0A000", f"The test server takes no bind variable of type {binding['type']} here")
                self.tokens[i] = ("string", "'" + binding["value"].replace("\\", "\\\\").replace("'", "''") + "'", position)

    def peek(self, ahead=0):
        """The next token: a word in upper case, anything else as it stands; empty at the end."""
        if self.at + ahead >= len(self.tokens):
            return ""
        kind, text, _ = self.tokens[self.at + ahead]
        return text.upper() if kind == "word" else text

    def kind(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def next_is(self, *words):
        return all(self.peek(i) == word for i, word in enumerate(words))

    def take(self, *words):
        """Whether these come next; then they are taken."""
        if not self.next_is(*words):
            return False
        self.at += len(words)
        return True

    def expect(self, *words):
        for word in words:
            if not self.take(word):
                raise self.unexpected()
        return self

    def unexpected(self):
        if self.at < len(self.tokens):
            return syntax(self.tokens[self.at][1], self.tokens[self.at][2])
        return compilation(1003, "42000", f"syntax error line 1 at position {len(self.sql)} unexpected '<EOF>'.")

    def end(self):
        if self.at < len(self.tokens):
            raise self.unexpected()

    def next_of(self, *kinds):
        if self.kind() not in kinds:
            raise self.unexpected()
        text = self.tokens[self.at][1]
        self.at += 1
        return text

    def identifier(self):
        text = self.next_of("word", "quoted")
        return text[1:-1].replace('""', '"') if text[0] == '"' else text.upper()

    def name(self):
        """An object's name as its parts."""
        if self.take("IDENTIFIER", "("):
            text = self.string()
            self.expect(")")
            return Words(text).name()
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        return parts

    def string(self):
        return text_of(self.next_of("string"))

    def rest(self):
        """The text from here to the end."""
        if self.at >= len(self.tokens):
            raise self.unexpected()
        start = self.tokens[self.at][2]
        self.at = len(self.tokens)
        return self.sql[start:].rstrip("; \n")

    def option(self, name):
        """The value in {@code name = value}, or None where another word comes next."""
        if self.next_is(name, "="):
            self.at += 2
            return self.value()
        return None

    def value(self):
        if self.kind() == "string":
            return self.string()
        if self.take("("):
            values = []
            while not self.take(")"):
                if self.kind() in ("word", "quoted") and self.peek(1) == "=":
                    key = self.identifier()
                    self.expect("=")
                    values.append((key, self.value()))
                else:
                    values.append(self.value())
                self.take(",")
            return dict(values) if values and isinstance(values[0], tuple) else values
        if self.kind() == "number":
            return int(self.next_of("number"))
        if self.kind() == "stage":
            return self.next_of("stage")
        word = ".".join(self.name())
        return {"TRUE": True, "FALSE": False}.get(word, word)

    def options(self, *known):
        """All that follows, as {@code name = value} with one of the names known."""
        found = {}
        while self.at < len(self.tokens):
            self.take(",")
            if self.peek() not in known:
                raise self.unexpected()
            key = self.identifier()
            self.expect("=")
            found[key] = self.value()
        return found


def plain(name):
    return name if re.fullmatch(r"[A-Z_][A-Z0-9_$]*", name) else '"' + name.replace('"', '""') + '"'


def full(*parts):
    return ".".join(plain(part) for part in parts)


# Objects


class Thing:
    """Anything that has an owner and grants."""

    def __init__(self, kind, name, owner, comment=""):
        self.kind, self.name, self.owner, self.comment = kind, name, owner, comment or ""
        self.created = datetime.datetime.now(UTC)
        self.tags = {}
        self.budget = None
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
        self.masking, self.tags = None, {}
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


def missing_object(label, name):
    return compilation(2003, "42S02" if label == "Object" else "02000", f"{label} '{name}' does not exist or not authorized.")


# Results


class Result:
    """Columns as (name, type of Snowflake's) and rows of Python values."""

    def __init__(self, columns, rows, statement=0x1000):
        self.columns = [c if isinstance(c, Column) else Column(c[0], c[1], 38, 9 if "TIME" in c[1] else 0, 16777216) for c in columns]
        self.rows, self.statement = rows, statement


def told(message="Statement executed successfully.", statement=0x6000):
    return Result([("status", "VARCHAR")], [[message]], statement)


WIRE_TYPES = {"NUMBER": "fixed", "FLOAT": "real", "VARCHAR": "text"}


def row_type(column):
    return {
        "name": column.name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": column.nullable,
        "type": WIRE_TYPES.get(column.kind, column.kind.lower()),
        "byteLength": column.length,
        "length": column.length,
        "scale": column.scale,
        "precision": column.precision,
        "collation": None,
    }


EPOCH = datetime.datetime(1970, 1, 1)


def wire(value, column):
    """A value as drivers read it in results of format JSON."""
    if value is None:
        return None
    if column.kind == "BOOLEAN":
        return "1" if value else "0"
    if column.kind == "BINARY":
        return bytes(value).hex().upper()
    if column.kind == "DATE":
        return str((value - datetime.date(1970, 1, 1)).days)
    if column.kind == "TIME":
        return f"{value.hour * 3600 + value.minute * 60 + value.second}.{value.microsecond:06d}000"
    if column.kind.startswith("TIMESTAMP"):
        instant = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        micros = (instant - EPOCH) // datetime.timedelta(microseconds=1)
        text = f"{micros // 1000000}.{micros % 1000000:06d}000"
        if micros < 0 and micros % 1000000:
            text = f"-{-micros // 1000000}.{-micros % 1000000:06d}000"
        return text + (" 1440" if column.kind == "TIMESTAMP_TZ" else "")
    if column.kind == "FLOAT":
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(float(value)), repr(float(value)))
    if column.kind == "NUMBER":
        return format(value, "f") if isinstance(value, decimal.Decimal) else str(value)
    return value if isinstance(value, str) else json.dumps(value)


def column_of(name, duck_type):
    """A column of a result, from DuckDB's type."""
    duck_type = str(duck_type)
    if match := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duck_type):
        return Column(name, "NUMBER", int(match[1]), int(match[2]))
    kinds = {
        "DOUBLE": "FLOAT",
        "FLOAT": "FLOAT",
        "VARCHAR": "VARCHAR",
        '"NULL"': "VARCHAR",
        "BLOB": "BINARY",
        "BOOLEAN": "BOOLEAN",
        "DATE": "DATE",
        "TIME": "TIME",
        "TIMESTAMP": "TIMESTAMP_NTZ",
        "TIMESTAMP_NS": "TIMESTAMP_NTZ",
        "TIMESTAMP_S": "TIMESTAMP_NTZ",
        "TIMESTAMP_MS": "TIMESTAMP_NTZ",
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
        "JSON": "VARIANT",
    }
    if duck_type.endswith("INT") or duck_type.endswith("INTEGER"):
        return Column(name, "NUMBER", 38, 0)
    kind = kinds.get(duck_type)
    if kind is None:
        return Column(name, "VARIANT")
    return Column(name, kind, None, 9 if "TIME" in kind else None, {"VARCHAR": 16777216, "BINARY": 8388608}.get(kind))


# Sessions


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


class Session:
    def __init__(self, account, user, role, database, schema, warehouse, parameters):
        self.account, self.user, self.role = account, user, role
        self.database, self.schema, self.warehouse = database, schema, warehouse
        self.parameters = dict(PARAMETERS)
        self.token = secrets.token_urlsafe(32)
        self.duck = account.duck.cursor()
        self.turn = threading.Lock()
        self.request, self.cancelled, self.closed = None, False, False
        self.number, self.active = str(next(account.numbers) + 10**9), time.monotonic()
        self.open, self.dirty = False, False  # a transaction; whether it has changed rows
        self.transaction = None  # its number
        self.loads = []  # (table, file, etag) of the open transaction
        self.locks = set()
        self.temporary = {}  # stages that end with the session, by name
        for key, value in parameters.items():
            if key in self.parameters:
                self.set_parameter(key, value)

    def set_parameter(self, key, value):
        if key not in self.parameters:
            raise compilation(1008, "22023", f"invalid parameter '{key}'")
        expected = type(PARAMETERS[key])
        if expected is bool and isinstance(value, str):
            value = {"TRUE": True, "FALSE": False}.get(value.upper(), value)
        if expected is int and isinstance(value, str) and value.isdigit():
            value = int(value)
        if type(value) is not expected:
            raise compilation(1006, "22023", f"invalid value [{value}] for parameter '{key}'")
        if key == "TIMEZONE":
            try:
                zoneinfo.ZoneInfo(value)
            except (KeyError, ValueError):
                raise compilation(1006, "22023", f"invalid value [{value}] for parameter 'TIMEZONE'") from None
        if key == "AUTOCOMMIT" and value != self.parameters[key]:
            self.commit()
        self.parameters[key] = value
        if key == "TIMEZONE":
            self.duck.execute(f"SET TimeZone = '{value}'")

    # Transactions. DDL is not part of them: it commits what is open, as Snowflake does.

    def begin(self):
        if not self.open:
            self.duck.execute("BEGIN TRANSACTION")
            self.open, self.dirty = True, False
            self.transaction = str(next(self.account.numbers) + 10**15)

    def refresh(self):
        """Every statement sees what others have committed; DuckDB would keep the transaction's first snapshot."""
        if self.open and not self.dirty:
            self.duck.execute("ROLLBACK")
            self.duck.execute("BEGIN TRANSACTION")

    def commit(self):
        if self.open:
            self.open = False
            try:
                self.duck.execute("COMMIT")
                for table, file, etag in self.loads:
                    table.loaded[file] = etag
            except duckdb.Error as e:
                raise Refused(603, "XX000", f"the test server could not commit: {e}") from e
            finally:
                self.over()

    def rollback(self):
        if self.open:
            self.open = False
            self.duck.execute("ROLLBACK")
            self.over()

    def over(self):
        self.loads = []
        self.dirty, self.transaction = False, None
        with self.account.lock:
            for duck in self.locks:
                self.account.row_locks.pop(duck, None)
            self.locks = set()
            self.account.unlocked.notify_all()

    def lock(self, table):
        """Waits until nobody else has changed rows of a table in a transaction that is open."""
        deadline = time.monotonic() + self.parameters["LOCK_TIMEOUT"]
        with self.account.lock:
            while (owner := self.account.row_locks.get(table.duck)) not in (None, self):
                if self.cancelled or self.closed:
                    raise Refused(604, "57014", "SQL execution canceled")
                if owner.abandoned():
                    continue
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Refused(
                        625,
                        "57014",
                        f"Statement '{uuid.uuid4()}' has locked table '{table.name}' in transaction"
                        f" {owner.transaction} and this lock has not yet been released.",
                    )
                self.account.unlocked.wait(min(left, 0.2))
            self.account.row_locks[table.duck] = self
            self.locks.add(table.duck)

    def abandoned(self):
        """
        Rolls an idle transaction back that is in somebody's way, as Snowflake does after five minutes: see
        https://docs.snowflake.com/en/sql-reference/transactions, "Aborting transactions".
        """
        if time.monotonic() - self.active < IDLE_SECONDS or not self.turn.acquire(blocking=False):
            return False
        try:
            self.rollback()
            return True
        finally:
            self.turn.release()

    def close(self):
        self.closed = True
        with self.account.lock:
            self.account.sessions.pop(self.token, None)
            self.account.unlocked.notify_all()
        self.duck.interrupt()
        with self.turn:
            try:
                self.rollback()
            finally:
                self.over()
                self.duck.close()

    # One statement

    def execute(self, sql, bindings=None, describe=False):
        words = Words(sql)
        verb = words.peek()
        if not verb:
            raise compilation(900, "42601", "Empty SQL statement.")
        act = STATEMENTS.get(verb)
        if act is not None:
            if describe:
                return told()
            words.bind(bindings or [])
            words.at += 1
            if verb in ("CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "UNDROP", "TRUNCATE") and not words.next_is("SESSION"):
                self.commit()
            with self.account.lock:
                return act(self, words)
        if verb == "COPY":
            return load(self, words)
        return query(self, sql, bindings or [], describe)

    def require_warehouse(self):
        if self.warehouse is None or self.warehouse not in self.account.warehouses:
            raise Refused(606, "57P03", "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command.\n")
        warehouse = self.account.warehouses[self.warehouse]
        self.account.require(self, warehouse, "USAGE", "OPERATE")
        if monitor := getattr(warehouse, "spent", None):
            raise Refused(90073, "22000", f"Warehouse '{self.warehouse}' cannot be resumed because resource monitor '{monitor}' has exceeded its quota.")


# Queries and DML


TABLE_FUNCTION = re.compile(r"TABLE\s*\(\s*(?:(\w+|\"[^\"]+\")\s*\.\s*)?INFORMATION_SCHEMA\s*\.\s*(\w+)\s*\(", re.IGNORECASE)


def literal(binding):
    kind, value = binding["type"], binding["value"]
    if value is None:
        return exp.Null()
    if kind in ("FIXED", "REAL"):
        return exp.Literal.number(value)
    if kind == "BOOLEAN":
        return exp.Boolean(this=value.lower() in ("true", "1"))
    if kind == "TEXT":
        return exp.Literal.string(value)
    raise Refused(2049, "0A000", f"The test server does not know bind variables of type {kind}")


def session_functions(session, tree):
    """Puts what this session is in the place of the functions that tell it, and corrects what fakesnow would mistake."""
    told_by = {
        "CURRENT_ROLE": session.role,
        "CURRENT_USER": session.user,
        "CURRENT_DATABASE": session.database,
        "CURRENT_SCHEMA": session.schema,
        "CURRENT_WAREHOUSE": session.warehouse,
        "CURRENT_SESSION": str(session.number),
        "CURRENT_TRANSACTION": session.transaction,
        "CURRENT_ACCOUNT": "TEST",
        "CURRENT_REGION": "AWS_US_EAST_1",
        "CURRENT_VERSION": "9.0.0",
    }
    for function in list(tree.find_all(exp.Func)):
        name = function.name.upper() if isinstance(function, exp.Anonymous) else function.sql_name()
        if name in told_by:
            value = told_by[name]
            literal = exp.cast(exp.Null(), "text") if value is None else exp.Literal.string(value)
            if isinstance(function.parent, exp.Select):
                literal = exp.alias_(literal, f"{name}()", quoted=True)
            function.replace(literal)
        elif isinstance(function, exp.Cast) and function.to.this in (exp.DataType.Type.TIMESTAMPNTZ, exp.DataType.Type.TIMESTAMP):
            function.replace(exp.Anonymous(this="_as_timestamp", expressions=[function.this]))
        elif isinstance(function, exp.Trim):
            arguments = [a for a in (function.this, function.expression) if a is not None]
            side = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(function.args.get("position"), "TRIM")
            function.replace(exp.Anonymous(this=side, expressions=arguments))


def query(session, sql, bindings, describe):
    account = session.account
    relations = {}
    if aborted := re.fullmatch(r"SELECT SYSTEM\$ABORT_TRANSACTION\((\d+)\)", sql.strip()):
        return abort_transaction(session, aborted[1])
    if ddl := re.fullmatch(r"SELECT GET_DDL\('SCHEMA', ('(?:[^'\\]|''|\\.)*')\)", sql.strip()):
        return Result([("GET_DDL", "VARCHAR")], [[definition(session, text_of(ddl[1]))]])
    sql = with_table_functions(session, sql, relations)
    try:
        tree = parse_one(sql)
    except (ProgrammingError, sqlglot.errors.SqlglotError) as e:
        raise compilation(1003, "42000", "syntax error: " + str(e).split("\n")[0]) from e
    kinds = {exp.Insert: 0x3100, exp.Update: 0x3200, exp.Delete: 0x3300, exp.Merge: 0x3400}
    statement = kinds.get(type(tree), 0x1000)
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery, exp.Values, *kinds)):
        raise syntax(sql.split()[0], 0)
    for placeholder, binding in zip(list(tree.find_all(exp.Placeholder, bfs=False)), bindings):
        placeholder.replace(literal(binding))
    session_functions(session, tree)
    with account.lock:
        target = resolve(session, tree, relations)
    duck = session.duck
    if statement != 0x1000 and not describe:
        session.require_warehouse()
        if not session.parameters["AUTOCOMMIT"] or session.open:
            session.begin()
        if statement != 0x3100:
            session.lock(target)
    alone = not session.open
    try:
        session.refresh()
        for name, table in relations.items():
            duck.register(name, table)
        translated = translate(duck, tree)
        if describe and statement != 0x1000:
            return told()
        if describe:
            duck.execute(f"SELECT * FROM ({translated}) LIMIT 0")
        else:
            duck.execute(translated)
        names = [d[0] for d in duck.description or []]
        types = [d[1] for d in duck.description or []]
        rows = duck.fetchall()
        if statement == 0x1000:
            return Result([column_of(n, t) for n, t in zip(names, types)], rows)
        if not alone:
            session.dirty = True
        word = {0x3100: "inserted", 0x3200: "updated", 0x3300: "deleted", 0x3400: "merged"}[statement]
        return Result([(f"number of rows {word}", "NUMBER")], [[rows[0][0] if rows else 0]], statement)
    except duckdb.InterruptException as e:
        raise Refused(604, "57014", "SQL execution canceled") from e
    except duckdb.ConstraintException as e:
        raise constraint(e) from e
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as e:
        raise Refused(100038, "22018", str(e).split("\n")[0]) from e
    except duckdb.BinderException as e:
        raise compilation(904, "42000", str(e).split("\n")[0]) from e
    except duckdb.CatalogException as e:
        raise compilation(2140, "42601", str(e).split("\n")[0]) from e
    except duckdb.Error as e:
        raise Refused(603, "XX000", f"The test server failed: {e}") from e
    finally:
        for name in relations:
            duck.unregister(name)
        if alone:
            session.over()


def definition(session, name):
    """
    What GET_DDL tells of a schema's tables. It names policies and tags to who may apply all of their kind, and to their owners:
    see https://docs.snowflake.com/en/sql-reference/functions/get_ddl. The page does not say whether it writes policies that come
    by a tag; here it does.
    """
    account = session.account
    schema = account.schema(session, Words(name).name())

    def policy(kind, thing):
        seen = thing.owner in account.roles_of(session.role) or account.holds(session.role, account.itself, f"APPLY {kind} POLICY")
        return f" WITH {kind} POLICY {thing.full_name if seen else '#unknown_policy'}"

    def tags(thing):
        words = [
            f"{tag}='{value}'" if account.holds(session.role, account.itself, "APPLY TAG") else "#unknown_tag='#unknown_value'"
            for tag, value in thing.tags.items()
        ]
        return " WITH TAG (" + ", ".join(words) + ")" if words else ""

    lines = [f"create or replace TRANSIENT SCHEMA {plain(schema.name)};", ""]
    if schema.tags:
        lines.append(f"ALTER SCHEMA {plain(schema.name)} SET{tags(schema)[5:]};")
    for table in schema.things.values():
        if table.kind == "TABLE" and account.holds(session.role, table):
            masking = [c.masking or next((p for _, p in masking_by_tag(account, table, c)), None) for c in table.columns]
            columns = [
                f"\t{plain(c.name)} {c.type_text()}" + (policy("MASKING", m) if m else "") + tags(c) for c, m in zip(table.columns, masking)
            ]
            end = policy("ROW ACCESS", table.row_policy[0]) + " ON (X)" if table.row_policy else ""
            end += policy("AGGREGATION", table.aggregation_policy) if getattr(table, "aggregation_policy", None) else ""
            lines += [f"create or replace TRANSIENT TABLE {plain(table.name)} (", ",\n".join(columns), ")" + end + tags(table) + ";"]
    return "\n".join(lines)


def abort_transaction(session, transaction):
    """See https://docs.snowflake.com/en/sql-reference/functions/system_abort_transaction."""
    administer(session)
    for other in list(session.account.sessions.values()):
        if other.transaction == transaction:
            with other.turn:
                other.rollback()
            return Result([("SYSTEM$ABORT_TRANSACTION", "VARCHAR")], [["Aborted transaction id: " + transaction]])
    raise Refused(90232, "22023", f"Transaction {transaction} does not exist.")


def integer_precision(node):
    """Every integer is NUMBER(38, 0); fakesnow would have it be BIGINT, which holds fewer."""
    if isinstance(node, exp.DataType) and (
        node.this in exp.DataType.INTEGER_TYPES or (node.this == exp.DataType.Type.DECIMAL and not node.expressions)
    ):
        return exp.DataType.build("DECIMAL(38, 0)")
    return node


fakesnow.transforms.integer_precision = integer_precision
# Sums of numbers are exact numbers, too.
fakesnow.transforms.numeric_agg_implicit_cast = lambda node: node


def translate(duck, tree):
    """A query in DuckDB's words."""
    cursor = FakeSnowflakeCursor(FakeSnowflakeConnection(duck, {}, create_database=False), duck)
    return cursor._transform(tree, None).sql(dialect="duckdb")


def constraint(error):
    text = str(error)
    if match := re.search(r"NOT NULL constraint failed: \S+\.(\S+)", text):
        return Refused(100072, "22000", f"NULL result in a non-nullable column '{match[1]}'")
    return Refused(100078, "22000", text.split("\n")[0])


def arrow(columns, rows):
    types = {"NUMBER": pa.int64(), "BOOLEAN": pa.bool_(), "TIMESTAMP_LTZ": pa.timestamp("us", "UTC")}
    return pa.table(
        {name: pa.array([row[i] for row in rows], types.get(kind, pa.string())) for i, (name, kind) in enumerate(columns)}
    )


def with_table_functions(session, sql, relations):
    """Puts what table functions of the information schema return in their place."""
    while match := TABLE_FUNCTION.search(sql):
        words = Words(sql[match.end() :])
        arguments, position = {}, 0
        while not words.take(")"):
            if words.kind() == "word" and words.peek(1) == "=>":
                key = words.identifier()
                words.expect("=>")
            else:
                key, position = position, position + 1
            arguments[key] = words.string()
            words.take(",")
        end = words.tokens[words.at][2]
        words.expect(")")
        function = TABLE_FUNCTIONS.get(match[2].upper())
        if function is None:
            raise compilation(2141, "42601", f"Unknown table function {match[2].upper()}")
        with session.account.lock:
            columns, rows = function(session, **{k.lower() if isinstance(k, str) else f"_{k}": v for k, v in arguments.items()})
        name = f"_relation_{next(session.account.numbers)}"
        relations[name.upper()] = arrow(columns, rows)
        sql = sql[: match.start()] + name + sql[match.end() + end + 1 :]
    return sql


def resolve(session, tree, relations, current=None, visible=None):
    """
    Puts tables of DuckDB in the place of the names in a query, and says what a DML statement changes.

    current is the schema of the view whose query this is; visible are the names that columns may have.
    """
    account = session.account
    for identifier in list(tree.find_all(exp.Identifier)):
        if not identifier.args.get("quoted"):
            identifier.set("this", identifier.name.upper())
            identifier.set("quoted", True)
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    visible = set() if visible is None else visible
    for alias in tree.find_all(exp.Alias, exp.TableAlias):
        visible.update(identifier.name for identifier in alias.find_all(exp.Identifier))
    target, opaque = None, bool(tree.find(exp.Lateral, exp.Pivot))
    changed = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            opaque = True
            continue
        parts = [part.name for part in table.parts]
        if len(parts) == 1 and (parts[0] in common or parts[0] in relations):
            opaque = opaque or parts[0] in relations
            continue
        if len(parts) > 1 and parts[-2] == "INFORMATION_SCHEMA":
            columns, rows = information_schema(session, parts)
            name = f"_RELATION_{next(account.numbers)}"
            relations[name] = arrow(columns, rows)
            visible.update(c[0] for c in columns)
            stand_in(table, name, parts[-1])
            continue
        if len(parts) == 1 and current is not None:
            parts = [current.database.name, current.name, *parts]
        thing = account.find(session, "TABLE", parts)
        is_target = table is changed and isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge))
        if thing.kind == "TABLE":
            if is_target:
                target = thing
                word = {exp.Insert: "INSERT", exp.Update: "UPDATE", exp.Delete: "DELETE"}.get(type(tree), "UPDATE")
                if not account.holds(session.role, thing, word):
                    raise denied("table", thing.name)
            elif not account.holds(session.role, thing, "SELECT"):
                raise denied("table", thing.name)
            visible.update(c.name for c in thing.columns)
            stand_in(table, thing.duck, None if is_target and isinstance(tree, exp.Insert) else thing.name)
        else:
            if is_target:
                raise compilation(1042, "42601", f"View '{thing.full_name}' is not updatable")
            inner = parse_one(thing.query)
            resolve(session, inner, relations, thing.schema, visible)
            visible.update(c.name for c in thing.columns)
            select = exp.Subquery(this=inner, alias=table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(thing.name, quoted=True)))
            table.replace(select)
    if not opaque:
        for column in tree.find_all(exp.Column):
            if isinstance(column.this, exp.Identifier) and column.name not in visible:
                raise compilation(904, "42000", f"error line 1 at position 0\ninvalid identifier '{plain(column.name)}'")
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)
    return target


def stand_in(table, duck, alias):
    if alias is not None and not table.args.get("alias"):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    table.set("this", exp.to_identifier(duck, quoted=True))
    table.set("db", None)
    table.set("catalog", None)


# COPY


FORMAT_OPTIONS = {
    "PARQUET": {
        "COMPRESSION": "AUTO",
        "BINARY_AS_TEXT": True,
        "USE_LOGICAL_TYPE": False,
        "TRIM_SPACE": False,
        "USE_VECTORIZED_SCANNER": False,
        "REPLACE_INVALID_CHARACTERS": False,
        "NULL_IF": ["\\N"],
    },
    "CSV": {
        "COMPRESSION": "AUTO",
        "RECORD_DELIMITER": "\n",
        "FIELD_DELIMITER": ",",
        "MULTI_LINE": True,
        "PARSE_HEADER": False,
        "SKIP_HEADER": 0,
        "SKIP_BLANK_LINES": False,
        "DATE_FORMAT": "AUTO",
        "TIME_FORMAT": "AUTO",
        "TIMESTAMP_FORMAT": "AUTO",
        "BINARY_FORMAT": "HEX",
        "ESCAPE": "NONE",
        "ESCAPE_UNENCLOSED_FIELD": "\\",
        "TRIM_SPACE": False,
        "FIELD_OPTIONALLY_ENCLOSED_BY": "NONE",
        "NULL_IF": ["\\N"],
        "ERROR_ON_COLUMN_COUNT_MISMATCH": True,
        "REPLACE_INVALID_CHARACTERS": False,
        "EMPTY_FIELD_AS_NULL": True,
        "SKIP_BYTE_ORDER_MARK": True,
        "ENCODING": "UTF8",
    },
}
COPY_OPTIONS = {
    "FILES", "FILE_FORMAT", "MATCH_BY_COLUMN_NAME", "ON_ERROR", "FORCE", "PURGE", "LOAD_UNCERTAIN_FILES",
    "RETURN_FAILED_ONLY", "ENFORCE_LENGTH", "TRUNCATECOLUMNS", "PATTERN", "SIZE_LIMIT",
}  # fmt: skip
COPY_RESULT = [
    ("file", "VARCHAR"), ("status", "VARCHAR"), ("rows_parsed", "NUMBER"), ("rows_loaded", "NUMBER"),
    ("error_limit", "NUMBER"), ("errors_seen", "NUMBER"), ("first_error", "VARCHAR"),
    ("first_error_line", "NUMBER"), ("first_error_character", "NUMBER"), ("first_error_column_name", "VARCHAR"),
]  # fmt: skip


def format_options(session, given):
    """A file format's options with their defaults; names another where FORMAT_NAME is given."""
    given = dict(given)
    if "FORMAT_NAME" in given:
        if len(given) > 1:
            raise compilation(1008, "22023", "FORMAT_NAME and other file format options are mutually exclusive")
        name = Words(given["FORMAT_NAME"]).name()
        return session.account.find(session, "FILE FORMAT", name, "USAGE").options
    kind = str(given.pop("TYPE", "CSV")).upper()
    if kind not in FORMAT_OPTIONS:
        raise compilation(1006, "22023", f"invalid value ['{kind}'] for parameter 'TYPE'")
    for key in given:
        if key not in FORMAT_OPTIONS[kind]:
            raise compilation(1008, "22023", f"invalid parameter '{key}'")
        if isinstance(FORMAT_OPTIONS[kind][key], bool) != isinstance(given[key], bool):
            raise compilation(1006, "22023", f"invalid value ['{given[key]}'] for parameter '{key}'")
    if given.get("PARSE_HEADER") and given.get("SKIP_HEADER"):
        raise compilation(1008, "22023", "PARSE_HEADER and SKIP_HEADER are mutually exclusive")
    return {"TYPE": kind, **FORMAT_OPTIONS[kind], **given}


def load(session, words):
    account = session.account
    words.expect("COPY", "INTO")
    name = words.name()
    into, projection = None, None
    if words.take("("):
        into = [words.identifier()]
        while words.take(","):
            into.append(words.identifier())
        words.expect(")")
    words.expect("FROM")
    if words.next_is("("):
        inner = re.fullmatch(r"\s*SELECT\s+(.*)\s+FROM\s+@(\S+)(?:\s+(?:AS\s+)?(\w+))?\s*", parenthesis(words), re.DOTALL | re.IGNORECASE)
        if inner is None:
            raise words.unexpected()
        projection, stage_text, staged_as = inner.groups()
    else:
        stage_text = words.next_of("stage")[1:]
    options = words.options(*COPY_OPTIONS)
    stage_name, _, below = re.match(r'((?:"[^"]*"|[^/"])*)(/?)(.*)', stage_text).groups()
    with account.lock:
        table = account.find(session, "TABLE", name, "INSERT")
        if table.kind != "TABLE":
            raise compilation(1042, "42601", f"Target '{table.full_name}' of COPY is not a table")
        stage = stage_named(session, stage_name)
        given = options.get("FILE_FORMAT", {})
        file_format = format_options(session, {"FORMAT_NAME": given} if isinstance(given, str) else given or stage.options_given)
    session.require_warehouse()
    files = options.get("FILES")
    if files is None and stage.url.startswith("internal://"):
        start = stage.url + "/" + below.rstrip("/") + "/"
        files = sorted(file[len(start) :] for file in INTERNAL_FILES if file.startswith(start))
    if files is None:
        raise Refused(2049, "0A000", "The test server loads only the files that are named in FILES")
    if len(files) > 1000:
        raise compilation(1007, "22023", f"FILES names {len(files)} files; the maximum number of file names that can be specified is 1000")
    if str(options.get("ON_ERROR", "ABORT_STATEMENT")).upper() != "ABORT_STATEMENT":
        raise Refused(2049, "0A000", "The test server knows ON_ERROR = ABORT_STATEMENT only")
    match = str(options.get("MATCH_BY_COLUMN_NAME", "NONE")).upper()
    if match not in ("CASE_INSENSITIVE", "CASE_SENSITIVE", "NONE"):
        raise compilation(1006, "22023", f"invalid value ['{match}'] for parameter 'MATCH_BY_COLUMN_NAME'")
    if match != "NONE" and (into or projection):
        raise compilation(1008, "22023", "MATCH_BY_COLUMN_NAME cannot be used with a list of columns or a SELECT in COPY")
    targets = [column_named(table, c) for c in into] if into else table.columns
    for option in ("PURGE", "SIZE_LIMIT", "PATTERN", "TRUNCATECOLUMNS"):
        if options.get(option):
            raise Refused(2049, "0A000", f"The test server does not know {option}")
    if file_format["TYPE"] == "PARQUET" and match == "NONE" and not projection and len(targets) > 1:
        raise compilation(2019, "0A000", "PARQUET file format can produce one and only one column of type variant, object, or array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with transformation.")
    if file_format["TYPE"] == "CSV" and match != "NONE" and not file_format["PARSE_HEADER"]:
        raise compilation(1008, "22023", "MATCH_BY_COLUMN_NAME is not supported for CSV files without PARSE_HEADER = TRUE")
    if not session.parameters["AUTOCOMMIT"] or session.open:
        session.begin()
    done = set(table.loaded.items()) | {(f, e) for t, f, e in session.loads if t is table}
    results, parts, loads = [], [], []
    for file in dict.fromkeys(files):
        url = stage.url.rstrip("/") + "/" + (below.rstrip("/") + "/" if below else "") + file
        body, etag = fetch(stage, url)
        if (url, etag) in done and not options.get("FORCE"):
            continue
        if projection:
            columns, rows = selected_columns(session, body, table, targets, file_format, projection, staged_as, url)
        elif file_format["TYPE"] == "PARQUET":
            columns, rows = parquet_columns(session, body, table, file_format, match, url)
        else:
            columns, rows = csv_columns(session, body, table, targets, file_format, match, url)
        parts.append(columns)
        loads.append((table, url, etag))
        results.append([url, "LOADED", rows, rows, 1, 0, None, None, None, None])
    if not results:
        return Result([("status", "VARCHAR")], [["Copy executed with 0 files processed."]], 0x3600)
    alone = not session.open
    duck = session.duck
    try:
        session.refresh()
        if alone:
            duck.execute("BEGIN TRANSACTION")
        for columns in parts:
            duck.register("_loaded", pa.table([array for _, array in columns], names=[str(i) for i in range(len(columns))]))
            into = ", ".join(f'"{c.name}"' for c, _ in columns)
            select = ", ".join(f'CAST("{i}" AS {c.duck_type()})' for i, (c, _) in enumerate(columns))
            duck.execute(f'INSERT INTO "{table.duck}" ({into}) SELECT {select} FROM _loaded')
            duck.unregister("_loaded")
        if alone:
            duck.execute("COMMIT")
            table.loaded.update({file: etag for _, file, etag in loads})
        else:
            session.loads += loads
            session.dirty = True
        return Result(COPY_RESULT, results, 0x3600)
    except duckdb.Error as e:
        if alone:
            duck.execute("ROLLBACK")
        raise Refused(603, "XX000", f"The test server could not load: {e}") from e


def fetch(stage, url):
    if url in INTERNAL_FILES:
        return INTERNAL_FILES[url], hashlib.md5(INTERNAL_FILES[url]).hexdigest()
    if url.startswith("file://"):
        try:
            with open(url[len("file://") :], "rb") as file:
                return file.read(), str(os.fstat(file.fileno()).st_mtime_ns)
        except FileNotFoundError:
            raise vanished(url) from None
    bucket, _, key = url[len("s3://") :].partition("/")
    try:
        answer = stage_client(stage).get_object(Bucket=bucket, Key=key)
        return answer["Body"].read(), answer["ETag"]
    except botocore.exceptions.ClientError as e:
        code = e.response["Error"]["Code"]
        if code in ("NoSuchKey", "404"):
            raise vanished(url) from e
        raise Refused(91003, "22000", f"Failure using stage area. Cause: [{e.response['Error'].get('Message') or code} (Status Code: {e.response['ResponseMetadata']['HTTPStatusCode']}; Error Code: {code})]") from e


def stage_named(session, name):
    parts = Words(name).name()
    if len(parts) == 1 and parts[0] in session.temporary:
        return session.temporary[parts[0]]
    return session.account.find(session, "STAGE", parts, "USAGE")


# Files of stages that end with their session: URL -> bytes.
INTERNAL_FILES = {}


def put_file(session, words):
    """Tells a driver where to bring a file, as accounts on Google's cloud do: a URL that may be written to once."""
    put = re.fullmatch(r"PUT\s+file://(\S+)\s+@([^\s/]+)(?:/(\S*))?", words.sql.strip(), re.IGNORECASE)
    get = re.fullmatch(r"GET\s+@([^\s/]+)/\s+file://(\S+)", words.sql.strip(), re.IGNORECASE)
    if not put and not get:
        raise syntax(words.sql, 0)
    # The Spark connector asks with a GET of nothing which cloud it is on.
    source, name, below = put.groups() if put else (get[2], get[1], "")
    stage = stage_named(session, name)
    if not stage.url.startswith("internal://"):
        raise Refused(2049, "0A000", "The test server takes files for temporary stages only")
    place = "/".join(p for p in (stage.url[len("internal://") :], (below or "").strip("/"), source.rpartition("/")[2]) if p)
    return Upload(
        {
            "src_locations": [source] if put else [],
            "parallel": 1,
            "threshold": 1 << 30,
            "autoCompress": False,
            "overwrite": True,
            "sourceCompression": "none",
            "clientShowEncryptionParameter": False,
            "encryptionMaterial": {"queryStageMasterKey": base64.b64encode(bytes(16)).decode(), "queryId": "", "smkId": 1} if put else [],
            "command": "UPLOAD" if put else "DOWNLOAD",
            "localLocation": source,
            "presignedUrls": [],
            "kind": None,
            "operation": "Node",
            "queryId": str(uuid.uuid4()),
            "stageInfo": {
                "locationType": "GCS",
                "location": place.rpartition("/")[0] + "/",
                "path": place.rpartition("/")[0] + "/",
                "region": "US",
                "storageAccount": None,
                "isClientSideEncrypted": False,
                "creds": {},
                "presignedUrl": f"http://127.0.0.1:{session.account.port}/internal/{place}",
                "endPoint": None,
            },
        }
    )


class Upload:
    """The answer to PUT, which is no result of rows."""

    def __init__(self, data):
        self.data = data


def vanished(url):
    return Refused(91016, "22000", f"Remote file '{url}' was not found. There are several potential causes. The file might not exist. The required credentials may be missing or invalid. If you are running a copy command, please make sure files are not deleted when they are being loaded or files are not being loaded into two different tables concurrently with auto purge option.")


CLIENTS = {}


def stage_client(stage):
    """Reads as the stage's integration or keys do; the tests' server looks at neither."""
    key = (stage.credentials or {}).get("AWS_KEY_ID", "integration")
    secret = (stage.credentials or {}).get("AWS_SECRET_KEY", "integration")
    if (key, secret) not in CLIENTS:
        CLIENTS[key, secret] = boto3.client(
            "s3",
            endpoint_url=os.environ["SNOWFLAKE_TEST_S3"],
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )
    return CLIENTS[key, secret]


class Variant(str):
    """A value of VARIANT as JSON, where plain text is a text."""


class Misfit(Exception):
    """A value that its column cannot hold."""

    def __init__(self, code, state, message):
        super().__init__(message)
        self.code, self.state, self.message = code, state, message


def refused_load(misfit, url, line, row, table, column, position):
    file = urllib.parse.urlparse(url).path.lstrip("/")
    return Refused(
        misfit.code,
        misfit.state,
        f"{misfit.message}\n  File '{file}', line {line}, character 1\n  Row {row}, column \"{table.name}\"[\"{column.name}\":{position}]\n"
        "  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or"
        " 'CONTINUE' for the ON_ERROR option. For more information on loading options, please run 'info loading_data' in a"
        " SQL client.",
    )


def matching(table, targets, names, match):
    """For each column of the table the position of its values in the file, or None."""
    if match == "NONE":
        return [targets.index(c) if c in targets and targets.index(c) < len(names) else None for c in table.columns]
    folded = [n.upper() if match == "CASE_INSENSITIVE" else n for n in names]
    if len(set(folded)) < len(folded):
        raise Refused(100000, "22000", "Duplicate column names in the file")
    return [
        folded.index(key) if (key := c.name.upper() if match == "CASE_INSENSITIVE" else c.name) in folded else None
        for c in table.columns
    ]


TARGETS = {
    "NUMBER": lambda c: pa.decimal128(c.precision, c.scale),
    "FLOAT": lambda c: pa.float64(),
    "BOOLEAN": lambda c: pa.bool_(),
    "BINARY": lambda c: pa.binary(),
    "DATE": lambda c: pa.date32(),
    "TIMESTAMP_NTZ": lambda c: pa.timestamp("us"),
    "TIMESTAMP_LTZ": lambda c: pa.timestamp("us", "UTC"),
    "TIMESTAMP_TZ": lambda c: pa.timestamp("us", "UTC"),
}


def loaded_columns(session, table, url, rows, values_of, first_line):
    """Converts a file's values column by column; the misfit of the earliest row is what is told."""
    worst, columns = None, []
    for position, column in enumerate(table.columns, 1):
        values = values_of(position - 1)
        converted = []
        for i in range(rows):
            value = values[i] if values is not None else None
            try:
                if value is not None:
                    value = fitted(session, value, column)
                elif not column.nullable:
                    raise Misfit(100072, "22000", "NULL result in a non-nullable column")
                converted.append(value)
            except Misfit as misfit:
                if worst is None or i < worst[0]:
                    worst = (i, misfit, column, position)
                break
        if worst is None:
            columns.append((column, pa.array(converted, TARGETS.get(column.kind, lambda c: pa.string())(column))))
    if worst is not None:
        i, misfit, column, position = worst
        raise refused_load(misfit, url, first_line + i, i + 1, table, column, position)
    return columns, rows


def shown(value):
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def fitted(session, value, column):
    """A value as a column holds it; text is converted as Snowflake's casts do."""
    kind = column.kind
    if kind == "VARCHAR":
        text = value if isinstance(value, str) else "true" if value is True else "false" if value is False else shown(value)
        if len(text) > column.length:
            raise Misfit(100074, "54000", f"User character length limit ({column.length}) exceeded by string '{text[:200]}'")
        return text
    if kind == "NUMBER":
        try:
            number = decimal.Decimal(value if isinstance(value, (int, str, decimal.Decimal)) else repr(value))
            if not number.is_finite() or isinstance(value, bool):
                raise decimal.InvalidOperation
        except (decimal.InvalidOperation, TypeError):
            raise Misfit(100038, "22018", f"Numeric value '{shown(value)}' is not recognized") from None
        with decimal.localcontext(prec=80):
            number = number.quantize(decimal.Decimal(1).scaleb(-column.scale), decimal.ROUND_HALF_UP)
            if abs(number) >= decimal.Decimal(10) ** (column.precision - column.scale):
                raise Misfit(100039, "22003", f"Numeric value '{shown(value)}' is out of range")
        return number
    if kind == "FLOAT":
        try:
            if isinstance(value, str) and value.lower().lstrip("+-") in ("infinity",):
                raise ValueError
            return float(value)
        except (ValueError, TypeError):
            raise Misfit(100038, "22018", f"Numeric value '{shown(value)}' is not recognized") from None
    if kind == "BOOLEAN":
        if isinstance(value, bool):
            return value
        word = {"true": True, "t": True, "yes": True, "y": True, "on": True, "1": True,
                "false": False, "f": False, "no": False, "n": False, "off": False, "0": False}.get(str(value).lower())  # fmt: skip
        if word is None:
            raise Misfit(100037, "22018", f"Boolean value '{shown(value)}' is not recognized")
        return word
    if kind == "BINARY":
        if not isinstance(value, bytes):
            raise Misfit(100036, "22000", f"The following string is not a legal hex-encoded value: '{shown(value)}'")
        if len(value) > column.length:
            raise Misfit(100145, "22026", f"Binary value '{value[:100].hex().upper()}' is too long and would be truncated")
        return value
    if kind == "DATE":
        if isinstance(value, datetime.datetime):
            return value.date()
        try:
            return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
        except (ValueError, TypeError):
            raise Misfit(100040, "22007", f"Date '{shown(value)}' is not recognized") from None
    if kind.startswith("TIMESTAMP"):
        try:
            instant = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value)
        except (ValueError, TypeError):
            raise Misfit(100035, "22007", f"Timestamp '{shown(value)}' is not recognized") from None
        zone = zoneinfo.ZoneInfo(session.parameters["TIMEZONE"])
        if kind == "TIMESTAMP_NTZ":
            # An instant (TIMESTAMP_LTZ) loses its zone as the session sees it; text as it is written.
            if instant.tzinfo is not None and not isinstance(value, str):
                instant = instant.astimezone(zone)
            return instant.replace(tzinfo=None)
        return instant if instant.tzinfo else instant.replace(tzinfo=zone)
    if kind == "VARIANT":
        if isinstance(value, Variant):
            return str(value)
        return json.dumps(value if not isinstance(value, (decimal.Decimal, datetime.date, bytes)) else shown(value), ensure_ascii=False)
    raise Misfit(2049, "0A000", f"The test server loads no column of type {kind}")


def parquet_file(body, url, options):
    """A Parquet file's columns, their values as the file format says."""
    try:
        data = pa.parquet.ParquetFile(io.BytesIO(body)).read()
    except (pa.ArrowException, OSError, ValueError) as e:
        raise Refused(100184, "22000", f"Error parsing the parquet file: {str(e).splitlines()[0]}\n  File '{urllib.parse.urlparse(url).path.lstrip('/')}'") from e
    columns = {}
    for name, array in zip(data.column_names, data.columns):
        if pa.types.is_timestamp(array.type):
            if not options["USE_LOGICAL_TYPE"]:
                raise Refused(100071, "22000", f"Failed to cast variant value of {name}: without USE_LOGICAL_TYPE = TRUE the timestamps of Parquet are plain numbers")
            array = array.cast(pa.timestamp("us", array.type.tz))
        elif pa.types.is_binary(array.type) and options["BINARY_AS_TEXT"]:
            try:
                array = array.cast(pa.string())
            except pa.ArrowInvalid:
                raise Refused(100144, "22000", "Invalid UTF8 detected in a binary column that is read as text (BINARY_AS_TEXT)") from None
        columns[name] = array
    return columns, data.num_rows


def parquet_columns(session, body, table, options, match, url):
    columns, rows = parquet_file(body, url, options)
    arrays = list(columns.values())
    places = matching(table, table.columns, list(columns), match)
    return loaded_columns(session, table, url, rows, lambda i: None if places[i] is None else arrays[places[i]].to_pylist(), 1)


def decompressed(body, compression):
    compression = compression.upper()
    if compression == "AUTO":
        compression = "GZIP" if body[:2] == b"\x1f\x8b" else "ZSTD" if body[:4] == b"\x28\xb5\x2f\xfd" else "NONE"
    if compression == "GZIP":
        return gzip.decompress(body)
    if compression == "ZSTD":
        return pa.input_stream(pa.BufferReader(body), compression="zstd").read()
    if compression == "NONE":
        return body
    raise compilation(1006, "22023", f"invalid value ['{compression}'] for parameter 'COMPRESSION'")


def csv_records(text, options):
    """Records of (value, whether it was quoted), with the line on which each begins."""
    comma, end = options["FIELD_DELIMITER"], options["RECORD_DELIMITER"]
    quote = options["FIELD_OPTIONALLY_ENCLOSED_BY"]
    escape = options["ESCAPE_UNENCLOSED_FIELD"]
    position, line = 0, 1
    while position < len(text):
        record, first = [], line
        while True:
            if quote != "NONE" and text.startswith(quote, position):
                parts, position = [], position + 1
                while True:
                    close = text.find(quote, position)
                    if close < 0:
                        raise Misfit(100080, "22000", "Found end of file inside a field that is enclosed in quotes")
                    parts.append(text[position:close])
                    position = close + 1
                    if not text.startswith(quote, position):
                        break
                    parts.append(quote)
                    position += 1
                value = "".join(parts)
                line += value.count("\n")
                record.append((value, True))
                if position < len(text) and not text.startswith((comma, end), position):
                    raise Misfit(100065, "22000", f"Found character '{text[position]}' instead of field delimiter '{comma}'")
            else:
                stop = min(x for x in (text.find(comma, position), text.find(end, position), len(text)) if x >= 0)
                value, position = text[position:stop], stop
                if escape != "NONE":
                    value = re.sub(re.escape(escape) + r"(.)", lambda m: ESCAPES.get(m[1], m[1]), value) if value != "\\N" else value
                record.append((value, False))
            if text.startswith(comma, position):
                position += len(comma)
                continue
            position += len(end)
            line += 1
            break
        yield first, record


def csv_rows(body, table, options, width, url):
    """A CSV file's header, where it is read, and its records of text or None."""
    try:
        text = decompressed(body, options["COMPRESSION"]).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(100144, "22000", f"Invalid UTF8 detected in file '{url}'") from None
    except (OSError, EOFError, zlib.error) as e:
        raise Refused(100183, "22000", f"Error in decompressing file '{url}': {e}") from e
    nulls = options["NULL_IF"]
    records, names, row, line = [], None, 0, 1
    try:
        for number, (line, record) in enumerate(csv_records(text, options)):
            if options["PARSE_HEADER"] and number == 0:
                names = [value for value, _ in record]
                width = len(names)
                continue
            if number < options["SKIP_HEADER"]:
                continue
            row += 1
            if width is not None and len(record) != width and options["ERROR_ON_COLUMN_COUNT_MISMATCH"]:
                raise Misfit(100080, "22000", f"Number of columns in file ({len(record)}) does not match that of the corresponding table ({width}), use file format option error_on_column_count_mismatch=false to ignore this error")
            records.append([
                None if value in nulls or (not value and not quoted and options["EMPTY_FIELD_AS_NULL"]) else value
                for value, quoted in record
            ])
    except Misfit as misfit:
        raise refused_load(misfit, url, line, row, table, table.columns[0], 1) from None
    return names, records


def csv_columns(session, body, table, targets, options, match, url):
    names, records = csv_rows(body, table, options, len(targets), url)
    places = matching(table, targets, names if names is not None else [c.name for c in targets], match)

    def values_of(i):
        place = places[i]
        if place is None:
            return None
        return [csv_value(r[place], table.columns[i], options) if place < len(r) else None for r in records]

    return loaded_columns(session, table, url, len(records), values_of, 2 if options["PARSE_HEADER"] else 1 + options["SKIP_HEADER"])


def selected_columns(session, body, table, targets, options, projection, staged_as, url):
    """The rows of a query over a file: over the fields $1, $2 and so on of CSV, over $1:"NAME" of Parquet."""
    if options["TYPE"] == "PARQUET":
        staged, count = parquet_file(body, url, options)
        names = re.findall(r'\$1:"((?:[^"]|"")*)"', projection)
        # What the file does not have is null.
        staged = {f"F{i}": staged.get(n.replace('""', '"'), pa.nulls(count, pa.string())) for i, n in enumerate(names)}
        numbers = itertools.count()
        projection = re.sub(r'\$1:"(?:[^"]|"")*"', lambda m: f"F{next(numbers)}", projection)
        records = pa.table(staged)
    else:
        _, rows = csv_rows(body, table, options, None, url)
        width = max([len(r) for r in rows] + [int(n) for n in re.findall(r"\$(\d+)", projection)], default=0)
        count = len(rows)
        records = pa.table({f"F{i + 1}": pa.array([r[i] if i < len(r) else None for r in rows], pa.string()) for i in range(width)})
    tree = parse_one(f"SELECT {projection} FROM _staged")
    if len(tree.expressions) != len(targets):
        raise compilation(2020, "21S01", f"Insert value list does not match column list expecting {len(targets)} but got {len(tree.expressions)}")
    session_functions(session, tree)
    for parameter in list(tree.find_all(exp.Parameter)):
        holder = parameter.parent if isinstance(parameter.parent, exp.Column) else parameter
        holder.replace(exp.column(f"F{parameter.name}"))
    if any(c.args.get("table") and c.table.upper() != (staged_as or "").upper() for c in tree.find_all(exp.Column)):
        raise compilation(904, "42000", "invalid identifier in the SELECT of COPY")
    duck = session.account.duck.cursor()
    duck.execute(f"SET TimeZone = '{session.parameters['TIMEZONE']}'")
    translated = translate(duck, tree)

    def select(some):
        duck.register("_staged", some)
        duck.execute(translated)
        variants = [str(d[1]) == "JSON" for d in duck.description]
        return [[Variant(v) if is_variant and v is not None else v for v, is_variant in zip(row, variants)] for row in duck.fetchall()]

    try:
        rows = select(records) if count else []
    except duckdb.Error:
        for i in range(count):
            try:
                select(records.slice(i, 1))
            except duckdb.Error as e:
                misfit, column = misfit_of(e), targets[0]
                for k in range(len(targets)):
                    single = tree.copy()
                    single.set("expressions", [tree.expressions[k].copy()])
                    try:
                        duck.execute(translate(duck, single))
                    except duckdb.Error:
                        column = targets[k]
                        break
                raise refused_load(misfit, url, i + 1 + options.get("SKIP_HEADER", 0), i + 1, table, column, targets.index(column) + 1) from e
        raise
    places = [targets.index(c) if c in targets else None for c in table.columns]
    return loaded_columns(
        session,
        table,
        url,
        len(rows),
        lambda i: None if places[i] is None else [csv_value(r[places[i]], table.columns[i], options) for r in rows],
        1 + options.get("SKIP_HEADER", 0),
    )


def misfit_of(error):
    """What Snowflake says where DuckDB could not convert a value."""
    text = str(error).split("\n\nLINE")[0]
    if match := re.search(r'Could not (?:convert string|parse string|cast value|cast string) "?(.*?)"?(?: to |: value is out of range| according)', text, re.DOTALL):
        value = match[1]
        if "cast value" in text or "out of range" in text:
            return Misfit(100039, "22003", f"Numeric value '{value}' is out of range")
        if "BOOL" in text.upper().rpartition(" TO ")[2]:
            return Misfit(100037, "22018", f"Boolean value '{value}' is not recognized")
        if "according" in text:
            return Misfit(100040, "22007", f"Date '{value}' is not recognized")
        return Misfit(100038, "22018", f"Numeric value '{value}' is not recognized")
    if match := re.search(r'(?:invalid )?(date|timestamp) field value.*?"(.*?)"', text):
        kind = match[1].capitalize()
        return Misfit(100040 if kind == "Date" else 100035, "22007", f"{kind} '{match[2]}' is not recognized")
    return Misfit(100038, "22018", text)


def csv_value(value, column, options):
    """Text as the file format says; what is of another form stays text, and is a misfit later."""
    if not isinstance(value, str):
        return value
    try:
        if column.kind == "BINARY":
            form = options["BINARY_FORMAT"]
            if form == "BASE64":
                return base64.b64decode(value, validate=True)
            return value.encode() if form == "UTF8" else bytes.fromhex(value)
        if column.kind == "DATE" and options["DATE_FORMAT"] != "AUTO":
            return moment(value, options["DATE_FORMAT"])
        if column.kind.startswith("TIMESTAMP") and options["TIMESTAMP_FORMAT"] != "AUTO":
            return moment(value, options["TIMESTAMP_FORMAT"])
    except ValueError:
        pass
    return value


MOMENT = {
    "YYYY": r"(?P<year>\d{4})", "MM": r"(?P<month>\d\d)", "DD": r"(?P<day>\d\d)", "HH24": r"(?P<hour>\d\d)",
    "MI": r"(?P<minute>\d\d)", "SS": r"(?P<second>\d\d)", "TZHTZM": r"(?:(?P<zone>[+-]\d\d)(?P<zone_minute>\d\d)|(?P<utc>Z))",
}  # fmt: skip


def moment(text, form):
    """A date and time that is written in a format of Snowflake's."""
    parts = re.split(r"(YYYY|MM|DD|HH24|MI|SS|TZHTZM|FF\d?)", form.replace('"', ""))
    found = re.fullmatch("".join(MOMENT.get(p) or (r"(?P<fraction>\d{1,9})" if p.startswith("FF") else re.escape(p)) for p in parts), text)
    if found is None:
        raise ValueError(text)
    given = {key: value for key, value in found.groupdict().items() if value is not None}
    zone = UTC if "utc" in given else None
    if "zone" in given:
        minutes = int(given["zone_minute"])
        zone = datetime.timezone(datetime.timedelta(hours=int(given["zone"]), minutes=-minutes if given["zone"][0] == "-" else minutes))
    fields = [int(given.get(k, 1 if k in ("month", "day") else 0)) for k in ("year", "month", "day", "hour", "minute", "second")]
    return datetime.datetime(*fields, int(given.get("fraction", "0").ljust(9, "0")[:6]), zone)


# Statements about objects


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


def exists_clause(words, negative):
    return words.take("IF", "NOT", "EXISTS") if negative else words.take("IF", "EXISTS")


def put(session, thing, replace, lenient):
    """Adds an object to its schema; tells whether it is there as made now."""
    schema, key = thing.schema, (SPACES.get(thing.kind, thing.kind), thing.name)
    there = schema.things.get(key)
    if there is not None and replace:
        session.account.require(session, there, "OWNERSHIP")
        session.account.forget(there)
    elif there is not None and lenient:
        return False
    elif there is not None:
        raise compilation(2002, "42710", f"Object '{thing.full_name}' already exists.")
    session.account.require(session, schema, "CREATE " + thing.kind, kind="Schema")
    schema.things[key] = thing
    # What a schema says of a kind of objects goes before what its database says.
    future = [g for g in schema.future.items() if g[0][1] == thing.kind] or [g for g in schema.database.future.items() if g[0][1] == thing.kind]
    for (privilege, _, grantee), option in future:
        if privilege == "OWNERSHIP":
            thing.owner = grantee
        else:
            thing.grants[privilege, "ROLE", grantee] = (option, "")
    return True


def create(session, words):
    account = session.account
    replace = words.take("OR", "REPLACE")
    secure = words.take("SECURE")
    transient = words.take("TRANSIENT")
    temporary = words.take("TEMPORARY") or words.take("TEMP")
    if temporary:
        words.expect("STAGE")
        lenient = exists_clause(words, True)
        name = words.name()[-1]
        words.end()
        if name in session.temporary and lenient:
            return told(f"{name} already exists, statement succeeded.")
        session.temporary[name] = Inner("STAGE", None, name, session.role, url="internal://" + secrets.token_hex(8), credentials=None, options_given={})
        return told(f"Stage area {name} successfully created.")
    if words.take("DATABASE"):
        lenient = exists_clause(words, True)
        name = words.identifier()
        words.end()
        if name in account.databases and not lenient:
            raise compilation(2002, "42710", f"Object '{plain(name)}' already exists.")
        if session.role not in (ADMIN_ROLE, "SYSADMIN"):
            raise denied("account", "TEST")
        database = account.databases.setdefault(name, Database(name, session.role))
        database.schemas.setdefault("PUBLIC", Schema(database, "PUBLIC", session.role))
        session.database, session.schema = name, "PUBLIC"
        return told(f"Database {name} successfully created.")
    if words.take("SCHEMA"):
        return create_schema(session, words, replace, transient)
    if words.take("ROLE"):
        lenient = exists_clause(words, True)
        name = words.identifier()
        words.end()
        administer(session)
        if name in account.roles and not lenient:
            raise compilation(2002, "42710", f"Object '{plain(name)}' already exists.")
        account.roles.setdefault(name, Thing("ROLE", name, session.role))
        return told(f"Role {name} successfully created.")
    if words.take("USER"):
        lenient = exists_clause(words, True)
        name = words.identifier()
        options = words.options("PASSWORD", "DEFAULT_ROLE", "RSA_PUBLIC_KEY", "TYPE")
        administer(session)
        if name in account.users and not lenient:
            raise compilation(2002, "42710", f"Object '{plain(name)}' already exists.")
        user = account.users.setdefault(name, {"password": None, "key": None, "roles": set(), "default_role": None})
        alter_user(user, options)
        return told(f"User {name} successfully created.")
    if words.take("WAREHOUSE"):
        lenient = exists_clause(words, True)
        name = words.identifier()
        words.options("WAREHOUSE_SIZE", "AUTO_SUSPEND", "AUTO_RESUME", "INITIALLY_SUSPENDED")
        administer(session)
        if name in account.warehouses and not lenient:
            raise compilation(2002, "42710", f"Object '{plain(name)}' already exists.")
        account.warehouses.setdefault(name, Thing("WAREHOUSE", name, session.role))
        session.warehouse = name
        return told(f"Warehouse {name} successfully created.")
    if words.take("SHARE"):
        lenient = exists_clause(words, True)
        name = words.identifier()
        words.end()
        administer(session)
        if name in account.shares and not (lenient or replace):
            raise compilation(2002, "42710", f"Object '{plain(name)}' already exists.")
        account.shares[name] = Thing("SHARE", name, session.role)
        return told(f"Share {name} successfully created.")
    if words.take("STORAGE", "INTEGRATION"):
        name = words.identifier()
        options = words.options("TYPE", "STORAGE_PROVIDER", "STORAGE_AWS_ROLE_ARN", "ENABLED", "STORAGE_ALLOWED_LOCATIONS")
        administer(session)
        integration = Thing("INTEGRATION", name, session.role)
        integration.locations = options.get("STORAGE_ALLOWED_LOCATIONS", [])
        account.integrations[name] = integration
        return told(f"Integration {name} successfully created.")
    kind = inner_kind(words)
    if kind is None or (transient and kind not in ("TABLE", "DYNAMIC TABLE")) or (secure and kind != "VIEW"):
        raise words.unexpected()
    lenient = exists_clause(words, True)
    schema, name = account.place(session, words.name())
    thing = MAKERS[kind](session, words, schema, name)
    thing.transient = transient or (kind == "TABLE" and schema.transient)
    thing.secure = secure
    made = put(session, thing, replace, lenient)
    if kind == "TABLE" and made:
        thing.make(session)
    label = {"STAGE": "Stage area"}.get(kind, kind.capitalize())
    return told(f"{label} {name} successfully created." if made else f"{name} already exists, statement succeeded.")


def administer(session):
    if session.role not in (ADMIN_ROLE, "SECURITYADMIN"):
        raise denied("account", "TEST")


def create_schema(session, words, replace, transient):
    lenient = exists_clause(words, True)
    name = words.name()
    managed = words.take("WITH", "MANAGED", "ACCESS")
    options = words.options("COMMENT", *SCHEMA_PARAMETERS)
    database = session.account.database(session, name[0] if len(name) == 2 else None)
    session.account.require(session, database, "CREATE SCHEMA")
    there = database.schemas.get(name[-1])
    if there is not None and not replace:
        if lenient:
            return told(f"{name[-1]} already exists, statement succeeded.")
        raise compilation(2002, "42710", f"Object '{full(database.name, name[-1])}' already exists.")
    if there is not None:
        session.account.require(session, there, "OWNERSHIP")
        for thing in there.things.values():
            session.account.forget(thing)
    schema = Schema(database, name[-1], session.role, transient, options.get("COMMENT", ""), managed)
    options.pop("COMMENT", None)
    set_schema_parameters(session, schema, options)
    database.schemas[name[-1]] = schema
    session.database, session.schema = database.name, name[-1]
    return told(f"Schema {name[-1]} successfully created.")


# Those of https://docs.snowflake.com/en/sql-reference/sql/alter-schema that tests set, with their defaults.
SCHEMA_PARAMETERS = {
    "DATA_RETENTION_TIME_IN_DAYS": 1,
    "MAX_DATA_EXTENSION_TIME_IN_DAYS": 14,
    "DEFAULT_DDL_COLLATION": "",
    "LOG_LEVEL": "OFF",
    "TRACE_LEVEL": "OFF",
    "REPLACE_INVALID_CHARACTERS": False,
    "PIPE_EXECUTION_PAUSED": False,
    "STORAGE_SERIALIZATION_POLICY": "OPTIMIZED",
}


def set_schema_parameters(session, schema, options):
    for key, value in options.items():
        if type(value) is not type(SCHEMA_PARAMETERS[key]):
            raise compilation(1006, "22023", f"invalid value [{value}] for parameter '{key}'")
        if key == "DATA_RETENTION_TIME_IN_DAYS" and value > (1 if schema.transient else 90):
            raise compilation(1007, "22023", f"Invalid data retention time [{value}]: a transient schema keeps one day at most")
        if key.endswith("_LEVEL") and not session.account.holds(session.role, session.account.itself, "MODIFY " + key.replace("_", " ")):
            raise Refused(3001, "42501", f"Insufficient privileges to set parameter '{key}': it takes MODIFY {key.replace('_', ' ')} on the account")
        schema.parameters[key] = value


def make_table(session, words, schema, name):
    table = Inner("TABLE", schema, name, session.role, columns=[], cluster_by="", loaded={}, row_policy=None,
                  aggregation_policy=None, retention=None, search_optimization=False, source=None, change_tracking=False,
                  reclustering=True, evolves=False,
                  duck=f"T{next(session.account.numbers)}")  # fmt: skip
    table.make = lambda s: make_rows(s, table)
    if words.take("LIKE"):
        other = session.account.find(session, "TABLE", words.name(), "SELECT")
        if other.kind != "TABLE":
            raise words.unexpected()
        table.columns = [copied(c) for c in other.columns]
        table.cluster_by = other.cluster_by
    elif words.take("("):
        while True:
            column = column_type(words.identifier(), words)
            column_clauses(session, words, column)
            if column.kind == "VARCHAR":
                column.collation = schema.parameters.get("DEFAULT_DDL_COLLATION")
            if any(c.name == column.name for c in table.columns):
                raise compilation(2025, "42701", f"duplicate column name '{column.name}'")
            table.columns.append(column)
            if words.take(")"):
                break
            words.expect(",")
    table_options(session, words, table)
    if words.take("AS"):
        table.source = words.rest()
    words.end()
    if not table.columns and not table.source:
        raise words.unexpected()
    return table


def copied(column):
    other = Column(column.name, column.kind, column.precision, column.scale, column.length, column.nullable, column.comment)
    other.default = column.default
    return other


def column_clauses(session, words, column):
    while True:
        if words.take("NOT", "NULL"):
            column.nullable = False
        elif words.take("NULL"):
            column.nullable = True
        elif words.take("COMMENT"):
            column.comment = words.string()
        elif words.take("WITH", "MASKING", "POLICY") or words.take("MASKING", "POLICY"):
            column.masking = session.account.find(session, "MASKING POLICY", words.name(), "APPLY")
            if words.take("USING"):
                words.value()
        elif words.next_is("WITH", "TAG") or words.next_is("TAG"):
            column.tags.update(tag_clause(session, words))
        elif words.take("DEFAULT"):
            column.default = words.next_of("string", "number", "word")
        else:
            return


def tag_clause(session, words):
    words.take("WITH")
    words.expect("TAG", "(")
    tags = {}
    while not words.take(")"):
        tag = session.account.find(session, "TAG", words.name(), "APPLY")
        words.expect("=")
        tags[tag.full_name] = words.string()
        words.take(",")
    return tags


def table_options(session, words, table):
    while True:
        if words.take("CLUSTER", "BY"):
            table.cluster_by = "LINEAR(" + parenthesis(words) + ")"
        elif words.take("WITH", "ROW", "ACCESS", "POLICY") or words.take("ROW", "ACCESS", "POLICY"):
            table.row_policy = row_policy(session, words)
        elif words.take("WITH", "AGGREGATION", "POLICY") or words.take("AGGREGATION", "POLICY"):
            table.aggregation_policy = session.account.find(session, "AGGREGATION POLICY", words.name(), "APPLY")
        elif words.next_is("WITH", "TAG") or words.next_is("TAG"):
            table.tags.update(tag_clause(session, words))
        elif (comment := words.option("COMMENT")) is not None:
            table.comment = comment
        elif (days := words.option("DATA_RETENTION_TIME_IN_DAYS")) is not None:
            table.retention = days
        elif (tracking := words.option("CHANGE_TRACKING")) is not None:
            table.change_tracking = tracking
        else:
            return


def row_policy(session, words):
    policy = session.account.find(session, "ROW ACCESS POLICY", words.name(), "APPLY")
    words.expect("ON", "(")
    columns = [words.identifier()]
    while words.take(","):
        columns.append(words.identifier())
    words.expect(")")
    return policy, columns


def parenthesis(words):
    """The text in parentheses."""
    words.expect("(")
    start, depth = words.tokens[words.at][2], 1
    while depth:
        kind, text, position = words.tokens[words.at] if words.at < len(words.tokens) else (None, "", 0)
        if kind is None:
            raise words.unexpected()
        depth += {"(": 1, ")": -1}.get(text, 0)
        words.at += 1
    return words.sql[start:position]


def make_rows(session, table):
    duck = session.account.duck.cursor()
    if table.source is not None:
        described = query(session, table.source, [], False)
        table.columns = described.columns
    columns = ", ".join(f'"{c.name}" {c.duck_type()}' + ("" if c.nullable else " NOT NULL")
                        + (f" CHECK (length(\"{c.name}\") <= {c.length})" if c.kind == "VARCHAR" and c.length < 16777216 else "")
                        + (f" DEFAULT {c.default}" if c.default else "") for c in table.columns)  # fmt: skip
    duck.execute(f'CREATE TABLE "{table.duck}" ({columns})')
    if table.source is not None:
        marks = ", ".join("?" for _ in table.columns)
        if described.rows:
            duck.executemany(f'INSERT INTO "{table.duck}" VALUES ({marks})', [list(r) for r in described.rows])


def make_view(session, words, schema, name):
    view = Inner("VIEW", schema, name, session.role, text=words.sql, columns=[])
    names = []
    if words.take("("):
        while not words.take(")"):
            names.append(words.identifier())
            if words.take("COMMENT"):
                words.string()
            words.take(",")
    words.take("COPY", "GRANTS")
    view.comment = words.option("COMMENT") or ""
    words.expect("AS")
    view.query = words.rest()
    described = described_in(session, schema, view.query)
    if names:
        if len(names) != len(described):
            raise compilation(2057, "42601", "Invalid column definition list")
        view.query = f"SELECT * FROM ({view.query}) AS V({', '.join(plain(n) for n in names)})"
        described = described_in(session, schema, view.query)
    view.columns = described
    return view


def make_materialized_view(session, words, schema, name):
    view = make_view(session, words, schema, name)
    view.kind = "MATERIALIZED VIEW"
    return view


def described_in(session, schema, text):
    before = session.database, session.schema
    session.database, session.schema = schema.database.name, schema.name
    try:
        return query(session, text, [], True).columns
    finally:
        session.database, session.schema = before


def make_stage(session, words, schema, name):
    stage = Inner("STAGE", schema, name, session.role, url="", integration=None, credentials=None, options_given={})
    alter_stage(session, words, stage)
    if not stage.url:
        raise Refused(2049, "0A000", "The test server has no internal stages")
    return stage


def alter_stage(session, words, stage):
    options = words.options("URL", "STORAGE_INTEGRATION", "CREDENTIALS", "FILE_FORMAT", "COMMENT", "DIRECTORY")
    url = options.get("URL", stage.url)
    # Folders of this machine are the test server's own.
    if url and not re.fullmatch(r"s3://[^/]+(/.*)?|file:///.+", url):
        raise compilation(1011, "42601", f"invalid URL prefix found in: '{url}'")
    stage.url, stage.comment = url, options.get("COMMENT", stage.comment)
    if "STORAGE_INTEGRATION" in options:
        integration = session.account.integrations.get(options["STORAGE_INTEGRATION"])
        if integration is None or not session.account.holds(session.role, integration, "USAGE"):
            raise missing("Integration", options["STORAGE_INTEGRATION"])
        if not any(url.startswith(p) for p in integration.locations):
            raise compilation(3162, "42601", f"Location '{url}' is not allowed by integration '{integration.name}'.")
        stage.integration = integration.name
    if "CREDENTIALS" in options:
        unknown = set(options["CREDENTIALS"]) - {"AWS_KEY_ID", "AWS_SECRET_KEY", "AWS_TOKEN"}
        if unknown:
            raise compilation(1008, "22023", f"invalid parameter '{unknown.pop()}'")
        stage.credentials = options["CREDENTIALS"]
    if "FILE_FORMAT" in options:
        given = options["FILE_FORMAT"]
        stage.options_given = {"FORMAT_NAME": given} if isinstance(given, str) else given
        format_options(session, stage.options_given)


def make_format(session, words, schema, name):
    options = words.options("TYPE", "COMMENT", *{key for known in FORMAT_OPTIONS.values() for key in known})
    comment = options.pop("COMMENT", "")
    return Inner("FILE FORMAT", schema, name, session.role, comment, options=format_options(session, options))


def make_policy(kind):
    def make(session, words, schema, name):
        words.expect("AS")
        return Inner(kind, schema, name, session.role, body=words.rest())

    return make


def make_tag(session, words, schema, name):
    tag = Inner("TAG", schema, name, session.role, allowed=[])
    if words.take("ALLOWED_VALUES"):
        tag.allowed = [words.string()]
        while words.take(","):
            tag.allowed.append(words.string())
    tag.comment = words.option("COMMENT") or ""
    words.end()
    return tag


def make_stream(session, words, schema, name):
    words.expect("ON")
    kind = "TABLE" if words.take("TABLE") else "VIEW"
    if kind == "VIEW" and not words.take("VIEW"):
        raise words.unexpected()
    base = session.account.find(session, kind, words.name(), "SELECT")
    words.options("APPEND_ONLY", "COMMENT", "SHOW_INITIAL_ROWS")
    return Inner("STREAM", schema, name, session.role, base=base)


def base_tables(stream):
    """The tables that a stream follows; of a view those that its text names."""
    base = stream.base
    if base.kind != "VIEW":
        return base.full_name
    names = re.findall(r"(?:FROM|JOIN)\s+([\w.]+)", base.text, re.IGNORECASE)
    return ", ".join(f"{base.schema.database.name}.{name}" for name in names)


def make_dynamic(session, words, schema, name):
    thing = Inner("DYNAMIC TABLE", schema, name, session.role)
    options = {}
    while not words.take("AS"):
        if words.peek() not in ("TARGET_LAG", "WAREHOUSE", "REFRESH_MODE", "INITIALIZE", "COMMENT"):
            raise words.unexpected()
        key = words.identifier()
        words.expect("=")
        options[key] = words.value()
    if "TARGET_LAG" not in options or "WAREHOUSE" not in options:
        raise words.unexpected()
    thing.lag = options["TARGET_LAG"]
    thing.query = words.rest()
    thing.text = words.sql
    thing.columns = described_in(session, schema, thing.query)
    return thing


def make_pipe(session, words, schema, name):
    words.option("AUTO_INGEST")
    words.expect("AS")
    return Inner("PIPE", schema, name, session.role, definition=words.rest())


def make_task(session, words, schema, name):
    task = Inner("TASK", schema, name, session.role, schedule=None)
    while not words.take("AS"):
        if words.peek() not in ("WAREHOUSE", "SCHEDULE", "COMMENT"):
            raise words.unexpected()
        key = words.identifier()
        words.expect("=")
        value = words.value()
        if key == "SCHEDULE":
            task.schedule = value
    task.definition = words.rest()
    return task


def make_sequence(session, words, schema, name):
    words.end()
    return Inner("SEQUENCE", schema, name, session.role)


def make_idle(kind):
    def make(session, words, schema, name):
        words.at = len(words.tokens)
        return Inner(kind, schema, name, session.role)

    return make


def make_function(kind):
    def make(session, words, schema, name):
        parenthesis(words)
        words.expect("RETURNS")
        column_type("RESULT", words)
        words.expect("AS")
        return Inner(kind, schema, name, session.role, body=words.string())

    return make


MAKERS = {
    "FUNCTION": make_function("FUNCTION"), "PROCEDURE": make_function("PROCEDURE"),
    "TABLE": make_table, "VIEW": make_view, "STAGE": make_stage, "FILE FORMAT": make_format, "TAG": make_tag,
    "MASKING POLICY": make_policy("MASKING POLICY"), "ROW ACCESS POLICY": make_policy("ROW ACCESS POLICY"),
    "AGGREGATION POLICY": make_policy("AGGREGATION POLICY"), "PROJECTION POLICY": make_policy("PROJECTION POLICY"),
    "JOIN POLICY": make_policy("JOIN POLICY"), "STREAM": make_stream, "DYNAMIC TABLE": make_dynamic,
    "PIPE": make_pipe, "TASK": make_task, "SEQUENCE": make_sequence, "MATERIALIZED VIEW": make_materialized_view,
    **{" ".join(kind): make_idle(" ".join(kind)) for kind in IDLE_KINDS},
}  # fmt: skip


def alter(session, words):
    account = session.account
    if words.take("SESSION"):
        unset = words.take("UNSET")
        if not unset:
            words.expect("SET")
        while words.at < len(words.tokens):
            key = words.identifier()
            if unset:
                session.set_parameter(key, PARAMETERS.get(key))
            else:
                words.expect("=")
                session.set_parameter(key, words.value())
            words.take(",")
        return told()
    if words.take("USER"):
        name = words.identifier()
        administer(session)
        if name not in account.users:
            raise missing("User", plain(name))
        words.expect("SET")
        alter_user(account.users[name], words.options("PASSWORD", "DEFAULT_ROLE", "RSA_PUBLIC_KEY"))
        return told()
    if words.take("WAREHOUSE"):
        name = words.identifier()
        administer(session)
        monitor = words.take("SET") and words.options("RESOURCE_MONITOR").get("RESOURCE_MONITOR")
        if not monitor:
            words.expect("UNSET", "RESOURCE_MONITOR")
        # Here a monitor has spent its quota from the beginning.
        account.warehouses[name].spent = monitor or None
        return told()
    if words.take("SCHEMA"):
        return alter_schema(session, words)
    if words.take("DATABASE"):
        database = account.database(session, words.identifier())
        account.require(session, database, "OWNERSHIP")
        words.expect("SET")
        set_tags(session, words, database)
        words.end()
        return told()
    if words.take("TAG"):
        tag = account.find(session, "TAG", words.name(), "OWNERSHIP")
        words.expect("SET", "MASKING", "POLICY")
        tag.masking = account.find(session, "MASKING POLICY", words.name(), "APPLY")
        words.end()
        return told()
    kind = inner_kind(words)
    lenient = exists_clause(words, False)
    if kind not in ("TABLE", "VIEW", "STAGE", "TASK", "DYNAMIC TABLE"):
        raise words.unexpected()
    try:
        thing = account.find(session, kind, words.name(), "OWNERSHIP")
    except Refused:
        if lenient:
            return told()
        raise
    if kind in ("STAGE",) and words.take("SET"):
        alter_stage(session, words, thing)
    elif words.take("RENAME", "TO"):
        schema, name = account.place(session, words.name())
        space = SPACES.get(kind, kind)
        if (space, name) in schema.things:
            raise compilation(2002, "42710", f"Object '{full(schema.database.name, schema.name, name)}' already exists.")
        del thing.schema.things[space, thing.name]
        thing.schema, thing.name = schema, name
        schema.things[space, name] = thing
    elif words.take("SWAP", "WITH") and kind == "TABLE":
        other = account.find(session, kind, words.name(), "OWNERSHIP")
        thing.schema.things["TABLE", thing.name], other.schema.things["TABLE", other.name] = other, thing
        thing.name, other.name, thing.schema, other.schema = other.name, thing.name, other.schema, thing.schema
    elif kind == "TABLE":
        alter_table(session, words, thing)
    elif words.take("SET"):
        if words.next_is("TAG"):
            set_tags(session, words, thing)
        else:
            thing.comment = words.options("COMMENT")["COMMENT"]
    elif kind == "VIEW" and (words.take("MODIFY") or words.take("ALTER")):
        alter_columns(session, words, thing)
    else:
        raise words.unexpected()
    words.end()
    return told()


def alter_user(user, options):
    user["password"] = options.get("PASSWORD", user["password"])
    user["default_role"] = options.get("DEFAULT_ROLE", user["default_role"])
    if "RSA_PUBLIC_KEY" in options:
        pem = f"-----BEGIN PUBLIC KEY-----\n{options['RSA_PUBLIC_KEY'].strip()}\n-----END PUBLIC KEY-----\n"
        try:
            user["key"] = serialization.load_pem_public_key(pem.encode())
        except ValueError:
            raise compilation(1008, "22023", "New public key rejected by current policy. Reason: 'Invalid public key'") from None


def alter_schema(session, words):
    account = session.account
    lenient = exists_clause(words, False)
    name = words.name()
    try:
        schema = account.schema(session, name)
    except Refused:
        if lenient:
            return told()
        raise
    account.require(session, schema, "OWNERSHIP")
    database = schema.database
    if words.take("SWAP", "WITH"):
        other = account.schema(session, words.name())
        words.end()
        account.require(session, other, "OWNERSHIP")
        if other.database is not database:
            account.require(session, other.database, "CREATE SCHEMA")
        # One assignment for readers, who resolve names under the same lock. Comment, grants and all go with the schema.
        database.schemas[schema.name], other.database.schemas[other.name] = other, schema
        schema.name, other.name = other.name, schema.name
        schema.database, other.database = other.database, schema.database
    elif words.take("RENAME", "TO"):
        to = words.name()
        words.end()
        target = account.database(session, to[0] if len(to) == 2 else database.name)
        account.require(session, target, "CREATE SCHEMA")
        if to[-1] in target.schemas:
            raise compilation(2002, "42710", f"Object '{full(target.name, to[-1])}' already exists.")
        del database.schemas[schema.name]
        schema.name, schema.database = to[-1], target
        target.schemas[to[-1]] = schema
    elif words.take("SET"):
        if words.next_is("TAG"):
            set_tags(session, words, schema)
        else:
            options = words.options("COMMENT", *SCHEMA_PARAMETERS)
            schema.comment = options.pop("COMMENT", schema.comment)
            set_schema_parameters(session, schema, options)
    elif words.take("UNSET"):
        if words.take("COMMENT"):
            schema.comment = ""
        elif words.take("TAG"):
            unset_tags(session, words, schema)
        elif words.peek() in SCHEMA_PARAMETERS:
            schema.parameters.pop(words.identifier(), None)
        else:
            raise words.unexpected()
        words.end()
    elif words.take("ENABLE", "MANAGED", "ACCESS"):
        words.end()
        schema.managed = True
    elif words.take("DISABLE", "MANAGED", "ACCESS"):
        words.end()
        schema.managed = False
    else:
        raise words.unexpected()
    return told()


def set_tags(session, words, thing):
    words.expect("TAG")
    while True:
        tag = session.account.find(session, "TAG", words.name(), "APPLY")
        words.expect("=")
        value = words.string()
        if tag.allowed and value not in tag.allowed:
            raise compilation(391, "22023", f"Tag value {value} is not an allowed value for tag '{tag.name}'")
        thing.tags[tag.full_name] = value
        if not words.take(","):
            return


def unset_tags(session, words, thing):
    while True:
        tag = session.account.find(session, "TAG", words.name(), "APPLY")
        thing.tags.pop(tag.full_name, None)
        if not words.take(","):
            return


def column_named(table, name):
    for column in table.columns:
        if column.name == name:
            return column
    raise compilation(904, "42000", f"invalid identifier '{plain(name)}'")


def alter_table(session, words, table):
    account, duck = session.account, session.account.duck.cursor()
    if words.take("CLUSTER", "BY"):
        table.cluster_by = "LINEAR(" + parenthesis(words) + ")"
    elif words.take("ADD", "SEARCH", "OPTIMIZATION"):
        table.search_optimization = True
    elif words.take("DROP", "SEARCH", "OPTIMIZATION"):
        table.search_optimization = False
    elif words.take("DROP", "CLUSTERING", "KEY"):
        table.cluster_by = ""
    elif words.take("SUSPEND", "RECLUSTER") or words.take("RESUME", "RECLUSTER"):
        if not table.cluster_by:
            raise compilation(1008, "22023", f"Table '{table.name}' has no clustering key")
        table.reclustering = words.tokens[words.at - 2][1].upper() == "RESUME"
    elif words.take("ADD", "ROW", "ACCESS", "POLICY"):
        if table.row_policy:
            raise compilation(3551, "42710", f"Object {table.name} already has a ROW_ACCESS_POLICY. Only one ROW_ACCESS_POLICY is allowed at a time.")
        table.row_policy = row_policy(session, words)
    elif words.take("DROP", "ALL", "ROW", "ACCESS", "POLICIES"):
        table.row_policy = None
    elif words.take("DROP", "ROW", "ACCESS", "POLICY"):
        account.find(session, "ROW ACCESS POLICY", words.name())
        table.row_policy = None
    elif words.take("SET", "AGGREGATION", "POLICY"):
        table.aggregation_policy = account.find(session, "AGGREGATION POLICY", words.name(), "APPLY")
        words.take("FORCE")
    elif words.take("UNSET", "AGGREGATION", "POLICY"):
        table.aggregation_policy = None
    elif words.take("SET"):
        if words.next_is("TAG"):
            set_tags(session, words, table)
        else:
            options = words.options("COMMENT", "DATA_RETENTION_TIME_IN_DAYS", "CHANGE_TRACKING", "ENABLE_SCHEMA_EVOLUTION")
            table.comment = options.get("COMMENT", table.comment)
            table.evolves = options.get("ENABLE_SCHEMA_EVOLUTION", table.evolves)
            table.retention = options.get("DATA_RETENTION_TIME_IN_DAYS", table.retention)
            table.change_tracking = options.get("CHANGE_TRACKING", table.change_tracking)
    elif words.take("UNSET", "COMMENT"):
        table.comment = ""
    elif words.take("UNSET", "DATA_RETENTION_TIME_IN_DAYS"):
        table.retention = None
    elif words.take("UNSET", "TAG"):
        unset_tags(session, words, table)
    elif words.take("RENAME", "COLUMN"):
        column = column_named(table, words.identifier())
        words.expect("TO")
        name = words.identifier()
        duck.execute(f'ALTER TABLE "{table.duck}" RENAME COLUMN "{column.name}" TO "{name}"')
        column.name = name
    elif words.take("ADD", "COLUMN") or (words.next_is("ADD") and words.take("ADD")):
        lenient = exists_clause(words, True)
        column = column_type(words.identifier(), words)
        column_clauses(session, words, column)
        if any(c.name == column.name for c in table.columns):
            if lenient:
                return
            raise compilation(1430, "42601", f"column '{column.name}' already exists")
        duck.execute(f'ALTER TABLE "{table.duck}" ADD COLUMN "{column.name}" {column.duck_type()}')
        table.columns.append(column)
    elif words.take("DROP", "COLUMN"):
        column = column_named(table, words.identifier())
        duck.execute(f'ALTER TABLE "{table.duck}" DROP COLUMN "{column.name}"')
        table.columns.remove(column)
    elif words.take("MODIFY") or words.take("ALTER"):
        alter_columns(session, words, table)
    else:
        raise words.unexpected()


def alter_columns(session, words, table):
    grouped = words.take("(")
    while True:
        words.take("COLUMN")
        column = column_named(table, words.identifier())
        if words.take("COMMENT"):
            column.comment = words.string()
        elif words.take("UNSET", "COMMENT"):
            column.comment = ""
        elif words.take("SET", "MASKING", "POLICY"):
            policy = session.account.find(session, "MASKING POLICY", words.name(), "APPLY")
            if words.take("USING"):
                words.value()
            if column.masking is not None and not words.take("FORCE"):
                raise compilation(3550, "42710", f"Specified column already attached to another masking policy: {column.name}")
            column.masking = policy
        elif words.take("UNSET", "MASKING", "POLICY"):
            column.masking = None
        elif words.take("SET", "TAG"):
            words.at -= 1
            holder = Thing("COLUMN", column.name, "")
            set_tags(session, words, holder)
            column.tags.update(holder.tags)
        elif words.take("UNSET", "TAG"):
            unset_tags(session, words, column)
        elif words.take("DROP", "NOT", "NULL"):
            session.account.duck.cursor().execute(f'ALTER TABLE "{table.duck}" ALTER COLUMN "{column.name}" DROP NOT NULL')
            column.nullable = True
        else:
            raise words.unexpected()
        if not words.take(","):
            break
    if grouped:
        words.expect(")")


def drop(session, words):
    account = session.account
    if words.take("DATABASE"):
        lenient = exists_clause(words, False)
        name = words.identifier()
        if name not in account.databases:
            if lenient:
                return told("Drop statement executed successfully.")
            raise missing("Database", plain(name))
        account.require(session, account.databases[name], "OWNERSHIP")
        for schema in account.databases.pop(name).schemas.values():
            for thing in schema.things.values():
                account.forget(thing)
        if session.database == name:
            session.database = session.schema = None
        return told(f"{name} successfully dropped.")
    if words.take("SCHEMA"):
        lenient = exists_clause(words, False)
        name = words.name()
        if not words.take("CASCADE"):
            words.take("RESTRICT")
        words.end()
        try:
            schema = account.schema(session, name)
        except Refused:
            if lenient:
                return told("Drop statement executed successfully (" + name[-1] + " already dropped).")
            raise
        account.require(session, schema, "OWNERSHIP")
        for policy in policies_elsewhere(account, schema):
            raise compilation(3531, "42601", f"Policy '{policy.full_name}' cannot be dropped/replaced as it is associated with one or more entities.")
        del schema.database.schemas[schema.name]
        for thing in schema.things.values():
            account.forget(thing)
        if session.database == schema.database.name and session.schema == schema.name:
            session.schema = None
        return told(f"{schema.name} successfully dropped.")
    for kind, things in (("ROLE", account.roles), ("SHARE", account.shares), ("USER", account.users), ("WAREHOUSE", account.warehouses)):
        if words.take(kind):
            lenient = exists_clause(words, False)
            name = words.identifier()
            words.end()
            administer(session)
            if things.pop(name, None) is None and not lenient:
                raise missing(kind.capitalize(), plain(name))
            return told(f"{name} successfully dropped.")
    kind = inner_kind(words)
    if kind is None:
        raise words.unexpected()
    lenient = exists_clause(words, False)
    name = words.name()
    words.take("CASCADE")
    words.end()
    try:
        thing = account.find(session, kind, name, "OWNERSHIP")
    except Refused:
        if lenient:
            return told("Drop statement executed successfully (" + name[-1] + " already dropped).")
        raise
    if thing.kind != kind:
        raise compilation(2003, "02000", f"Object found is of type '{thing.kind}', specified type '{kind}' is not compatible.")
    del thing.schema.things[SPACES.get(kind, kind), thing.name]
    account.forget(thing)
    return told(f"{thing.name} successfully dropped.")


def policies_elsewhere(account, schema):
    """Policies of a schema that tables of other schemas have."""
    for database in account.databases.values():
        for other in database.schemas.values():
            for thing in other.things.values() if other is not schema else ():
                masking = [c.masking for c in getattr(thing, "columns", ())]
                row, aggregation = getattr(thing, "row_policy", None), getattr(thing, "aggregation_policy", None)
                for policy in (*masking, row and row[0], aggregation):
                    if policy and policy.schema is schema:
                        yield policy


def comment(session, words):
    lenient = exists_clause(words, False)
    words.expect("ON")
    if words.take("SCHEMA"):
        thing = session.account.schema(session, words.name())
    elif words.take("COLUMN"):
        name = words.name()
        table = session.account.find(session, "TABLE", name[:-1], "OWNERSHIP")
        words.expect("IS")
        column_named(table, name[-1]).comment = words.string()
        words.end()
        return told()
    else:
        kind = inner_kind(words)
        if kind is None:
            raise words.unexpected()
        try:
            thing = session.account.find(session, kind, words.name())
        except Refused:
            if lenient:
                return told()
            raise
    session.account.require(session, thing, "OWNERSHIP")
    words.expect("IS")
    thing.comment = words.string()
    words.end()
    return told()


PRIVILEGES = {
    "ACCOUNT": {
        "APPLY TAG", "APPLY MASKING POLICY", "APPLY ROW ACCESS POLICY", "APPLY AGGREGATION POLICY", "MODIFY LOG LEVEL", "MODIFY TRACE LEVEL",
    },
    "DATABASE": {"USAGE", "CREATE SCHEMA", "MONITOR", "MODIFY"},
    "SCHEMA": {"USAGE", "MONITOR", "MODIFY"} | {"CREATE " + " ".join(k) for k in INNER_KINDS},
    "TABLE": {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "EVOLVE SCHEMA", "APPLYBUDGET"},
    "VIEW": {"SELECT", "REFERENCES"},
    "MATERIALIZED VIEW": {"SELECT", "REFERENCES"},
    "DYNAMIC TABLE": {"SELECT", "MONITOR", "OPERATE"},
    "STAGE": {"USAGE", "READ", "WRITE"},
    "FILE FORMAT": {"USAGE"},
    "WAREHOUSE": {"USAGE", "OPERATE", "MONITOR", "MODIFY"},
    "INTEGRATION": {"USAGE"},
    "STREAM": {"SELECT"},
    "PIPE": {"MONITOR", "OPERATE"},
    "TASK": {"MONITOR", "OPERATE"},
    "TAG": {"APPLY", "READ"},
    "MASKING POLICY": {"APPLY"},
    "ROW ACCESS POLICY": {"APPLY"},
    "AGGREGATION POLICY": {"APPLY"},
    "SEQUENCE": {"USAGE"},
    "FUNCTION": {"USAGE"},
    "PROCEDURE": {"USAGE"},
    **{" ".join(kind): {"USAGE", "APPLY", "READ", "MONITOR"} for kind in IDLE_KINDS},
}


def object_of(session, words):
    """The object that a grant is about."""
    account = session.account
    if words.take("DATABASE"):
        return account.database(session, words.identifier())
    if words.take("SCHEMA"):
        return account.schema(session, words.name())
    if words.take("WAREHOUSE") or words.take("INTEGRATION"):
        things = account.warehouses if words.tokens[words.at - 1][1].upper() == "WAREHOUSE" else account.integrations
        name = words.identifier()
        if name not in things:
            raise missing("Object", plain(name))
        return things[name]
    kind = inner_kind(words)
    if kind is None:
        raise words.unexpected()
    thing = account.find(session, kind, words.name())
    if thing.kind != kind:
        raise missing_object("Object", thing.full_name)
    return thing


def privileges_of(words):
    found = []
    while True:
        parts = []
        while words.kind() == "word" and not words.next_is("ON") and not words.next_is(","):
            parts.append(words.identifier())
        if not parts:
            raise words.unexpected()
        found.append(" ".join(parts))
        if not words.take(","):
            return found


def many_of(kind):
    """TABLES for TABLE, POLICIES for POLICY."""
    return (kind[:-1] + "IES" if kind.endswith("Y") else kind + "S").split(" ")


def plural_kind(words):
    for kind in INNER_KINDS:
        if words.take(*many_of(" ".join(kind))):
            return " ".join(kind)
    raise words.unexpected()


def grantee_of(session, words, preposition):
    words.expect(preposition)
    if words.take("SHARE"):
        name = words.identifier()
        if name not in session.account.shares:
            raise missing("Share", plain(name))
        return "SHARE", name
    if words.take("DATABASE", "ROLE"):
        return "DATABASE_ROLE", ".".join(words.name())
    words.take("ROLE")
    name = words.identifier()
    if name not in session.account.roles:
        raise missing("Role", plain(name))
    return "ROLE", name


def grant_or_revoke(session, words, give):
    account = session.account
    preposition = "TO" if give else "FROM"
    if words.next_is("ROLE"):
        words.take("ROLE")
        role = words.identifier()
        words.expect(preposition)
        administer(session)
        if role not in account.roles:
            raise missing("Role", plain(role))
        if words.take("USER"):
            to = account.users.get(user := words.identifier())
            if to is None:
                raise missing("User", plain(user))
            held = to["roles"]
        else:
            words.expect("ROLE")
            held = account.parents.setdefault(words.identifier(), set())
        held.add(role) if give else held.discard(role)
        words.end()
        return told()
    if not give:
        words.take("GRANT", "OPTION", "FOR")
    privileges = privileges_of(words)
    words.expect("ON")
    scope = "FUTURE" if words.take("FUTURE") else "ALL" if words.take("ALL") else None
    if scope:
        kind = plural_kind(words)
        words.expect("IN")
        if words.take("DATABASE") and scope == "FUTURE":
            schema = account.database(session, words.identifier())
        else:
            words.expect("SCHEMA")
            schema = account.schema(session, words.name())
        things = [t for t in schema.things.values() if t.kind == kind] if scope == "ALL" else []
        if scope == "FUTURE":
            account.require(session, schema, "OWNERSHIP")
    else:
        things = [account.itself if words.take("ACCOUNT") else object_of(session, words)]
        kind = things[0].kind
    if privileges in (["ALL"], ["ALL PRIVILEGES"]):
        privileges = sorted(PRIVILEGES[kind])
    for privilege in privileges:
        if privilege != "OWNERSHIP" and privilege not in PRIVILEGES[kind]:
            raise compilation(3008, "42601", f"Invalid object type '{kind}' for privilege '{privilege}'")
    whom, grantee = grantee_of(session, words, preposition)
    option = give and words.take("WITH", "GRANT", "OPTION")
    if scope == "FUTURE":
        words.end()
        for privilege in privileges:
            if give:
                schema.future[privilege, kind, grantee] = option
            else:
                schema.future.pop((privilege, kind, grantee), None)
        return told()
    current = None
    if privileges == ["OWNERSHIP"]:
        current = "COPY" if words.take("COPY", "CURRENT", "GRANTS") else "REVOKE" if words.take("REVOKE", "CURRENT", "GRANTS") else None
    elif not give:
        words.take("CASCADE") or words.take("RESTRICT")
    words.end()
    for thing in things:
        if privileges == ["OWNERSHIP"]:
            account.require(session, thing, "OWNERSHIP")
            if thing.grants and current is None:
                raise Refused(3091, "42501", f"Dependent grant of privilege exists on '{thing.name}': it must be revoked first, or use COPY CURRENT GRANTS")
            if current == "REVOKE":
                thing.grants = {}
            thing.owner = grantee
            continue
        if session.role != ADMIN_ROLE and thing.owner not in account.roles_of(session.role):
            mine = account.roles_of(session.role)
            if not all(any(p == q and g in mine and o for (q, _, g), (o, _) in thing.grants.items()) for p in privileges):
                raise denied(thing.kind.lower(), thing.name)
        for privilege in privileges:
            if give:
                had = thing.grants.get((privilege, whom, grantee), (False, ""))[0]
                thing.grants[privilege, whom, grantee] = (option or had, session.role)
            else:
                thing.grants.pop((privilege, whom, grantee), None)
    return told()


def use(session, words):
    account = session.account
    if words.take("ROLE"):
        name = words.identifier()
        words.end()
        if name not in account.roles:
            raise missing("Role", plain(name))
        if name not in roles_of_user(account, session.user):
            raise Refused(3013, "42501", f"Requested role '{name}' is not assigned to the executing user. Specify another role to activate.")
        session.role = name
    elif words.take("WAREHOUSE"):
        name = words.identifier()
        words.end()
        if name not in account.warehouses or not account.holds(session.role, account.warehouses[name]):
            raise missing("Object", plain(name))
        session.warehouse = name
    elif words.take("SECONDARY", "ROLES"):
        if not (words.take("NONE") or words.take("ALL")):
            raise words.unexpected()
    elif words.take("DATABASE"):
        database = account.database(session, words.identifier())
        words.end()
        session.database, session.schema = database.name, "PUBLIC" if "PUBLIC" in database.schemas else None
    else:
        words.take("SCHEMA")
        schema = account.schema(session, words.name())
        words.end()
        session.database, session.schema = schema.database.name, schema.name
    return told()


def roles_of_user(account, user):
    return set().union({"PUBLIC"}, *(account.roles_of(role) for role in account.users[user]["roles"]))


def begin(session, words):
    if not words.take("TRANSACTION"):
        words.take("WORK")
    if words.take("NAME"):
        words.identifier()
    words.end()
    session.begin()
    return told(statement=0x5000)


def start(session, words):
    words.expect("TRANSACTION")
    return begin(session, words)


def commit(session, words):
    words.take("WORK")
    words.end()
    session.commit()
    return told(statement=0x5000)


def rollback(session, words):
    words.take("WORK")
    words.end()
    session.rollback()
    return told(statement=0x5000)


def truncate(session, words):
    words.take("TABLE")
    lenient = exists_clause(words, False)
    try:
        table = session.account.find(session, "TABLE", words.name(), "TRUNCATE", "DELETE")
    except Refused:
        if lenient:
            return told()
        raise
    words.end()
    session.account.duck.cursor().execute(f'DELETE FROM "{table.duck}"')
    # "Truncating a table also deletes its load metadata, so that the same files can be loaded again."
    table.loaded.clear()
    return told()


# SHOW and DESCRIBE


def like(pattern):
    parts = re.split(r"(\\.|%|_)", pattern)
    text = "".join(
        {"%": ".*", "_": "."}.get(p) or re.escape(p[1:] if p.startswith("\\") and len(p) == 2 else p) for p in parts
    )
    return re.compile(text, re.IGNORECASE | re.DOTALL)


def show(session, words):
    account = session.account
    if words.take("GRANTS"):
        return show_grants(session, words)
    if words.take("FUTURE", "GRANTS"):
        words.expect("IN")
        if words.take("DATABASE"):
            schema = account.database(session, words.identifier())
            name = plain(schema.name)
        else:
            words.expect("SCHEMA")
            schema = account.schema(session, words.name())
            name = schema.full_name
        words.end()
        return Result(
            [("created_on", "TIMESTAMP_LTZ"), *((c, "VARCHAR") for c in ("privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option"))],
            [
                [schema.created, privilege, kind.replace(" ", "_"), f"{name}.<{kind.replace(' ', '_')}>", "ROLE", grantee, str(option).lower()]
                for (privilege, kind, grantee), option in sorted(schema.future.items())
            ],
        )
    if words.take("TRANSACTIONS"):
        words.expect("IN", "ACCOUNT").end()
        return Result(
            [(c, "VARCHAR") for c in ("id", "user", "session", "name", "state")],
            [[s.transaction, s.user, s.number, "", "running"] for s in account.sessions.values() if s.transaction],
        )
    if words.take("PARAMETERS"):
        pattern = like(words.string() if words.take("LIKE") else "%")
        if words.take("IN", "SCHEMA"):
            schema = account.schema(session, words.name())
            words.end()
            return schema_parameters(schema, pattern)
        if words.take("IN"):
            words.expect("SESSION")
        words.end()
        return Result(
            [(c, "VARCHAR") for c in ("key", "value", "default", "level", "description", "type")],
            [
                [k, str(v).lower() if isinstance(v, bool) else str(v), str(PARAMETERS[k]).lower() if isinstance(v, bool) else str(PARAMETERS[k]),
                 "" if v == PARAMETERS[k] else "SESSION", "", {bool: "BOOLEAN", int: "NUMBER"}.get(type(v), "STRING")]
                for k, v in sorted(session.parameters.items()) if pattern.fullmatch(k)
            ],
        )  # fmt: skip
    words.take("TERSE")
    if words.take("DATABASES"):
        things = [(d, d) for d in account.databases.values()]
        columns = DATABASE_COLUMNS
    elif words.take("WAREHOUSES"):
        things = [(w, w) for w in account.warehouses.values()]
        columns = WAREHOUSE_COLUMNS
    elif words.take("SCHEMAS"):
        things, columns = None, SCHEMA_COLUMNS
    elif words.take("COLUMNS"):
        things, columns = None, COLUMN_COLUMNS
    else:
        if words.next_is("SERVICES"):
            raise Refused(2, "0A000", "Unsupported feature 'SNOWPARK_CONTAINER_SERVICES'.")
        if words.take("OBJECTS"):
            kinds = ("TABLE", "VIEW", "DYNAMIC TABLE", "MATERIALIZED VIEW")
        else:
            words.take("USER")
            kinds = (plural_kind(words),)
        # SHOW TABLES lists dynamic tables too.
        kinds = ("TABLE", "DYNAMIC TABLE") if kinds == ("TABLE",) else kinds
        things, columns = None, TABLE_COLUMNS if "TABLE" in kinds else INNER_COLUMNS.get(kinds[0], PLAIN_COLUMNS)
    words.take("HISTORY")
    pattern = like(words.string() if words.take("LIKE") else "%")
    if things is None:
        things = scope(session, words, columns)
        if columns not in (SCHEMA_COLUMNS, COLUMN_COLUMNS):
            things = [(t, t) for s in things for t in s.things.values() if t.kind in kinds]
        elif columns is COLUMN_COLUMNS:
            things = [(c, t) for t in things for c in t.columns]
        else:
            things = [(s, s) for s in things]
    starts = words.string() if words.take("STARTS", "WITH") else ""
    limit, after = 10000, None
    if words.take("LIMIT"):
        limit = min(limit, int(words.next_of("number")))
        after = words.string() if words.take("FROM") else None
    words.end()
    shown_things = [(t, o) for t, o in things if account.holds(session.role, o)]
    if columns is not COLUMN_COLUMNS:
        shown_things.sort(key=lambda pair: (*where(pair[0]), pair[0].name))
    # After the first whose name begins so.
    first = next((i for i, (t, _) in enumerate(shown_things, 1) if t.name.startswith(after)), len(shown_things)) if after else 0
    # What is beyond the limit of 10,000 no filter brings back.
    shown_things = [
        (t, o) for t, o in shown_things[first:][:10000]
        if pattern.fullmatch(t.name) and t.name.startswith(starts)
    ]  # fmt: skip
    rows = [[value(session, t, o) for _, _, value in columns] for t, o in shown_things[:limit]]
    return Result([(name, kind) for name, kind, _ in columns], rows)


def schema_parameters(schema, pattern):
    def text(value):
        return str(value).lower() if isinstance(value, bool) else str(value)

    return Result(
        [(c, "VARCHAR") for c in ("key", "value", "default", "level", "description", "type")],
        [
            [k, text(schema.parameters.get(k, default)), text(default), "SCHEMA" if k in schema.parameters else "", "",
             {bool: "BOOLEAN", int: "NUMBER"}.get(type(default), "STRING")]
            for k, default in sorted(SCHEMA_PARAMETERS.items()) if pattern.fullmatch(k)
        ],
    )  # fmt: skip


def where(thing):
    """The names of what a thing lies in."""
    if isinstance(thing, Inner):
        return thing.schema.database.name, thing.schema.name
    return (thing.database.name, "") if isinstance(thing, Schema) else ("", "")


def scope(session, words, columns):
    """The schemas (or for columns the tables) that a SHOW looks at."""
    account = session.account
    if words.take("IN"):
        if words.take("ACCOUNT"):
            schemas = [s for d in account.databases.values() for s in d.schemas.values()]
        elif columns is SCHEMA_COLUMNS:
            words.take("DATABASE")
            schemas = list(account.database(session, words.identifier()).schemas.values())
        elif words.take("DATABASE"):
            schemas = list(account.database(session, words.identifier()).schemas.values())
        elif columns is COLUMN_COLUMNS and (words.take("TABLE") or words.take("VIEW")):
            return [account.find(session, "TABLE", words.name())]
        else:
            words.take("SCHEMA")
            schemas = [account.schema(session, words.name())]
    elif session.database is None:
        schemas = [s for d in account.databases.values() for s in d.schemas.values()]
    elif session.schema is None or columns is SCHEMA_COLUMNS:
        schemas = list(account.database(session).schemas.values())
    else:
        schemas = [account.schema(session, [session.database, session.schema])]
    if columns is COLUMN_COLUMNS:
        return [t for s in schemas for t in s.things.values() if hasattr(t, "columns")]
    return schemas


def show_grants(session, words):
    account = session.account
    columns = [("created_on", "TIMESTAMP_LTZ"), *((c, "VARCHAR") for c in ("privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"))]
    if words.take("TO"):
        words.expect("ROLE")
        role = words.identifier()
        words.end()
        things = [t for d in account.databases.values() for t in (d, *d.schemas.values(), *(x for s in d.schemas.values() for x in s.things.values()))]
        return Result(columns, [row for t in things for row in grant_rows(t) if row[5] == role])
    words.expect("ON")
    thing = object_of(session, words)
    words.end()
    if not account.holds(session.role, thing):
        raise missing_object("Object", thing.name)
    return Result(columns, grant_rows(thing))


def grant_rows(thing):
    name = getattr(thing, "full_name", plain(thing.name))
    kind = thing.kind.replace(" ", "_")
    owner = [thing.created, "OWNERSHIP", kind, name, "ROLE", thing.owner, "true", thing.owner]
    return [owner] + [
        [thing.created, privilege, kind, name, whom, grantee, str(option).lower(), by]
        for (privilege, whom, grantee), (option, by) in sorted(thing.grants.items())
    ]


def rows_of(session, table):
    return session.account.duck.cursor().execute(f'SELECT count(*) FROM "{table.duck}"').fetchone()[0]


def yes(flag):
    return "Y" if flag else "N"


TEXT, COUNT, TIME = "VARCHAR", "NUMBER", "TIMESTAMP_LTZ"
DATABASE_COLUMNS = [
    ("created_on", TIME, lambda s, t, o: t.created), ("name", TEXT, lambda s, t, o: t.name),
    ("is_default", TEXT, lambda s, t, o: "N"), ("is_current", TEXT, lambda s, t, o: yes(t.name == s.database)),
    ("origin", TEXT, lambda s, t, o: ""), ("owner", TEXT, lambda s, t, o: t.owner),
    ("comment", TEXT, lambda s, t, o: t.comment), ("options", TEXT, lambda s, t, o: ""),
    ("retention_time", TEXT, lambda s, t, o: "1"), ("kind", TEXT, lambda s, t, o: "STANDARD"),
]  # fmt: skip
WAREHOUSE_COLUMNS = [
    ("name", TEXT, lambda s, t, o: t.name), ("state", TEXT, lambda s, t, o: "STARTED"), ("type", TEXT, lambda s, t, o: "STANDARD"),
    ("size", TEXT, lambda s, t, o: "X-Small"), ("owner", TEXT, lambda s, t, o: t.owner),
]  # fmt: skip
SCHEMA_COLUMNS = [
    ("created_on", TIME, lambda s, t, o: t.created), ("name", TEXT, lambda s, t, o: t.name),
    ("is_default", TEXT, lambda s, t, o: "N"), ("is_current", TEXT, lambda s, t, o: yes(t.name == s.schema)),
    ("database_name", TEXT, lambda s, t, o: t.database.name), ("owner", TEXT, lambda s, t, o: t.owner),
    ("comment", TEXT, lambda s, t, o: t.comment),
    ("options", TEXT, lambda s, t, o: ", ".join(w for w, on in (("TRANSIENT", t.transient), ("MANAGED ACCESS", t.managed)) if on)),
    ("retention_time", TEXT, lambda s, t, o: str(t.retention)), ("owner_role_type", TEXT, lambda s, t, o: "ROLE"),
    ("budget", TEXT, lambda s, t, o: t.budget),
]  # fmt: skip
PLAIN_COLUMNS = [
    ("created_on", TIME, lambda s, t, o: t.created), ("name", TEXT, lambda s, t, o: t.name),
    ("database_name", TEXT, lambda s, t, o: t.schema.database.name), ("schema_name", TEXT, lambda s, t, o: t.schema.name),
    ("kind", TEXT, lambda s, t, o: t.kind.replace(" ", "_")),
    ("owner", TEXT, lambda s, t, o: t.owner), ("comment", TEXT, lambda s, t, o: t.comment),
]  # fmt: skip
TABLE_COLUMNS = [
    *PLAIN_COLUMNS[:4],
    ("kind", TEXT, lambda s, t, o: "VIEW" if t.kind.endswith("VIEW") else "TRANSIENT" if t.transient else "TABLE"),
    ("comment", TEXT, lambda s, t, o: t.comment), ("cluster_by", TEXT, lambda s, t, o: getattr(t, "cluster_by", "")),
    ("rows", COUNT, lambda s, t, o: rows_of(s, t) if t.kind == "TABLE" else None),
    ("bytes", COUNT, lambda s, t, o: 1024 if t.kind == "TABLE" else None),
    ("owner", TEXT, lambda s, t, o: t.owner),
    ("retention_time", TEXT, lambda s, t, o: str(t.schema.retention if getattr(t, "retention", None) is None else t.retention)),
    ("automatic_clustering", TEXT, lambda s, t, o: "ON" if getattr(t, "cluster_by", "") and t.reclustering else "OFF"),
    ("change_tracking", TEXT, lambda s, t, o: "ON" if getattr(t, "change_tracking", False) else "OFF"),
    ("search_optimization", TEXT, lambda s, t, o: "ON" if getattr(t, "search_optimization", False) else "OFF"),
    ("is_external", TEXT, lambda s, t, o: "N"), ("enable_schema_evolution", TEXT, lambda s, t, o: yes(getattr(t, "evolves", False))),
    ("owner_role_type", TEXT, lambda s, t, o: "ROLE"), ("budget", TEXT, lambda s, t, o: t.budget),
    ("is_dynamic", TEXT, lambda s, t, o: yes(t.kind == "DYNAMIC TABLE")),
]  # fmt: skip
COLUMN_COLUMNS = [
    ("table_name", TEXT, lambda s, t, o: o.name), ("schema_name", TEXT, lambda s, t, o: o.schema.name),
    ("column_name", TEXT, lambda s, t, o: t.name), ("data_type", TEXT, lambda s, t, o: json.dumps({"type": t.kind, "nullable": t.nullable})),
    ("null?", TEXT, lambda s, t, o: str(t.nullable).lower()), ("comment", TEXT, lambda s, t, o: t.comment),
    ("database_name", TEXT, lambda s, t, o: o.schema.database.name),
]  # fmt: skip
INNER_COLUMNS = {
    "VIEW": [
        ("created_on", TIME, lambda s, t, o: t.created), ("name", TEXT, lambda s, t, o: t.name), ("reserved", TEXT, lambda s, t, o: ""),
        *PLAIN_COLUMNS[2:4], ("owner", TEXT, lambda s, t, o: t.owner), ("comment", TEXT, lambda s, t, o: t.comment),
        ("text", TEXT, lambda s, t, o: t.text), ("is_secure", TEXT, lambda s, t, o: str(t.secure).lower()),
        ("is_materialized", TEXT, lambda s, t, o: str(t.kind != "VIEW").lower()),
    ],
    "STREAM": [
        *PLAIN_COLUMNS[:4], ("owner", TEXT, lambda s, t, o: t.owner), ("comment", TEXT, lambda s, t, o: t.comment),
        ("table_name", TEXT, lambda s, t, o: t.base.full_name), ("source_type", TEXT, lambda s, t, o: t.base.kind.capitalize()),
        ("base_tables", TEXT, lambda s, t, o: base_tables(t)), ("type", TEXT, lambda s, t, o: "DELTA"), ("stale", TEXT, lambda s, t, o: "false"),
    ],
    "DYNAMIC TABLE": [
        *PLAIN_COLUMNS[:4], ("cluster_by", TEXT, lambda s, t, o: ""), ("rows", COUNT, lambda s, t, o: None),
        ("owner", TEXT, lambda s, t, o: t.owner), ("target_lag", TEXT, lambda s, t, o: t.lag),
        ("comment", TEXT, lambda s, t, o: t.comment), ("text", TEXT, lambda s, t, o: t.text),
    ],
    "PIPE": [
        *PLAIN_COLUMNS[:4], ("definition", TEXT, lambda s, t, o: t.definition), ("owner", TEXT, lambda s, t, o: t.owner),
        ("comment", TEXT, lambda s, t, o: t.comment),
    ],
    "TASK": [
        *PLAIN_COLUMNS[:4], ("owner", TEXT, lambda s, t, o: t.owner), ("comment", TEXT, lambda s, t, o: t.comment),
        ("schedule", TEXT, lambda s, t, o: t.schedule), ("state", TEXT, lambda s, t, o: "suspended"),
        ("definition", TEXT, lambda s, t, o: t.definition),
    ],
    "STAGE": [
        *PLAIN_COLUMNS[:4], ("url", TEXT, lambda s, t, o: t.url), ("has_credentials", TEXT, lambda s, t, o: yes(t.credentials)),
        ("owner", TEXT, lambda s, t, o: t.owner), ("comment", TEXT, lambda s, t, o: t.comment), ("region", TEXT, lambda s, t, o: "us-east-1"),
        ("type", TEXT, lambda s, t, o: "EXTERNAL"), ("cloud", TEXT, lambda s, t, o: "AWS"),
        ("storage_integration", TEXT, lambda s, t, o: t.integration),
    ],
    "FILE FORMAT": [
        *PLAIN_COLUMNS[:4], ("type", TEXT, lambda s, t, o: t.options["TYPE"]), ("owner", TEXT, lambda s, t, o: t.owner),
        ("comment", TEXT, lambda s, t, o: t.comment), ("format_options", TEXT, lambda s, t, o: json.dumps(t.options)),
    ],
}  # fmt: skip
INNER_COLUMNS["MATERIALIZED VIEW"] = INNER_COLUMNS["VIEW"]


def describe(session, words):
    account = session.account
    kind = inner_kind(words)
    if kind == "STAGE":
        stage = account.find(session, "STAGE", words.name(), "USAGE")
        words.end()
        columns = [(c, TEXT) for c in ("parent_property", "property", "property_type", "property_value", "property_default")]
        options = format_options(session, stage.options_given)
        rows = [["STAGE_FILE_FORMAT", k, type(v).__name__.replace("str", "String"), str(v), ""] for k, v in options.items()]
        rows.append(["STAGE_LOCATION", "URL", "String", json.dumps([stage.url]), ""])
        if stage.integration:
            rows.append(["STAGE_INTEGRATION", "STORAGE_INTEGRATION", "String", stage.integration, ""])
        if stage.credentials:
            rows.append(["STAGE_CREDENTIALS", "AWS_KEY_ID", "String", stage.credentials["AWS_KEY_ID"], ""])
        return Result(columns, rows)
    if kind == "FILE FORMAT":
        found = account.find(session, "FILE FORMAT", words.name(), "USAGE")
        words.end()
        columns = [(c, TEXT) for c in ("property", "property_type", "property_value", "property_default")]
        return Result(columns, [[k, type(v).__name__.replace("str", "String"), str(v), ""] for k, v in found.options.items()])
    if kind in ("TABLE", "VIEW", "DYNAMIC TABLE"):
        table = account.find(session, "TABLE", words.name())
        words.end()
        columns = [(c, TEXT) for c in ("name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment", "policy name", "privacy domain")]
        return Result(columns, [
            [c.name, c.type_text(), "COLUMN", yes(c.nullable), c.default, "N", "N", None, None, c.comment or None,
             c.masking.full_name if c.masking else None, None]
            for c in table.columns
        ])  # fmt: skip
    raise words.unexpected()


def list_stage(session, words):
    text = words.next_of("stage")[1:]
    words.end()
    name, _, below = re.match(r'((?:"[^"]*"|[^/"])*)(/?)(.*)', text).groups()
    stage = session.account.find(session, "STAGE", Words(name).name(), "USAGE")
    bucket, _, prefix = stage.url[len("s3://") :].partition("/")
    prefix = "/".join(p for p in (prefix.strip("/"), below) if p)
    try:
        found = stage_client(stage).list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    except botocore.exceptions.ClientError as e:
        raise Refused(91003, "22000", f"Failure using stage area. Cause: [{e.response['Error'].get('Message')}]") from e
    return Result([("name", TEXT), ("size", COUNT), ("md5", TEXT), ("last_modified", TEXT)],
                  [[f"s3://{bucket}/{f['Key']}", f["Size"], f["ETag"].strip('"'), str(f["LastModified"])] for f in found])  # fmt: skip


# The information schema


def information_schema(session, parts):
    account = session.account
    database = account.database(session, parts[0] if len(parts) == 3 else None)
    schemas = [s for s in database.schemas.values() if account.holds(session.role, s)]
    things = [t for s in schemas for t in s.things.values() if account.holds(session.role, t)]
    tables = [t for t in things if SPACES.get(t.kind) == "TABLE"]
    view = parts[-1]
    if view == "SCHEMATA":
        columns = [("CATALOG_NAME", TEXT), ("SCHEMA_NAME", TEXT), ("SCHEMA_OWNER", TEXT), ("IS_TRANSIENT", TEXT), ("IS_MANAGED_ACCESS", TEXT), ("RETENTION_TIME", COUNT), ("CREATED", TIME), ("LAST_ALTERED", TIME), ("COMMENT", TEXT)]
        rows = [[database.name, s.name, s.owner, "YES" if s.transient else "NO", "YES" if s.managed else "NO", s.retention, s.created, s.created, s.comment or None] for s in schemas]
        return columns, rows
    if view == "TABLES":
        columns = [("TABLE_CATALOG", TEXT), ("TABLE_SCHEMA", TEXT), ("TABLE_NAME", TEXT), ("TABLE_OWNER", TEXT), ("TABLE_TYPE", TEXT), ("IS_TRANSIENT", TEXT), ("CLUSTERING_KEY", TEXT), ("ROW_COUNT", COUNT), ("BYTES", COUNT), ("RETENTION_TIME", COUNT), ("CREATED", TIME), ("COMMENT", TEXT), ("IS_DYNAMIC", TEXT)]
        kinds = {"TABLE": "BASE TABLE", "DYNAMIC TABLE": "BASE TABLE", "MATERIALIZED VIEW": "MATERIALIZED VIEW"}
        rows = [
            [database.name, t.schema.name, t.name, t.owner, kinds.get(t.kind, "VIEW"), "YES" if t.transient else "NO", getattr(t, "cluster_by", "") or None,
             rows_of(session, t) if t.kind == "TABLE" else None, 1024 if t.kind == "TABLE" else None, t.schema.retention, t.created, t.comment or None,
             "YES" if t.kind == "DYNAMIC TABLE" else "NO"]
            for t in tables
        ]  # fmt: skip
        return columns, rows
    if view == "COLUMNS":
        columns = [("TABLE_CATALOG", TEXT), ("TABLE_SCHEMA", TEXT), ("TABLE_NAME", TEXT), ("COLUMN_NAME", TEXT), ("ORDINAL_POSITION", COUNT), ("COLUMN_DEFAULT", TEXT), ("IS_NULLABLE", TEXT), ("DATA_TYPE", TEXT), ("CHARACTER_MAXIMUM_LENGTH", COUNT), ("NUMERIC_PRECISION", COUNT), ("NUMERIC_SCALE", COUNT), ("DATETIME_PRECISION", COUNT), ("COMMENT", TEXT)]
        rows = [
            [database.name, t.schema.name, t.name, c.name, i, c.default, "YES" if c.nullable else "NO", "TEXT" if c.kind == "VARCHAR" else c.kind, c.length,
             c.precision if c.kind == "NUMBER" else None, c.scale if c.kind == "NUMBER" else None, c.scale if "TIME" in c.kind else None, c.comment or None]
            for t in tables for i, c in enumerate(t.columns, 1)
        ]  # fmt: skip
        return columns, rows
    if view == "VIEWS":
        columns = [("TABLE_CATALOG", TEXT), ("TABLE_SCHEMA", TEXT), ("TABLE_NAME", TEXT), ("TABLE_OWNER", TEXT), ("VIEW_DEFINITION", TEXT), ("IS_SECURE", TEXT), ("COMMENT", TEXT)]
        return columns, [[database.name, t.schema.name, t.name, t.owner, t.text, "YES" if t.secure else "NO", t.comment or None] for t in tables if t.kind == "VIEW"]
    if view in ("TABLE_PRIVILEGES", "OBJECT_PRIVILEGES"):
        if view == "TABLE_PRIVILEGES":
            columns = [("GRANTOR", TEXT), ("GRANTEE", TEXT), ("GRANTED_TO", TEXT), ("TABLE_CATALOG", TEXT), ("TABLE_SCHEMA", TEXT), ("TABLE_NAME", TEXT), ("PRIVILEGE_TYPE", TEXT), ("IS_GRANTABLE", TEXT)]
        else:
            columns = [("GRANTOR", TEXT), ("GRANTEE", TEXT), ("GRANTED_TO", TEXT), ("OBJECT_CATALOG", TEXT), ("OBJECT_SCHEMA", TEXT), ("OBJECT_NAME", TEXT), ("OBJECT_TYPE", TEXT), ("PRIVILEGE_TYPE", TEXT), ("IS_GRANTABLE", TEXT)]
        rows = []
        for t in tables if view == "TABLE_PRIVILEGES" else [*schemas, *things]:
            schema = t.schema.name if isinstance(t, Inner) else None
            for _, privilege, kind, _, whom, grantee, option, by in grant_rows(t):
                rows.append([by, grantee, whom, database.name, schema, t.name, *([kind] if view == "OBJECT_PRIVILEGES" else []), privilege, "YES" if option == "true" else "NO"])
        return columns, rows
    if view == "LOAD_HISTORY":
        columns = [("SCHEMA_NAME", TEXT), ("FILE_NAME", TEXT), ("TABLE_NAME", TEXT), ("STATUS", TEXT)]
        return columns, [[t.schema.name, f, t.name, "LOADED"] for t in tables if t.kind == "TABLE" for f in t.loaded]
    raise missing_object("Object", ".".join(parts))


def policy_references(session, ref_entity_name=None, ref_entity_domain=None, policy_name=None):
    columns = [("POLICY_DB", TEXT), ("POLICY_SCHEMA", TEXT), ("POLICY_NAME", TEXT), ("POLICY_KIND", TEXT), ("REF_DATABASE_NAME", TEXT), ("REF_SCHEMA_NAME", TEXT), ("REF_ENTITY_NAME", TEXT), ("REF_ENTITY_DOMAIN", TEXT), ("REF_COLUMN_NAME", TEXT), ("REF_ARG_COLUMN_NAMES", TEXT), ("TAG_NAME", TEXT), ("POLICY_STATUS", TEXT)]
    if ref_entity_name is None or ref_entity_domain is None:
        raise Refused(2049, "0A000", "The test server wants REF_ENTITY_NAME and REF_ENTITY_DOMAIN")
    table = session.account.find(session, "TABLE", Words(ref_entity_name).name())
    rows = []

    def reference(policy, kind, column, arguments, tag=None, status="ACTIVE"):
        # Without a right to apply it the function leaves it out.
        account = session.account
        if not account.holds(session.role, policy, "APPLY") and not account.holds(session.role, account.itself, "APPLY " + policy.kind):
            return
        rows.append([policy.schema.database.name, policy.schema.name, policy.name, kind, table.schema.database.name, table.schema.name, table.name, ref_entity_domain.upper(), column, arguments, tag, status])

    for column in table.columns:
        if column.masking:
            reference(column.masking, "MASKING_POLICY", column.name, None)
        # A column's own policy goes before those of its tags.
        status = "MULTIPLE_MASKING_POLICY_ASSIGNED_TO_THE_COLUMN" if column.masking else "ACTIVE"
        for tag, masking in masking_by_tag(session.account, table, column):
            reference(masking, "MASKING_POLICY", column.name, None, tag, status)
    if getattr(table, "row_policy", None):
        reference(table.row_policy[0], "ROW_ACCESS_POLICY", None, "[ " + ", ".join(f'"{c}"' for c in table.row_policy[1]) + " ]")
    if getattr(table, "aggregation_policy", None):
        reference(table.aggregation_policy, "AGGREGATION_POLICY", None, None)
    return columns, rows


def masking_by_tag(account, table, column):
    """Tags with masking policies that a column has, also from its table, schema or database."""
    for database, schema, name in [r[:3] for r in tag_rows(table, "TABLE", column) + inherited_tags(table, column)]:
        tag = account.databases[database].schemas[schema].things["TAG", name]
        if getattr(tag, "masking", None):
            yield name, tag.masking


TAG_COLUMNS = [(c, TEXT) for c in ("TAG_DATABASE", "TAG_SCHEMA", "TAG_NAME", "TAG_VALUE", "LEVEL", "OBJECT_DATABASE", "OBJECT_SCHEMA", "OBJECT_NAME", "DOMAIN", "COLUMN_NAME")]  # fmt: skip


def tag_rows(thing, domain, column=None):
    schema = thing if isinstance(thing, Schema) else thing.schema
    return [
        [*Words(tag).name(), value, "COLUMN" if column else domain, schema.database.name, None if schema is thing else schema.name, thing.name, "COLUMN" if column else domain, column.name if column else None]
        for tag, value in (column or thing).tags.items()
    ]  # fmt: skip


def inherited_tags(table, column):
    """
    What a column has from what it lies in, told with the level at which it is set: see
    https://docs.snowflake.com/en/user-guide/object-tagging/inheritance.
    """
    rows, known = [], set(column.tags)
    for level, thing in (("TABLE", table), ("SCHEMA", table.schema), ("DATABASE", table.schema.database)):
        for tag, value in thing.tags.items():
            if tag not in known:
                known.add(tag)
                rows.append([*Words(tag).name(), value, level, table.schema.database.name, table.schema.name, table.name, "COLUMN", column.name])
    return rows


def tag_references_all_columns(session, _0, _1):
    if _1.upper() != "TABLE":
        raise Refused(2049, "0A000", f"The test server knows no tags of columns in {_1}")
    table = session.account.find(session, "TABLE", Words(_0).name())
    return TAG_COLUMNS, [row for c in table.columns for row in [*tag_rows(table, "TABLE", c), *inherited_tags(table, c)]]


def tag_references(session, _0, _1):
    name = Words(_0).name()
    if _1.upper() == "SCHEMA":
        schema = session.account.schema(session, name)
        inherited = [
            [*Words(tag).name(), value, "DATABASE", schema.database.name, None, schema.name, "SCHEMA", None]
            for tag, value in schema.database.tags.items() if tag not in schema.tags
        ]  # fmt: skip
        return TAG_COLUMNS, tag_rows(schema, "SCHEMA") + inherited
    if _1.upper() == "COLUMN":
        table = session.account.find(session, "TABLE", name[:-1])
        return TAG_COLUMNS, tag_rows(table, "TABLE", column_named(table, name[-1]))
    if _1.upper() != "TABLE":
        raise Refused(2049, "0A000", f"The test server knows no tags of {_1}")
    table = session.account.find(session, "TABLE", name)
    # A table has the tags of its schema, too.
    inherited = [[*r[:4], "SCHEMA", r[5], table.schema.name, table.name, "TABLE", None] for r in tag_rows(table.schema, "SCHEMA")]
    own = tag_rows(table, "TABLE")
    return TAG_COLUMNS, own + [r for r in inherited if r[2] not in [o[2] for o in own]]


def query_history(session):
    columns = [("QUERY_ID", TEXT), ("QUERY_TEXT", TEXT), ("USER_NAME", TEXT), ("ROLE_NAME", TEXT), ("SESSION_ID", TEXT), ("QUERY_TAG", TEXT), ("START_TIME", TIME)]  # fmt: skip
    return columns, list(session.account.queries)


def of_tags_seen(function):
    """As a function of tags: those on which the role has no right are left out."""

    def seen(session, _0, _1):
        columns, rows = function(session, _0, _1)
        things = session.account.databases
        return columns, [r for r in rows if session.account.holds(session.role, things[r[0]].schemas[r[1]].things["TAG", r[2]])]

    return seen


TABLE_FUNCTIONS = {
    "QUERY_HISTORY": query_history,
    "POLICY_REFERENCES": policy_references,
    "TAG_REFERENCES": of_tags_seen(tag_references),
    "TAG_REFERENCES_ALL_COLUMNS": of_tags_seen(tag_references_all_columns),
}

def execute_immediate(session, words):
    """A block of statements without variables: see https://docs.snowflake.com/en/developer-guide/snowflake-scripting/blocks."""
    words.expect("IMMEDIATE")
    block = words.string().strip()
    words.end()
    if not (block.startswith("BEGIN") and block.endswith("END")):
        raise Refused(2049, "0A000", "The test server knows no other scripts than BEGIN … END")
    for statement in block[len("BEGIN") : -len("END")].split(";"):
        if statement.strip():
            session.execute(statement)
    return Result([("anonymous block", "VARCHAR")], [[None]])


def call(session, words):
    """Has a budget watch an object: see https://docs.snowflake.com/en/user-guide/budgets/custom-budget."""
    budget = words.name()
    words.expect("!")
    add = words.take("ADD_RESOURCE")
    if not add:
        words.expect("REMOVE_RESOURCE")
    words.expect("(", "SELECT", "SYSTEM$REFERENCE", "(")
    kind = words.string()
    words.expect(",")
    name = Words(words.string()).name()
    words.expect(",")
    words.string()
    words.expect(",")
    words.string()
    words.expect(")", ")").end()
    account = session.account
    thing = account.schema(session, name) if kind == "SCHEMA" else account.find(session, kind, name)
    administer(session)
    thing.budget = budget[-1] if add else None
    return told()


STATEMENTS = {
    "CALL": call,
    "EXECUTE": execute_immediate,
    "CREATE": create, "ALTER": alter, "DROP": drop, "COMMENT": comment, "SHOW": show, "USE": use, "BEGIN": begin,
    "START": start, "COMMIT": commit, "ROLLBACK": rollback, "TRUNCATE": truncate, "DESC": describe,
    "DESCRIBE": describe, "LIST": list_stage, "LS": list_stage,
    "PUT": put_file, "GET": put_file,
    "GRANT": lambda session, words: grant_or_revoke(session, words, True),
    "REVOKE": lambda session, words: grant_or_revoke(session, words, False),
}  # fmt: skip


# The protocol of the drivers


class LoginRefused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def login(account, question, data, peer):
    wrong = LoginRefused("390100", "Incorrect username or password was specified.")
    name = data.get("LOGIN_NAME", "").upper()
    with account.lock:
        user = account.users.get(name)
        if data.get("AUTHENTICATOR", "").upper() == "SNOWFLAKE_JWT":
            verify(user, data.get("ACCOUNT_NAME", ""), name, data.get("TOKEN", ""))
        elif data.get("AUTHENTICATOR", "SNOWFLAKE").upper() not in ("", "SNOWFLAKE"):
            raise LoginRefused("390186", f"The test server does not know the authenticator {data['AUTHENTICATOR']}")
        elif user is None or not user["password"] or user["password"] != data.get("PASSWORD"):
            raise wrong

        def asked(key):
            given = question.get(key, [None])[0]
            return given and Words(given).identifier()

        role, database, schema, warehouse = map(asked, ("roleName", "databaseName", "schemaName", "warehouse"))
        role = role or user["default_role"] or "PUBLIC"
        if role not in account.roles:
            raise LoginRefused("390189", f"Role '{role}' specified in the connect string does not exist or not authorized. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.")
        if role not in roles_of_user(account, name):
            raise LoginRefused("390186", f"Role '{role}' specified in the connect string is not granted to this user. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.")
        parameters = data.get("SESSION_PARAMETERS", {})
        validate = str(parameters.get("CLIENT_VALIDATE_DEFAULT_PARAMETERS", "false")).lower() == "true"
        there = account.databases.get(database)
        if database and (there is None or not account.holds(role, there)):
            if validate:
                raise LoginRefused("390201", "The requested database does not exist or not authorized.")
            database = schema = None
        if schema and (schema not in there.schemas or not account.holds(role, there.schemas[schema])):
            if validate:
                raise LoginRefused("390201", "The requested schema does not exist or not authorized.")
            schema = None
        elif database and not schema and "PUBLIC" in there.schemas and account.holds(role, there.schemas["PUBLIC"]):
            schema = "PUBLIC"
        if warehouse and (warehouse not in account.warehouses or not account.holds(role, account.warehouses[warehouse])):
            if validate:
                raise LoginRefused("390201", "The requested warehouse does not exist or not authorized.")
            warehouse = None
        try:
            session = Session(account, name, role, database, schema, warehouse, parameters)
        except Refused as e:
            raise LoginRefused(e.code, e.message) from e
        account.sessions[session.token] = session
    process = process_of(peer)
    if process is not None:
        threading.Thread(target=watch, args=(session, process), daemon=True).start()
    return session


def verify(user, account_name, name, token):
    """A key-pair login: a JWT of account, user and fingerprint, signed by the user's private key."""
    invalid = LoginRefused("390144", f"JWT token is invalid. [{uuid.uuid4()}]")
    if user is None or user["key"] is None:
        raise invalid
    der = user["key"].public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    subject = f"{account_name.upper()}.{name}"
    try:
        claims = jwt.decode(token, user["key"], algorithms=["RS256"], leeway=60, options={"require": ["exp", "iat", "iss", "sub"]})
    except jwt.PyJWTError:
        raise invalid from None
    if claims["sub"] != subject or claims["iss"] != f"{subject}.{fingerprint}":
        raise invalid


def watch(session, process):
    """Ends the session of a process that is gone, so that its transaction is rolled back and its locks are free."""
    while not session.closed:
        try:
            with open(f"/proc/{process}/stat") as stat:
                gone = stat.read().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            gone = True
        if gone:
            session.close()
            return
        time.sleep(0.1)


PROCESSES = []  # that have logged in, the last one first


def process_of(peer):
    """The number of the process at the other end of a connection of this host."""
    address = "%s:%04X" % (socket.inet_aton(peer[0])[::-1].hex().upper(), peer[1])
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as lines:
                inodes.update(f"socket:[{line.split()[9]}]" for line in lines if line.split()[1].endswith(address))
        except OSError:
            continue
    others = sorted((int(p) for p in os.listdir("/proc") if p.isdigit()), reverse=True) if inodes else []
    for process in [*PROCESSES, *others]:
        for fd in glob.glob(f"/proc/{process}/fd/*"):
            try:
                if os.readlink(fd) in inodes:
                    PROCESSES[:] = [process, *(p for p in PROCESSES if p != process)][:20]
                    return process
            except OSError:
                continue
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer({"success": False, "code": "390000", "message": f"The test server does not know GET {self.path}", "data": None}, 404)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def do_PUT(self):
        body = self.body()
        found = re.fullmatch(r"/internal/([^?]+)", self.path)
        if found:
            INTERNAL_FILES["internal://" + urllib.parse.unquote(found[1])] = body
        self.answer({}, 200 if found else 404)

    def do_POST(self):
        body = self.body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        url = urllib.parse.urlparse(self.path)
        question = urllib.parse.parse_qs(url.query)
        account = self.server.account
        try:
            asked = json.loads(body) if body.strip() else {}
            if url.path == "/session/v1/login-request":
                session = login(account, question, asked["data"], self.client_address)
                return self.done(login_answer(session))
            if url.path == "/telemetry/send":
                return self.done(None)
            token = re.search(r'Token="([^"]*)"', self.headers.get("Authorization") or "")
            session = account.sessions.get(token[1]) if token else None
            if session is None:
                raise LoginRefused("390104", "User must login again to access the service.")
            if url.path == "/session":
                if question.get("delete") == ["true"]:
                    session.close()
                return self.done(None)
            if url.path == "/session/heartbeat":
                return self.done(None)
            if url.path == "/queries/v1/abort-request":
                if session.request == asked.get("requestId"):
                    session.cancelled = True
                    session.duck.interrupt()
                    with account.lock:
                        account.unlocked.notify_all()
                return self.done(None)
            if url.path == "/queries/v1/query-request":
                return self.done(statement_answer(session, question, asked))
            raise LoginRefused("390000", f"The test server does not know {url.path}")
        except LoginRefused as e:
            self.answer({"data": {}, "code": e.code, "message": e.message, "success": False, "headers": None})
        except Refused as e:
            data = {"errorCode": e.code, "sqlState": e.state, "queryId": str(uuid.uuid4())}
            self.answer({"data": data, "code": e.code, "message": e.message, "success": False, "headers": None})

    def done(self, data):
        self.answer({"data": data, "code": None, "message": None, "success": True})

    def answer(self, message, status=200):
        body = json.dumps(message).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def parameters_of(session):
    return [{"name": k, "value": v} for k, v in session.parameters.items()]


def login_answer(session):
    return {
        "token": session.token,
        "masterToken": secrets.token_urlsafe(32),
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "displayUserName": session.user,
        "serverVersion": "9.0.0",
        "firstLogin": False,
        "healthCheckInterval": 45,
        "sessionId": int(session.number),
        "parameters": parameters_of(session),
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": session.warehouse,
            "roleName": session.role,
        },
    }


def statement_answer(session, question, asked):
    with session.turn:
        session.request, session.cancelled = question.get("requestId", [None])[0], False
        if int((asked.get("parameters") or {}).get("MULTI_STATEMENT_COUNT", 1)) != 1:
            raise Refused(8, "0A000", "The test server runs one statement at a time")
        bindings = asked.get("bindings") or {}
        bindings = [bindings[str(i)] for i in range(1, len(bindings) + 1)]
        sql = asked["sqlText"]
        account = session.account
        account.queries.append([str(uuid.uuid4()), sql, session.user, session.role, session.number, session.parameters["QUERY_TAG"], datetime.datetime.now(UTC)])
        try:
            result = session.execute(sql, bindings, asked.get("describeOnly") or False)
        except Refused:
            raise
        except Exception as e:
            print(sql, file=sys.stderr, flush=True)
            traceback.print_exc()
            raise Refused(603, "XX000", f"The test server failed with {type(e).__name__}: {e}") from e
        finally:
            session.request, session.active = None, time.monotonic()
        if isinstance(result, Upload):
            return result.data
        return {
            "parameters": parameters_of(session),
            "rowtype": [row_type(c) for c in result.columns],
            "rowset": [[wire(v, c) for v, c in zip(row, result.columns)] for row in result.rows],
            "total": len(result.rows),
            "returned": len(result.rows),
            "queryId": str(uuid.uuid4()),
            "queryResultFormat": "json",
            "statementTypeId": result.statement,
            "numberOfBinds": sql.count("?"),
            "arrayBindSupported": False,
            "version": 1,
            "sqlState": "00000",
            "finalDatabaseName": session.database,
            "finalSchemaName": session.schema,
            "finalWarehouseName": session.warehouse,
            "finalRoleName": session.role,
        }


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    server.account = Account(os.environ["SNOWFLAKE_TEST_PASSWORD"])
    server.account.port = int(sys.argv[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
