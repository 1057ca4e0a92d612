"""Schemas: made, swapped, renamed, and their parameters."""

import copy

from testaccount.results import Result, told
from testaccount.tagging import set_tags, unset_tags
from testaccount.things import Schema
from testaccount.words import compilation, exists_clause, full, Refused, unseen


def create_schema(session, words, replace, transient):
    lenient = exists_clause(words, True)
    name = words.name()
    source = session.account.schema(session, words.name()) if words.take("CLONE") else None
    managed = words.take("WITH", "MANAGED", "ACCESS")
    options = words.options("COMMENT", *SCHEMA_PARAMETERS)
    database = session.account.database(session, name[0] if len(name) == 2 else None)
    session.account.require(session, database, "CREATE SCHEMA")
    there = database.schemas.get(name[-1])
    if there is not None and not replace:
        if not session.account.holds(session.role, there):
            raise unseen("Schema", name[-1])
        if lenient:
            return told(f"{name[-1]} already exists, statement succeeded.")
        raise compilation(2002, "42710", f"Object '{full(database.name, name[-1])}' already exists.")
    if there is not None:
        session.account.require(session, there, "OWNERSHIP")
        for thing in there.things.values():
            session.account.forget(thing)
    comment = options.get("COMMENT", source.comment if source else "")
    schema = Schema(database, name[-1], session.role, transient, comment, managed)
    options.pop("COMMENT", None)
    set_schema_parameters(session, schema, options)
    for (privilege, kind, grantee), option in database.future.items():
        if kind == "SCHEMA":
            # The server's own: no role may take them back but who manages all grants.
            schema.grants[privilege, "ROLE", grantee] = (option, None)
    for key, thing in source.things.items() if source else ():
        schema.things[key] = clone(session, thing, schema)
    database.schemas[name[-1]] = schema
    session.database, session.schema = database.name, name[-1]
    return told(f"Schema {name[-1]} successfully created.")


def clone(session, thing, schema):
    """What lies in a schema that is cloned, with its rows and grants: see https://docs.snowflake.com/en/sql-reference/sql/create-clone."""
    same = copy.copy(thing)
    same.schema, same.grants, same.tags = schema, dict(thing.grants), dict(thing.tags)
    if thing.kind == "TABLE":
        same.duck = f"T{next(session.account.numbers)}"
        same.columns = [copy.copy(c) for c in thing.columns]
        session.account.duck.cursor().execute(f'CREATE TABLE "{same.duck}" AS FROM "{thing.duck}"')
    return same


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
            options = words.options("COMMENT", *SCHEMA_PARAMETERS, keywords=("STORAGE_SERIALIZATION_POLICY",))
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


# Those of https://docs.snowflake.com/en/sql-reference/sql/alter-table that tests set, with their defaults.
TABLE_PARAMETERS = {
    "DATA_RETENTION_TIME_IN_DAYS": 1,
    "MAX_DATA_EXTENSION_TIME_IN_DAYS": 14,
    "DEFAULT_DDL_COLLATION": "",
    "DATA_METRIC_SCHEDULE": "",
}


def parameters_of(known, places, pattern):
    """What is set, with the level at which it is; the nearest of the places goes before those around it."""

    def text(value):
        return str(value).lower() if isinstance(value, bool) else str(value)

    rows = []
    for k, default in sorted(known.items()):
        if pattern.fullmatch(k):
            level, values = next(((level, values) for level, values in places if k in values), ("", {}))
            rows.append([k, text(values.get(k, default)), text(default), level, "", {bool: "BOOLEAN", int: "NUMBER"}.get(type(default), "STRING")])
    return Result([(c, "VARCHAR") for c in ("key", "value", "default", "level", "description", "type")], rows)
