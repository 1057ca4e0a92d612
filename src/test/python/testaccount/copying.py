"""COPY INTO a table: files become rows as their format says, or are refused by file, row and column."""

import base64
import datetime
import decimal
import gzip
import io
import itertools
import json
import re
import urllib.parse
import zlib
import zoneinfo

import duckdb
import pyarrow as pa
import pyarrow.parquet
from fakesnow.dialect import parse_one
from sqlglot import exp

from testaccount.queries import session_functions, translate
from testaccount.results import Result
from testaccount.stages import INTERNAL_FILES, fetch, format_options, stage_named
from testaccount.things import UTC, column_named
from testaccount.words import ESCAPES, compilation, parenthesis, Refused


COPY_OPTIONS = {
    "FILES", "FILE_FORMAT", "MATCH_BY_COLUMN_NAME", "ON_ERROR", "FORCE", "PURGE", "LOAD_UNCERTAIN_FILES",
    "RETURN_FAILED_ONLY", "ENFORCE_LENGTH", "TRUNCATECOLUMNS", "PATTERN", "SIZE_LIMIT",
}  # fmt: skip
COPY_RESULT = [
    ("file", "VARCHAR"), ("status", "VARCHAR"), ("rows_parsed", "NUMBER"), ("rows_loaded", "NUMBER"),
    ("error_limit", "NUMBER"), ("errors_seen", "NUMBER"), ("first_error", "VARCHAR"),
    ("first_error_line", "NUMBER"), ("first_error_character", "NUMBER"), ("first_error_column_name", "VARCHAR"),
]  # fmt: skip


