"""The parts of scripts/bench/compaction that are Python: makes the inputs, and compacts them with polars and DuckDB.

compaction.py make FOLDER FILES ROWS CODEC    FILES files of ROWS/2 to 3*ROWS/2 rows each; the same bytes every time
compaction.py polars|duckdb FOLDER OUTPUT CODEC
compaction.py scan FILE                       three queries over all rows; prints nothing
compaction.py huge FILE                       a file of 3 GB, its row groups of 190 MB each
compaction.py same FILE FILE                  fails unless DuckDB finds the same values in both files of huge's columns
"""

import sys
from pathlib import Path


ORDERS = """
select
    i as order_id,
    md5(i::varchar) as order_key,
    draw(i // 3, 0, 400000) as customer_id,
    'user' || draw(i // 3, 0, 400000) || '@example.' || ['com', 'org', 'net', 'co.uk'][1 + draw(i // 3, 0, 4)] as email,
    ['placed', 'paid', 'packed', 'shipped', 'delivered', 'returned'][1 + draw(i, 1, 6)] as status,
    ['web', 'app', 'shop', 'phone'][1 + draw(i, 2, 4)] as channel,
    ['DE', 'FR', 'GB', 'IT', 'ES', 'PL', 'NL', 'SE', 'US', 'JP'][1 + draw(i, 3, 10)] as country,
    'city ' || draw(i, 4, 3000) as city,
    ((draw(i, 5, 100000)) / 100)::decimal(18, 2) as total,
    case when draw(i, 6, 5) = 0 then null else (draw(i, 6, 1000)) / 1000 end::double as discount,
    (1 + draw(i, 7, 12))::integer as items,
    timestamp '2026-01-01' + to_milliseconds(i * 733) as created_at,
    timestamp '2026-01-01' + to_milliseconds(i * 733 + (draw(i, 8, 90000000))::bigint) as updated_at,
    case when draw(i, 9, 3) = 0 then null else draw(i, 9, 2) = 0 end as is_gift,
    case when draw(i, 10, 4) = 0 then 'please leave ' || ['it', 'the box', 'them', 'all'][1 + draw(i, 11, 4)] || ' at '
        || ['the door', 'number ' || draw(i, 12, 90), 'the back', 'the shop'][1 + draw(i, 13, 4)] end as note,
    ['sku-' || draw(i, 14, 20000), 'sku-' || draw(i, 15, 500)][1 : 1 + draw(i, 16, 2)] as skus
from (select range::bigint as i from range({first}, {last}))
"""


def make(folder, files, rows, codec):
    import duckdb
    import pyarrow.parquet as parquet

    folder.mkdir(parents=True)
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute("create macro draw(a, b, n) as (hash(a, b) % n)::bigint")
    first = 0
    for number in range(files):
        count = rows // 2 + number * 7919 % rows
        table = connection.sql(ORDERS.format(first=first, last=first + count)).to_arrow_table()
        first += count
        parquet.write_table(
            table, folder / f"part-{number:05}.parquet", compression=codec, write_page_checksum=True, write_page_index=True,
            store_decimal_as_integer=True,
        )


def polars(folder, output, codec):
    import polars

    polars.scan_parquet(sorted(folder.glob("*.parquet"))).sink_parquet(output, compression=codec)


def duckdb(folder, output, codec):
    import duckdb

    files = ", ".join(f"'{file}'" for file in sorted(folder.glob("*.parquet")))
    duckdb.execute(f"copy (select * from read_parquet([{files}])) to '{output}' (format parquet, compression {codec})")


def scan(file):
    import duckdb

    for query in (
        "select status, country, count(*), sum(total) from '{}' group by all",
        "select count(*) from '{}' where created_at between timestamp '2026-01-20' and timestamp '2026-01-21'",
        "select max(email), max(order_key), count(distinct city), sum(len(skus)), max(note) from '{}'",
    ):
        duckdb.execute(query.format(file)).fetchall()


def huge(file):
    import duckdb

    duckdb.execute("set threads = 1")
    duckdb.execute(
        f"""copy (select i, repeat(md5(i::varchar), 30) as text, i % 100 as few from range(3100000) t(i)) to '{file}'
        (format parquet, compression uncompressed, row_group_size 200000, row_group_size_bytes '2GB')"""
    )


def same(file, other):
    import duckdb

    query = "select count(*), sum(i), sum(hash(text)::hugeint), sum(few) from '{}'"
    sums = [duckdb.execute(query.format(each)).fetchall() for each in (file, other)]
    if sums[0] != sums[1]:
        sys.exit(f"Not the same values: {sums}")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "make":
        make(Path(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3])
    elif command == "polars":
        polars(Path(arguments[0]), arguments[1], arguments[2])
    elif command == "duckdb":
        duckdb(Path(arguments[0]), arguments[1], arguments[2])
    elif command == "scan":
        scan(arguments[0])
    elif command == "huge":
        huge(arguments[0])
    elif command == "same":
        same(*arguments)
    else:
        sys.exit(__doc__)
