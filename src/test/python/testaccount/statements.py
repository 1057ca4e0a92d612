"""Statements by their first word: CREATE, ALTER, DROP and the others that are no queries."""

import secrets

from cryptography.hazmat.primitives import serialization

from testaccount.grants import grant_or_revoke, roles_of_user
from testaccount.results import Result, told
from testaccount.schemas import alter_schema, create_schema
from testaccount.shows import describe, show
from testaccount.stages import alter_stage, list_stage, make_format, make_stage, put_file
from testaccount.tables import (
    alter_columns, alter_table, make_dynamic, make_materialized_view, make_stream, make_table, make_view, truncate,
)  # fmt: skip
from testaccount.tagging import make_policy, make_tag, policies_elsewhere, set_tags
from testaccount.things import (
    ADMIN_ROLE, IDLE_KINDS, PARAMETERS, SPACES, administer, column_named, column_type, Database, Inner, inner_kind,
    Schema, Thing,
)  # fmt: skip
from testaccount.words import compilation, denied, exists_clause, full, missing, parenthesis, plain, Refused, unseen, Words


def put(session, thing, replace, lenient):
    """Adds an object to its schema; tells whether it is there as made now."""
    schema, key = thing.schema, (SPACES.get(thing.kind, thing.kind), thing.name)
    there = schema.things.get(key)
    if there is not None and replace:
        session.account.require(session, there, "OWNERSHIP")
        session.account.forget(there)
    elif there is not None and not session.account.holds(session.role, there):
        raise unseen(there.kind, there.name)
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
        restrict = not words.take("CASCADE") and words.take("RESTRICT")
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
        if restrict and (key := foreign_key_to(account, schema)):
            return told(f"Schema {schema.name} was not dropped: table {key.full_name} has a foreign key to it.")
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


def foreign_key_to(account, schema):
    """A table elsewhere with a foreign key to one of a schema."""
    for database in account.databases.values():
        for other in database.schemas.values():
            for thing in other.things.values():
                if other is not schema and any(t.schema is schema for t in getattr(thing, "references", ())):
                    return thing
    return None


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
    thing.budget = full(*([session.database, session.schema][: 3 - len(budget)] + budget)) if add else None
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