def load(session, words):
    account = session.account
    words.expect("COPY", "INTO")
    name = words.name()
    into, projection = None, None
    if words.take("("):
        into = [words.identifier()]
        while words.take(","):
            into.append(words.identifier())
        words.expect(")")
    words.expect("FROM")
    if words.next_is("("):
        inner = re.fullmatch(r"\s*SELECT\s+(.*)\s+FROM\s+@(\S+)(?:\s+(?:AS\s+)?(\w+))?\s*", parenthesis(words), re.DOTALL | re.IGNORECASE)
        if inner is None:
            raise words.unexpected()
        projection, stage_text, staged_as = inner.groups()
    else:
        stage_text = words.next_of("stage")[1:]
    options = words.options(*COPY_OPTIONS)
    stage_name, _, below = re.match(r'((?:"[^"]*"|[^/"])*)(/?)(.*)', stage_text).groups()
    with account.lock:
        table = account.find(session, "TABLE", name, "INSERT")
        if table.kind != "TABLE":
            raise compilation(1042, "42601", f"Target '{table.full_name}' of COPY is not a table")
        stage = stage_named(session, stage_name)
        given = options.get("FILE_FORMAT", {})
        file_format = format_options(session, {"FORMAT_NAME": given} if isinstance(given, str) else given or stage.options_given)
    session.require_warehouse()
    files = options.get("FILES")
    if files is None and stage.url.startswith("internal://"):
        start = stage.url + "/" + below.rstrip("/") + "/"
        files = sorted(file[len(start) :] for file in INTERNAL_FILES if file.startswith(start))
    if files is None:
        raise Refused(2049, "0A000", "The test server loads only the files that are named in FILES")
    if len(files) > 1000:
        raise compilation(1007, "22023", f"FILES names {len(files)} files; the maximum number of file names that can be specified is 1000")
    if str(options.get("ON_ERROR", "ABORT_STATEMENT")).upper() != "ABORT_STATEMENT":
        raise Refused(2049, "0A000", "The test server knows ON_ERROR = ABORT_STATEMENT only")
    match = str(options.get("MATCH_BY_COLUMN_NAME", "NONE")).upper()
    if match not in ("CASE_INSENSITIVE", "CASE_SENSITIVE", "NONE"):
        raise compilation(1006, "22023", f"invalid value ['{match}'] for parameter 'MATCH_BY_COLUMN_NAME'")
    if match != "NONE" and (into or projection):
        raise compilation(1008, "22023", "MATCH_BY_COLUMN_NAME cannot be used with a list of columns or a SELECT in COPY")
    targets = [column_named(table, c) for c in into] if into else table.columns
    for option in ("PURGE", "SIZE_LIMIT", "PATTERN", "TRUNCATECOLUMNS"):
        if options.get(option):
            raise Refused(2049, "0A000", f"The test server does not know {option}")
    if file_format["TYPE"] == "PARQUET" and match == "NONE" and not projection and len(targets) > 1:
        raise compilation(2019, "0A000", "PARQUET file format can produce one and only one column of type variant, object, or array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with transformation.")
    if file_format["TYPE"] == "CSV" and match != "NONE" and not file_format["PARSE_HEADER"]:
        raise compilation(1008, "22023", "MATCH_BY_COLUMN_NAME is not supported for CSV files without PARSE_HEADER = TRUE")
    if not session.parameters["AUTOCOMMIT"] or session.open:
        session.begin()
    done = set(table.loaded.items()) | {(f, e) for t, f, e in session.loads if t is table}
    results, parts, loads = [], [], []
    for file in dict.fromkeys(files):
        url = stage.url.rstrip("/") + "/" + (below.rstrip("/") + "/" if below else "") + file
        body, etag = fetch(stage, url)
        if (url, etag) in done and not options.get("FORCE"):
            continue
        if projection:
            columns, rows = selected_columns(session, body, table, targets, file_format, projection, staged_as, url)
        elif file_format["TYPE"] == "PARQUET":
            columns, rows = parquet_columns(session, body, table, file_format, match, url)
        else:
            columns, rows = csv_columns(session, body, table, targets, file_format, match, url)
        parts.append(columns)
        loads.append((table, url, etag))
        results.append([url, "LOADED", rows, rows, 1, 0, None, None, None, None])
    if not results:
        return Result([("status", "VARCHAR")], [["Copy executed with 0 files processed."]], 0x3600)
    alone = not session.open
    duck = session.duck
    try:
        session.refresh()
        if alone:
            duck.execute("BEGIN TRANSACTION")
        for columns in parts:
            duck.register("_loaded", pa.table([array for _, array in columns], names=[str(i) for i in range(len(columns))]))
            into = ", ".join(f'"{c.name}"' for c, _ in columns)
            select = ", ".join(f'CAST("{i}" AS {c.duck_type()})' for i, (c, _) in enumerate(columns))
            duck.execute(f'INSERT INTO "{table.duck}" ({into}) SELECT {select} FROM _loaded')
            duck.unregister("_loaded")
        if alone:
            duck.execute("COMMIT")
            table.loaded.update({file: etag for _, file, etag in loads})
        else:
            session.loads += loads
            session.dirty = True
        return Result(COPY_RESULT, results, 0x3600)
    except duckdb.Error as e:
        if alone:
            duck.execute("ROLLBACK")
        raise Refused(603, "XX000", f"The test server could not load: {e}") from e


class Variant(str):
    """A value of VARIANT as JSON, where plain text is a text."""


class Misfit(Exception):
    """A value that its column cannot hold."""

    def __init__(self, code, state, message):
        super().__init__(message)
        self.code, self.state, self.message = code, state, message


def refused_load(misfit, url, line, row, table, column, position):
    file = urllib.parse.urlparse(url).path.lstrip("/")
    return Refused(
        misfit.code,
        misfit.state,
        f"{misfit.message}\n  File '{file}', line {line}, character 1\n  Row {row}, column \"{table.name}\"[\"{column.name}\":{position}]\n"
        "  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or"
        " 'CONTINUE' for the ON_ERROR option. For more information on loading options, please run 'info loading_data' in a"
        " SQL client.",
    )


def matching(table, targets, names, match):
    """For each column of the table the position of its values in the file, or None."""
    if match == "NONE":
        return [targets.index(c) if c in targets and targets.index(c) < len(names) else None for c in table.columns]
    folded = [n.upper() if match == "CASE_INSENSITIVE" else n for n in names]
    if len(set(folded)) < len(folded):
        raise Refused(100000, "22000", "Duplicate column names in the file")
    return [
        folded.index(key) if (key := c.name.upper() if match == "CASE_INSENSITIVE" else c.name) in folded else None
        for c in table.columns
    ]


