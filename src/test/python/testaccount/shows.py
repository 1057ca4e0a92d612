"""SHOW, DESCRIBE and the information schema."""

import json
import re

from testaccount.grants import grant_rows, plural_kind, show_grants
from testaccount.results import Result
from testaccount.schemas import parameters_of, SCHEMA_PARAMETERS, TABLE_PARAMETERS
from testaccount.stages import format_options
from testaccount.things import COUNT, PARAMETERS, SPACES, TEXT, TIME, Inner, inner_kind, Schema
from testaccount.words import missing_object, plain, Refused, Words


def base_tables(source):
    """The tables that a stream on a table or view follows; of a view those that its text names."""
    if source.kind != "VIEW":
        return source.full_name
    names = re.findall(r"(?:FROM|JOIN)\s+([\w.]+)", source.text, re.IGNORECASE)
    return ", ".join(f"{source.schema.database.name}.{name}" for name in names)


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
            return parameters_of(SCHEMA_PARAMETERS, [("SCHEMA", schema.parameters)], pattern)
        if words.take("IN", "TABLE"):
            table = account.find(session, "TABLE", words.name())
            words.end()
            own = table.parameters | ({} if table.retention is None else {"DATA_RETENTION_TIME_IN_DAYS": table.retention})
            return parameters_of(TABLE_PARAMETERS, [("TABLE", own), ("SCHEMA", table.schema.parameters)], pattern)
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


def rows_of(session, table):
    return session.account.counter.execute(f'SELECT count(*) FROM "{table.duck}"').fetchone()[0]


def yes(flag):
    return "Y" if flag else "N"


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
    ("budget", TEXT, lambda s, t, o: t.budget and Words(t.budget).name()[-1]),
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
    ("owner_role_type", TEXT, lambda s, t, o: "ROLE"), ("budget", TEXT, lambda s, t, o: t.budget and Words(t.budget).name()[-1]),
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
        ("base_tables", TEXT, lambda s, t, o: base_tables(t.base)), ("type", TEXT, lambda s, t, o: "DELTA"), ("stale", TEXT, lambda s, t, o: "false"),
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
