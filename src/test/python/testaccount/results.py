"""Results, as drivers read them."""

import datetime
import decimal
import json
import re

import pyarrow as pa

from testaccount.things import UTC, Column


class Result:
    """Columns as (name, type of Snowflake's) and rows of Python values."""

    def __init__(self, columns, rows, statement=0x1000):
        self.columns = [c if isinstance(c, Column) else Column(c[0], c[1], 38, 9 if "TIME" in c[1] else 0, 16777216) for c in columns]
        self.rows, self.statement = rows, statement


def told(message="Statement executed successfully.", statement=0x6000):
    return Result([("status", "VARCHAR")], [[message]], statement)


WIRE_TYPES = {"NUMBER": "fixed", "FLOAT": "real", "VARCHAR": "text"}


def row_type(column):
    return {
        "name": column.name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": column.nullable,
        "type": WIRE_TYPES.get(column.kind, column.kind.lower()),
        "byteLength": column.length,
        "length": column.length,
        "scale": column.scale,
        "precision": column.precision,
        "collation": None,
    }


EPOCH = datetime.datetime(1970, 1, 1)


def wire(value, column):
    """A value as drivers read it in results of format JSON."""
    if value is None:
        return None
    if column.kind == "BOOLEAN":
        return "1" if value else "0"
    if column.kind == "BINARY":
        return bytes(value).hex().upper()
    if column.kind == "DATE":
        return str((value - datetime.date(1970, 1, 1)).days)
    if column.kind == "TIME":
        return f"{value.hour * 3600 + value.minute * 60 + value.second}.{value.microsecond:06d}000"
    if column.kind.startswith("TIMESTAMP"):
        instant = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        micros = (instant - EPOCH) // datetime.timedelta(microseconds=1)
        text = f"{micros // 1000000}.{micros % 1000000:06d}000"
        if micros < 0 and micros % 1000000:
            text = f"-{-micros // 1000000}.{-micros % 1000000:06d}000"
        return text + (" 1440" if column.kind == "TIMESTAMP_TZ" else "")
    if column.kind == "FLOAT":
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(float(value)), repr(float(value)))
    if column.kind == "NUMBER":
        return format(value, "f") if isinstance(value, decimal.Decimal) else str(value)
    return value if isinstance(value, str) else json.dumps(value)


def column_of(name, duck_type):
    """A column of a result, from DuckDB's type."""
    duck_type = str(duck_type)
    if match := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duck_type):
        return Column(name, "NUMBER", int(match[1]), int(match[2]))
    kinds = {
        "DOUBLE": "FLOAT",
        "FLOAT": "FLOAT",
        "VARCHAR": "VARCHAR",
        '"NULL"': "VARCHAR",
        "BLOB": "BINARY",
        "BOOLEAN": "BOOLEAN",
        "DATE": "DATE",
        "TIME": "TIME",
        "TIMESTAMP": "TIMESTAMP_NTZ",
        "TIMESTAMP_NS": "TIMESTAMP_NTZ",
        "TIMESTAMP_S": "TIMESTAMP_NTZ",
        "TIMESTAMP_MS": "TIMESTAMP_NTZ",
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
        "JSON": "VARIANT",
    }
    if duck_type.endswith("INT") or duck_type.endswith("INTEGER"):
        return Column(name, "NUMBER", 38, 0)
    kind = kinds.get(duck_type)
    if kind is None:
        return Column(name, "VARIANT")
    return Column(name, kind, None, 9 if "TIME" in kind else None, {"VARCHAR": 16777216, "BINARY": 8388608}.get(kind))


def arrow(columns, rows):
    types = {"NUMBER": pa.int64(), "BOOLEAN": pa.bool_(), "TIMESTAMP_LTZ": pa.timestamp("us", "UTC")}
    return pa.table(
        {name: pa.array([row[i] for row in rows], types.get(kind, pa.string())) for i, (name, kind) in enumerate(columns)}
    )