TARGETS = {
    "NUMBER": lambda c: pa.decimal128(c.precision, c.scale),
    "FLOAT": lambda c: pa.float64(),
    "BOOLEAN": lambda c: pa.bool_(),
    "BINARY": lambda c: pa.binary(),
    "DATE": lambda c: pa.date32(),
    "TIMESTAMP_NTZ": lambda c: pa.timestamp("us"),
    "TIMESTAMP_LTZ": lambda c: pa.timestamp("us", "UTC"),
    "TIMESTAMP_TZ": lambda c: pa.timestamp("us", "UTC"),
}


def loaded_columns(session, table, url, rows, values_of, first_line):
    """Converts a file's values column by column; the misfit of the earliest row is what is told."""
    worst, columns = None, []
    for position, column in enumerate(table.columns, 1):
        values = values_of(position - 1)
        converted = []
        for i in range(rows):
            value = values[i] if values is not None else None
            try:
                if value is not None:
                    value = fitted(session, value, column)
                elif not column.nullable:
                    raise Misfit(100072, "22000", "NULL result in a non-nullable column")
                converted.append(value)
            except Misfit as misfit:
                if worst is None or i < worst[0]:
                    worst = (i, misfit, column, position)
                break
        if worst is None:
            columns.append((column, pa.array(converted, TARGETS.get(column.kind, lambda c: pa.string())(column))))
    if worst is not None:
        i, misfit, column, position = worst
        raise refused_load(misfit, url, first_line + i, i + 1, table, column, position)
    return columns, rows


def shown(value):
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def fitted(session, value, column):
    """A value as a column holds it; text is converted as Snowflake's casts do."""
    kind = column.kind
    if kind == "VARCHAR":
        text = value if isinstance(value, str) else "true" if value is True else "false" if value is False else shown(value)
        if len(text) > column.length:
            raise Misfit(100074, "54000", f"User character length limit ({column.length}) exceeded by string '{text[:200]}'")
        return text
    if kind == "NUMBER":
        try:
            number = decimal.Decimal(value if isinstance(value, (int, str, decimal.Decimal)) else repr(value))
            if not number.is_finite() or isinstance(value, bool):
                raise decimal.InvalidOperation
        except (decimal.InvalidOperation, TypeError):
            raise Misfit(100038, "22018", f"Numeric value '{shown(value)}' is not recognized") from None
        with decimal.localcontext(prec=80):
            number = number.quantize(decimal.Decimal(1).scaleb(-column.scale), decimal.ROUND_HALF_UP)
            if abs(number) >= decimal.Decimal(10) ** (column.precision - column.scale):
                raise Misfit(100039, "22003", f"Numeric value '{shown(value)}' is out of range")
        return number
    if kind == "FLOAT":
        try:
            if isinstance(value, str) and value.lower().lstrip("+-") in ("infinity",):
                raise ValueError
            return float(value)
        except (ValueError, TypeError):
            raise Misfit(100038, "22018", f"Numeric value '{shown(value)}' is not recognized") from None
    if kind == "BOOLEAN":
        if isinstance(value, bool):
            return value
        word = {"true": True, "t": True, "yes": True, "y": True, "on": True, "1": True,
                "false": False, "f": False, "no": False, "n": False, "off": False, "0": False}.get(str(value).lower())  # fmt: skip
        if word is None:
            raise Misfit(100037, "22018", f"Boolean value '{shown(value)}' is not recognized")
        return word
    if kind == "BINARY":
        if not isinstance(value, bytes):
            raise Misfit(100036, "22000", f"The following string is not a legal hex-encoded value: '{shown(value)}'")
        if len(value) > column.length:
            raise Misfit(100145, "22026", f"Binary value '{value[:100].hex().upper()}' is too long and would be truncated")
        return value
    if kind == "DATE":
        if isinstance(value, datetime.datetime):
            return value.date()
        try:
            return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
        except (ValueError, TypeError):
            raise Misfit(100040, "22007", f"Date '{shown(value)}' is not recognized") from None
    if kind.startswith("TIMESTAMP"):
        try:
            instant = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value)
        except (ValueError, TypeError):
            raise Misfit(100035, "22007", f"Timestamp '{shown(value)}' is not recognized") from None
        zone = zoneinfo.ZoneInfo(session.parameters["TIMEZONE"])
        if kind == "TIMESTAMP_NTZ":
            # An instant (TIMESTAMP_LTZ) loses its zone as the session sees it; text as it is written.
            if instant.tzinfo is not None and not isinstance(value, str):
                instant = instant.astimezone(zone)
            return instant.replace(tzinfo=None)
        return instant if instant.tzinfo else instant.replace(tzinfo=zone)
    if kind == "VARIANT":
        if isinstance(value, Variant):
            return str(value)
        return json.dumps(value if not isinstance(value, (decimal.Decimal, datetime.date, bytes)) else shown(value), ensure_ascii=False)
    raise Misfit(2049, "0A000", f"The test server loads no column of type {kind}")


