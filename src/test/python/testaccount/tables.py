"""Tables, views, and what is made on them."""

from testaccount.queries import query
from testaccount.results import told
from testaccount.schemas import TABLE_PARAMETERS
from testaccount.tagging import aggregation_policy, row_policy, set_tags, tag_clause, unset_tags
from testaccount.things import Column, column_named, column_type, Inner, Thing
from testaccount.words import compilation, exists_clause, parenthesis, plain, Refused


# What is set on a table and told by SHOW PARAMETERS alone.
OF_TABLE = set(TABLE_PARAMETERS) - {"DATA_RETENTION_TIME_IN_DAYS"}


def make_table(session, words, schema, name):
    table = Inner("TABLE", schema, name, session.role, columns=[], cluster_by="", loaded={}, row_policy=None,
                  aggregation_policy=None, join_policy=None, retention=None, search_optimization=False, source=None, change_tracking=False,
                  reclustering=True, evolves=False, parameters={},
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


def table_options(session, words, table):
    while True:
        if words.take("CLUSTER", "BY"):
            table.cluster_by = "LINEAR(" + parenthesis(words) + ")"
        elif words.take("WITH", "ROW", "ACCESS", "POLICY") or words.take("ROW", "ACCESS", "POLICY"):
            table.row_policy = row_policy(session, words)
        elif words.take("WITH", "AGGREGATION", "POLICY") or words.take("AGGREGATION", "POLICY"):
            table.aggregation_policy = aggregation_policy(session, words)
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


def make_stream(session, words, schema, name):
    words.expect("ON")
    kind = "TABLE" if words.take("TABLE") else "VIEW"
    if kind == "VIEW" and not words.take("VIEW"):
        raise words.unexpected()
    base = session.account.find(session, kind, words.name(), "SELECT")
    words.options("APPEND_ONLY", "COMMENT", "SHOW_INITIAL_ROWS")
    return Inner("STREAM", schema, name, session.role, base=base)


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
    elif words.take("ADD", "FOREIGN", "KEY"):
        parenthesis(words)
        words.expect("REFERENCES")
        table.references = [account.find(session, "TABLE", words.name(), "REFERENCES")]
        parenthesis(words)
    elif words.take("DROP", "FOREIGN", "KEY"):
        parenthesis(words)
        table.references = []
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
        policy = aggregation_policy(session, words)
        if table.aggregation_policy and not words.take("FORCE"):
            raise compilation(3551, "42710", f"Object {table.name} already has an AGGREGATION_POLICY. Only one AGGREGATION_POLICY is allowed at a time.")
        table.aggregation_policy = policy
    elif words.take("UNSET", "AGGREGATION", "POLICY"):
        table.aggregation_policy = None
    elif words.take("SET", "JOIN", "POLICY"):
        table.join_policy = account.find(session, "JOIN POLICY", words.name(), "APPLY")
    elif words.take("UNSET", "JOIN", "POLICY"):
        table.join_policy = None
    elif words.take("SET"):
        if words.next_is("TAG"):
            set_tags(session, words, table)
        else:
            options = words.options("COMMENT", "DATA_RETENTION_TIME_IN_DAYS", "CHANGE_TRACKING", "ENABLE_SCHEMA_EVOLUTION", *OF_TABLE)
            table.parameters |= {key: value for key, value in options.items() if key in OF_TABLE}
            table.comment = options.get("COMMENT", table.comment)
            table.evolves = options.get("ENABLE_SCHEMA_EVOLUTION", table.evolves)
            table.retention = options.get("DATA_RETENTION_TIME_IN_DAYS", table.retention)
            table.change_tracking = options.get("CHANGE_TRACKING", table.change_tracking)
    elif words.take("UNSET", "COMMENT"):
        table.comment = ""
    elif words.take("UNSET", "DATA_RETENTION_TIME_IN_DAYS"):
        table.retention = None
    elif words.next_is("UNSET") and words.peek(1) in OF_TABLE:
        words.take("UNSET")
        table.parameters.pop(words.identifier(), None)
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
        elif words.take("SET", "PROJECTION", "POLICY"):
            column.projection = session.account.find(session, "PROJECTION POLICY", words.name(), "APPLY")
        elif words.take("UNSET", "PROJECTION", "POLICY"):
            column.projection = None
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
