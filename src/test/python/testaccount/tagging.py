"""Tags and policies: how they are set, and what tells of them."""

from testaccount.things import TEXT, column_named, Inner, Schema
from testaccount.words import compilation, plain, Refused, Words


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
                f"\t{plain(c.name)} {c.type_text()}" + (policy("MASKING", m) if m else "") + (policy("PROJECTION", c.projection) if c.projection else "") + tags(c)
                for c, m in zip(table.columns, masking)
            ]
            end = policy("ROW ACCESS", table.row_policy[0]) + " ON (X)" if table.row_policy else ""
            end += policy("AGGREGATION", table.aggregation_policy[0]) if table.aggregation_policy else ""
            end += policy("JOIN", table.join_policy) if table.join_policy else ""
            lines += [f"create or replace TRANSIENT TABLE {plain(table.name)} (", ",\n".join(columns), ")" + end + tags(table) + ";"]
    return "\n".join(lines)


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


def row_policy(session, words):
    policy = session.account.find(session, "ROW ACCESS POLICY", words.name(), "APPLY")
    words.expect("ON", "(")
    columns = [words.identifier()]
    while words.take(","):
        columns.append(words.identifier())
    words.expect(")")
    return policy, columns


def aggregation_policy(session, words):
    """A policy with the columns that tell whom a row is of."""
    policy = session.account.find(session, "AGGREGATION POLICY", words.name(), "APPLY")
    keys = []
    if words.take("ENTITY", "KEY"):
        words.expect("(")
        keys.append(words.identifier())
        while words.take(","):
            keys.append(words.identifier())
        words.expect(")")
    return policy, keys


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


def policies_elsewhere(account, schema):
    """Policies of a schema that tables of other schemas have."""
    for database in account.databases.values():
        for other in database.schemas.values():
            for thing in other.things.values() if other is not schema else ():
                of_columns = [p for c in getattr(thing, "columns", ()) for p in (c.masking, c.projection)]
                row, aggregation = getattr(thing, "row_policy", None), getattr(thing, "aggregation_policy", None)
                for policy in (*of_columns, row and row[0], aggregation and aggregation[0], getattr(thing, "join_policy", None)):
                    if policy and policy.schema is schema:
                        yield policy


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
        if column.projection:
            reference(column.projection, "PROJECTION_POLICY", column.name, None)

    def names(columns):
        return "[ " + ", ".join(f'"{c}"' for c in columns) + " ]" if columns else None

    if getattr(table, "row_policy", None):
        reference(table.row_policy[0], "ROW_ACCESS_POLICY", None, names(table.row_policy[1]))
    if getattr(table, "aggregation_policy", None):
        # The page does not say whether it tells entity keys; here it does.
        reference(table.aggregation_policy[0], "AGGREGATION_POLICY", None, names(table.aggregation_policy[1]))
    if getattr(table, "join_policy", None):
        reference(table.join_policy, "JOIN_POLICY", None, None)
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


def of_tags_seen(function):
    """As a function of tags: those on which the role has no right are left out."""

    def seen(session, _0, _1):
        columns, rows = function(session, _0, _1)
        things = session.account.databases
        return columns, [r for r in rows if session.account.holds(session.role, things[r[0]].schemas[r[1]].things["TAG", r[2]])]

    return seen