def parquet_file(body, url, options):
    """A Parquet file's columns, their values as the file format says."""
    try:
        data = pa.parquet.ParquetFile(io.BytesIO(body)).read()
    except (pa.ArrowException, OSError, ValueError) as e:
        raise Refused(100184, "22000", f"Error parsing the parquet file: {str(e).splitlines()[0]}\n  File '{urllib.parse.urlparse(url).path.lstrip('/')}'") from e
    columns = {}
    for name, array in zip(data.column_names, data.columns):
        if pa.types.is_timestamp(array.type):
            if not options["USE_LOGICAL_TYPE"]:
                raise Refused(100071, "22000", f"Failed to cast variant value of {name}: without USE_LOGICAL_TYPE = TRUE the timestamps of Parquet are plain numbers")
            array = array.cast(pa.timestamp("us", array.type.tz))
        elif pa.types.is_binary(array.type) and options["BINARY_AS_TEXT"]:
            try:
                array = array.cast(pa.string())
            except pa.ArrowInvalid:
                raise Refused(100144, "22000", "Invalid UTF8 detected in a binary column that is read as text (BINARY_AS_TEXT)") from None
        columns[name] = array
    return columns, data.num_rows


def parquet_columns(session, body, table, options, match, url):
    columns, rows = parquet_file(body, url, options)
    arrays = list(columns.values())
    places = matching(table, table.columns, list(columns), match)
    return loaded_columns(session, table, url, rows, lambda i: None if places[i] is None else arrays[places[i]].to_pylist(), 1)


def decompressed(body, compression):
    compression = compression.upper()
    if compression == "AUTO":
        compression = "GZIP" if body[:2] == b"\x1f\x8b" else "ZSTD" if body[:4] == b"\x28\xb5\x2f\xfd" else "NONE"
    if compression == "GZIP":
        return gzip.decompress(body)
    if compression == "ZSTD":
        return pa.input_stream(pa.BufferReader(body), compression="zstd").read()
    if compression == "NONE":
        return body
    raise compilation(1006, "22023", f"invalid value ['{compression}'] for parameter 'COMPRESSION'")


def csv_records(text, options):
    """Records of (value, whether it was quoted), with the line on which each begins."""
    comma, end = options["FIELD_DELIMITER"], options["RECORD_DELIMITER"]
    quote = options["FIELD_OPTIONALLY_ENCLOSED_BY"]
    escape = options["ESCAPE_UNENCLOSED_FIELD"]
    position, line = 0, 1
    while position < len(text):
        record, first = [], line
        while True:
            if quote != "NONE" and text.startswith(quote, position):
                parts, position = [], position + 1
                while True:
                    close = text.find(quote, position)
                    if close < 0:
                        raise Misfit(100080, "22000", "Found end of file inside a field that is enclosed in quotes")
                    parts.append(text[position:close])
                    position = close + 1
                    if not text.startswith(quote, position):
                        break
                    parts.append(quote)
                    position += 1
                value = "".join(parts)
                line += value.count("\n")
                record.append((value, True))
                if position < len(text) and not text.startswith((comma, end), position):
                    raise Misfit(100065, "22000", f"Found character '{text[position]}' instead of field delimiter '{comma}'")
            else:
                stop = min(x for x in (text.find(comma, position), text.find(end, position), len(text)) if x >= 0)
                value, position = text[position:stop], stop
                if escape != "NONE":
                    value = re.sub(re.escape(escape) + r"(.)", lambda m: ESCAPES.get(m[1], m[1]), value) if value != "\\N" else value
                record.append((value, False))
            if text.startswith(comma, position):
                position += len(comma)
                continue
            position += len(end)
            line += 1
            break
        yield first, record


