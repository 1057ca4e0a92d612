"""Compares the rows of Millrace's warehouse and of dlt's: arguments are the two DuckDB files. Prints what it found.

Both make the same main and child tables, but for one attribute of mixed types: of it dlt makes a child table, and
Millrace keeps it whole in the row's _rest. There the elements are counted.
"""

import sys

import duckdb


def counts(database):
    with duckdb.connect(database, read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'shop'"
        ).fetchall()
        names = [name for (name,) in tables if not name.startswith("_dlt") and not name.startswith("_millrace")]
        rows = {name: connection.execute(f'select count(*) from shop."{name}"').fetchone()[0] for name in names}
        rest = 0
        if "_unknown" in rows:
            (rest,) = connection.execute(
                """select coalesce(sum(json_array_length(_rest, '$."/value".L')), 0) from shop._unknown"""
            ).fetchone()
        return {name.lstrip("_"): count for name, count in rows.items()}, int(rest)


ours, in_rest = counts(sys.argv[1])
theirs, _ = counts(sys.argv[2])
ours["unknown__value"] = ours.get("unknown__value", 0) + in_rest
if ours != theirs:
    sys.exit(f"Not the same rows: {sorted(set(ours.items()) ^ set(theirs.items()))}")
main = sum(count for name, count in ours.items() if "__" not in name)
child = sum(count for name, count in ours.items() if "__" in name)
print(f"The same {main:,} main and {child:,} child rows in both, {in_rest:,} of these in `_rest` of ours.")
