"""Privileges, and who has them."""

from testaccount.results import Result, told
from testaccount.things import ADMIN_ROLE, IDLE_KINDS, INNER_KINDS, administer, inner_kind
from testaccount.words import compilation, denied, missing, missing_object, plain, Refused


PRIVILEGES = {
    "ACCOUNT": {
        "APPLY TAG", "APPLY MASKING POLICY", "APPLY ROW ACCESS POLICY", "APPLY AGGREGATION POLICY", "APPLY PROJECTION POLICY",
        "APPLY JOIN POLICY", "MODIFY LOG LEVEL", "MODIFY TRACE LEVEL", "MANAGE GRANTS",
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
    "PROJECTION POLICY": {"APPLY"},
    "JOIN POLICY": {"APPLY"},
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
        kind = "SCHEMA" if scope == "FUTURE" and words.take("SCHEMAS") else plural_kind(words)
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
            elif thing.grants.get((privilege, whom, grantee), (False, ""))[1] is not None or account.holds(session.role, account.itself, "MANAGE GRANTS"):
                thing.grants.pop((privilege, whom, grantee), None)
    return told()


def roles_of_user(account, user):
    return set().union({"PUBLIC"}, *(account.roles_of(role) for role in account.users[user]["roles"]))


def show_grants(session, words):
    account = session.account
    columns = [("created_on", "TIMESTAMP_LTZ"), *((c, "VARCHAR") for c in ("privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"))]
    if words.take("TO"):
        words.expect("ROLE")
        role = words.identifier()
        words.end()
        things = [t for d in account.databases.values() for t in (d, *d.schemas.values(), *(x for s in d.schemas.values() for x in s.things.values()))]
        return Result(columns, [row for t in things for row in grant_rows(t) if row[5] == role])
    if words.take("OF"):
        words.expect("ROLE")
        role = words.identifier()
        words.end()
        columns = [(c, "VARCHAR") for c in ("created_on", "role", "granted_to", "grantee_name", "granted_by")]
        holders = [("ROLE", parent) for parent, held in account.parents.items() if role in held]
        holders += [("USER", user) for user, of in account.users.items() if role in of["roles"]]
        return Result(columns, [["", role, kind, holder, ADMIN_ROLE] for kind, holder in sorted(holders)])
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
    rights = [owner]
    if getattr(thing, "managed", False):
        rights.append([thing.created, "MANAGE GRANTS", kind, name, "ROLE", thing.owner, "true", thing.owner])
    return rights + [
        [thing.created, privilege, kind, name, whom, grantee, str(option).lower(), by]
        for (privilege, whom, grantee), (option, by) in sorted(thing.grants.items())
    ]