def csv_rows(body, table, options, width, url):
    """A CSV file's header, where it is read, and its records of text or None."""
    try:
        text = decompressed(body, options["COMPRESSION"]).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(100144, "22000", f"Invalid UTF8 detected in file '{url}'") from None
    except (OSError, EOFError, zlib.error) as e:
        raise Refused(100183, "22000", f"Error in decompressing file '{url}': {e}") from e
    nulls = options["NULL_IF"]
    records, names, row, line = [], None, 0, 1
    try:
        for number, (line, record) in enumerate(csv_records(text, options)):
            if options["PARSE_HEADER"] and number == 0:
                names = [value for value, _ in record]
                width = len(names)
                continue
            if number < options["SKIP_HEADER"]:
                continue
            row += 1
            if width is not None and len(record) != width and options["ERROR_ON_COLUMN_COUNT_MISMATCH"]:
                raise Misfit(100080, "22000", f"Number of columns in file ({len(record)}) does not match that of the corresponding table ({width}), use file format option error_on_column_count_mismatch=false to ignore this error")
            records.append([
                None if value in nulls or (not value and not quoted and options["EMPTY_FIELD_AS_NULL"]) else value
                for value, quoted in record
            ])
    except Misfit as misfit:
        raise refused_load(misfit, url, line, row, table, table.columns[0], 1) from None
    return names, records


def csv_columns(session, body, table, targets, options, match, url):
    names, records = csv_rows(body, table, options, len(targets), url)
    places = matching(table, targets, names if names is not None else [c.name for c in targets], match)

    def values_of(i):
        place = places[i]
        if place is None:
            return None
        return [csv_value(r[place], table.columns[i], options) if place < len(r) else None for r in records]

    return loaded_columns(session, table, url, len(records), values_of, 2 if options["PARSE_HEADER"] else 1 + options["SKIP_HEADER"])


def selected_columns(session, body, table, targets, options, projection, staged_as, url):
    """The rows of a query over a file: over the fields $1, $2 and so on of CSV, over $1:"NAME" of Parquet."""
    if options["TYPE"] == "PARQUET":
        staged, count = parquet_file(body, url, options)
        names = re.findall(r'\$1:"((?:[^"]|"")*)"', projection)
        # What the file does not have is null.
        staged = {f"F{i}": staged.get(n.replace('""', '"'), pa.nulls(count, pa.string())) for i, n in enumerate(names)}
        numbers = itertools.count()
        projection = re.sub(r'\$1:"(?:[^"]|"")*"', lambda m: f"F{next(numbers)}", projection)
        records = pa.table(staged)
    else:
        _, rows = csv_rows(body, table, options, None, url)
        width = max([len(r) for r in rows] + [int(n) for n in re.findall(r"\$(\d+)", projection)], default=0)
        count = len(rows)
        records = pa.table({f"F{i + 1}": pa.array([r[i] if i < len(r) else None for r in rows], pa.string()) for i in range(width)})
    tree = parse_one(f"SELECT {projection} FROM _staged")
    if len(tree.expressions) != len(targets):
        raise compilation(2020, "21S01", f"Insert value list does not match column list expecting {len(targets)} but got {len(tree.expressions)}")
    session_functions(session, tree)
    for parameter in list(tree.find_all(exp.Parameter)):
        holder = parameter.parent if isinstance(parameter.parent, exp.Column) else parameter
        holder.replace(exp.column(f"F{parameter.name}"))
    if any(c.args.get("table") and c.table.upper() != (staged_as or "").upper() for c in tree.find_all(exp.Column)):
        raise compilation(904, "42000", "invalid identifier in the SELECT of COPY")
    duck = session.account.duck.cursor()
    duck.execute(f"SET TimeZone = '{session.parameters['TIMEZONE']}'")
    translated = translate(duck, tree)

    def select(some):
        duck.register("_staged", some)
        duck.execute(translated)
        variants = [str(d[1]) == "JSON" for d in duck.description]
        return [[Variant(v) if is_variant and v is not None else v for v, is_variant in zip(row, variants)] for row in duck.fetchall()]

    try:
        rows = select(records) if count else []
    except duckdb.Error:
        for i in range(count):
            try:
                select(records.slice(i, 1))
            except duckdb.Error as e:
                misfit, column = misfit_of(e), targets[0]
                for k in range(len(targets)):
                    single = tree.copy()
                    single.set("expressions", [tree.expressions[k].copy()])
                    try:
                        duck.execute(translate(duck, single))
                    except duckdb.Error:
                        column = targets[k]
                        break
                raise refused_load(misfit, url, i + 1 + options.get("SKIP_HEADER", 0), i + 1, table, column, targets.index(column) + 1) from e
        raise
    places = [targets.index(c) if c in targets else None for c in table.columns]
    return loaded_columns(
        session,
        table,
        url,
        len(rows),
        lambda i: None if places[i] is None else [csv_value(r[places[i]], table.columns[i], options) for r in rows],
        1 + options.get("SKIP_HEADER", 0),
    )


