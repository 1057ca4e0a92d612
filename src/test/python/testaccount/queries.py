"""Queries and DML: names become tables of DuckDB, and fakesnow translates the rest."""

import re

import duckdb
import fakesnow.transforms
import sqlglot.errors
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from testaccount.results import arrow, column_of, Result, told
from testaccount.shows import information_schema
from testaccount.tagging import definition, of_tags_seen, policy_references, tag_references, tag_references_all_columns
from testaccount.things import TEXT, TIME, administer
from testaccount.words import compilation, denied, plain, Refused, syntax, text_of, Words


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
    if watched := re.fullmatch(r"SELECT SYSTEM\$SHOW_BUDGETS_FOR_RESOURCE\(('[^']*'), ('(?:[^'\\]|''|\\.)*')\)", sql.strip()):
        return budgets_of(session, text_of(watched[1]), Words(text_of(watched[2])).name())
    if sql == "SELECT CURRENT_TRANSACTION()":  # sent so often that translating it would be most of the server's work
        return Result([("CURRENT_TRANSACTION()", "VARCHAR")], [[session.transaction]])
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


def abort_transaction(session, transaction):
    """See https://docs.snowflake.com/en/sql-reference/functions/system_abort_transaction."""
    administer(session)
    for other in list(session.account.sessions.values()):
        if other.transaction == transaction:
            with other.turn:
                other.rollback()
            return Result([("SYSTEM$ABORT_TRANSACTION", "VARCHAR")], [["Aborted transaction id: " + transaction]])
    raise Refused(90232, "22023", f"Transaction {transaction} does not exist.")


def budgets_of(session, kind, name):
    """See https://docs.snowflake.com/en/sql-reference/functions/system_show_budgets_for_resource."""
    account = session.account
    thing = account.schema(session, name) if kind == "SCHEMA" else account.find(session, kind, name)
    holders = [thing, thing.schema] if kind != "SCHEMA" else [thing]
    budgets = sorted({t.budget for t in holders if t.budget})
    return Result([("SYSTEM$SHOW_BUDGETS_FOR_RESOURCE", "VARCHAR")], [["[" + ", ".join(budgets) + "]"]])


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


TRANSLATED = {}  # what the same query became before


def translate(duck, tree):
    """A query in DuckDB's words."""
    if tree not in TRANSLATED:
        if len(TRANSLATED) > 1000:
            TRANSLATED.clear()
        cursor = FakeSnowflakeCursor(FakeSnowflakeConnection(duck, {}, create_database=False), duck)
        TRANSLATED[tree.copy()] = cursor._transform(tree, None).sql(dialect="duckdb")
    return TRANSLATED[tree]


def constraint(error):
    text = str(error)
    if match := re.search(r"NOT NULL constraint failed: \S+\.(\S+)", text):
        return Refused(100072, "22000", f"NULL result in a non-nullable column '{match[1]}'")
    return Refused(100078, "22000", text.split("\n")[0])


def stored(relations, columns, rows):
    """Puts rows among a query's relations and says how it names them: alike each time, so that its translation is known."""
    name = f"_RELATION_{len(relations)}"
    relations[name] = arrow(columns, rows)
    return name


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
        name = stored(relations, columns, rows)
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
            name = stored(relations, columns, rows)
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


def query_history(session):
    columns = [("QUERY_ID", TEXT), ("QUERY_TEXT", TEXT), ("USER_NAME", TEXT), ("ROLE_NAME", TEXT), ("SESSION_ID", TEXT), ("QUERY_TAG", TEXT), ("START_TIME", TIME)]  # fmt: skip
    return columns, list(session.account.queries)


TABLE_FUNCTIONS = {
    "QUERY_HISTORY": query_history,
    "POLICY_REFERENCES": policy_references,
    "TAG_REFERENCES": of_tags_seen(tag_references),
    "TAG_REFERENCES_ALL_COLUMNS": of_tags_seen(tag_references_all_columns),
}
