"""Loads JSON lines of the sample shop into DuckDB with dlt: a table for each EntityType, child tables as dlt makes them.

Arguments: the JSON lines, a folder to work in, the DuckDB file. Prints the rows of each table.
"""

import sys

import dlt
import duckdb
import orjson

items, folder, database = sys.argv[1:]


@dlt.resource(table_name=lambda item: item.get("EntityType", "unknown"), write_disposition="replace")
def shop():
    with open(items, "rb") as lines:
        for line in lines:
            yield orjson.loads(line)


pipeline = dlt.pipeline(
    "shop", pipelines_dir=folder, destination=dlt.destinations.duckdb(database), dataset_name="shop"
)
pipeline.run(shop())

with duckdb.connect(database, read_only=True) as connection:
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'shop' order by all"
    ).fetchall()
    for (table,) in tables:
        if not table.startswith("_dlt"):
            (rows,) = connection.execute(f'select count(*) from shop."{table}"').fetchone()
            print(table, rows, sep="\t")