def misfit_of(error):
    """What Snowflake says where DuckDB could not convert a value."""
    text = str(error).split("\n\nLINE")[0]
    if match := re.search(r'Could not (?:convert string|parse string|cast value|cast string) "?(.*?)"?(?: to |: value is out of range| according)', text, re.DOTALL):
        value = match[1]
        if "cast value" in text or "out of range" in text:
            return Misfit(100039, "22003", f"Numeric value '{value}' is out of range")
        if "BOOL" in text.upper().rpartition(" TO ")[2]:
            return Misfit(100037, "22018", f"Boolean value '{value}' is not recognized")
        if "according" in text:
            return Misfit(100040, "22007", f"Date '{value}' is not recognized")
        return Misfit(100038, "22018", f"Numeric value '{value}' is not recognized")
    if match := re.search(r'(?:invalid )?(date|timestamp) field value.*?"(.*?)"', text):
        kind = match[1].capitalize()
        return Misfit(100040 if kind == "Date" else 100035, "22007", f"{kind} '{match[2]}' is not recognized")
    return Misfit(100038, "22018", text)


def csv_value(value, column, options):
    """Text as the file format says; what is of another form stays text, and is a misfit later."""
    if not isinstance(value, str):
        return value
    try:
        if column.kind == "BINARY":
            form = options["BINARY_FORMAT"]
            if form == "BASE64":
                return base64.b64decode(value, validate=True)
            return value.encode() if form == "UTF8" else bytes.fromhex(value)
        if column.kind == "DATE" and options["DATE_FORMAT"] != "AUTO":
            return moment(value, options["DATE_FORMAT"])
        if column.kind.startswith("TIMESTAMP") and options["TIMESTAMP_FORMAT"] != "AUTO":
            return moment(value, options["TIMESTAMP_FORMAT"])
    except ValueError:
        pass
    return value


MOMENT = {
    "YYYY": r"(?P<year>\d{4})", "MM": r"(?P<month>\d\d)", "DD": r"(?P<day>\d\d)", "HH24": r"(?P<hour>\d\d)",
    "MI": r"(?P<minute>\d\d)", "SS": r"(?P<second>\d\d)", "TZHTZM": r"(?:(?P<zone>[+-]\d\d)(?P<zone_minute>\d\d)|(?P<utc>Z))",
}  # fmt: skip


def moment(text, form):
    """A date and time that is written in a format of Snowflake's."""
    parts = re.split(r"(YYYY|MM|DD|HH24|MI|SS|TZHTZM|FF\d?)", form.replace('"', ""))
    found = re.fullmatch("".join(MOMENT.get(p) or (r"(?P<fraction>\d{1,9})" if p.startswith("FF") else re.escape(p)) for p in parts), text)
    if found is None:
        raise ValueError(text)
    given = {key: value for key, value in found.groupdict().items() if value is not None}
    zone = UTC if "utc" in given else None
    if "zone" in given:
        minutes = int(given["zone_minute"])
        zone = datetime.timezone(datetime.timedelta(hours=int(given["zone"]), minutes=-minutes if given["zone"][0] == "-" else minutes))
    fields = [int(given.get(k, 1 if k in ("month", "day") else 0)) for k in ("year", "month", "day", "hour", "minute", "second")]
    return datetime.datetime(*fields, int(given.get("fraction", "0").ljust(9, "0")[:6]), zone)
