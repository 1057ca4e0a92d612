"""Stages, file formats, and the files that they stand for."""

import base64
import hashlib
import os
import re
import uuid

import boto3
import botocore.config
import botocore.exceptions

from testaccount.results import Result
from testaccount.things import COUNT, TEXT, Inner
from testaccount.words import compilation, missing, Refused, syntax, Words


FORMAT_OPTIONS = {
    "PARQUET": {
        "COMPRESSION": "AUTO",
        "BINARY_AS_TEXT": True,
        "USE_LOGICAL_TYPE": False,
        "TRIM_SPACE": False,
        "USE_VECTORIZED_SCANNER": False,
        "REPLACE_INVALID_CHARACTERS": False,
        "NULL_IF": ["\\N"],
    },
    "CSV": {
        "COMPRESSION": "AUTO",
        "RECORD_DELIMITER": "\n",
        "FIELD_DELIMITER": ",",
        "MULTI_LINE": True,
        "PARSE_HEADER": False,
        "SKIP_HEADER": 0,
        "SKIP_BLANK_LINES": False,
        "DATE_FORMAT": "AUTO",
        "TIME_FORMAT": "AUTO",
        "TIMESTAMP_FORMAT": "AUTO",
        "BINARY_FORMAT": "HEX",
        "ESCAPE": "NONE",
        "ESCAPE_UNENCLOSED_FIELD": "\\",
        "TRIM_SPACE": False,
        "FIELD_OPTIONALLY_ENCLOSED_BY": "NONE",
        "NULL_IF": ["\\N"],
        "ERROR_ON_COLUMN_COUNT_MISMATCH": True,
        "REPLACE_INVALID_CHARACTERS": False,
        "EMPTY_FIELD_AS_NULL": True,
        "SKIP_BYTE_ORDER_MARK": True,
        "ENCODING": "UTF8",
    },
}


def format_options(session, given):
    """A file format's options with their defaults; names another where FORMAT_NAME is given."""
    given = dict(given)
    if "FORMAT_NAME" in given:
        if len(given) > 1:
            raise compilation(1008, "22023", "FORMAT_NAME and other file format options are mutually exclusive")
        name = Words(given["FORMAT_NAME"]).name()
        return session.account.find(session, "FILE FORMAT", name, "USAGE").options
    kind = str(given.pop("TYPE", "CSV")).upper()
    if kind not in FORMAT_OPTIONS:
        raise compilation(1006, "22023", f"invalid value ['{kind}'] for parameter 'TYPE'")
    for key in given:
        if key not in FORMAT_OPTIONS[kind]:
            raise compilation(1008, "22023", f"invalid parameter '{key}'")
        if isinstance(FORMAT_OPTIONS[kind][key], bool) != isinstance(given[key], bool):
            raise compilation(1006, "22023", f"invalid value ['{given[key]}'] for parameter '{key}'")
    if given.get("PARSE_HEADER") and given.get("SKIP_HEADER"):
        raise compilation(1008, "22023", "PARSE_HEADER and SKIP_HEADER are mutually exclusive")
    return {"TYPE": kind, **FORMAT_OPTIONS[kind], **given}


def fetch(stage, url):
    if url in INTERNAL_FILES:
        return INTERNAL_FILES[url], hashlib.md5(INTERNAL_FILES[url]).hexdigest()
    if url.startswith("file://"):
        try:
            with open(url[len("file://") :], "rb") as file:
                return file.read(), str(os.fstat(file.fileno()).st_mtime_ns)
        except FileNotFoundError:
            raise vanished(url) from None
    bucket, _, key = url[len("s3://") :].partition("/")
    try:
        answer = stage_client(stage).get_object(Bucket=bucket, Key=key)
        return answer["Body"].read(), answer["ETag"]
    except botocore.exceptions.ClientError as e:
        code = e.response["Error"]["Code"]
        if code in ("NoSuchKey", "404"):
            raise vanished(url) from e
        raise Refused(91003, "22000", f"Failure using stage area. Cause: [{e.response['Error'].get('Message') or code} (Status Code: {e.response['ResponseMetadata']['HTTPStatusCode']}; Error Code: {code})]") from e


def stage_named(session, name):
    parts = Words(name).name()
    if len(parts) == 1 and parts[0] in session.temporary:
        return session.temporary[parts[0]]
    return session.account.find(session, "STAGE", parts, "USAGE")


# Files of stages that end with their session: URL -> bytes.
INTERNAL_FILES = {}


def put_file(session, words):
    """Tells a driver where to bring a file, as accounts on Google's cloud do: a URL that may be written to once."""
    put = re.fullmatch(r"PUT\s+file://(\S+)\s+@([^\s/]+)(?:/(\S*))?", words.sql.strip(), re.IGNORECASE)
    get = re.fullmatch(r"GET\s+@([^\s/]+)/\s+file://(\S+)", words.sql.strip(), re.IGNORECASE)
    if not put and not get:
        raise syntax(words.sql, 0)
    # The Spark connector asks with a GET of nothing which cloud it is on.
    source, name, below = put.groups() if put else (get[2], get[1], "")
    stage = stage_named(session, name)
    if not stage.url.startswith("internal://"):
        raise Refused(2049, "0A000", "The test server takes files for temporary stages only")
    place = "/".join(p for p in (stage.url[len("internal://") :], (below or "").strip("/"), source.rpartition("/")[2]) if p)
    return Upload(
        {
            "src_locations": [source] if put else [],
            "parallel": 1,
            "threshold": 1 << 30,
            "autoCompress": False,
            "overwrite": True,
            "sourceCompression": "none",
            "clientShowEncryptionParameter": False,
            "encryptionMaterial": {"queryStageMasterKey": base64.b64encode(bytes(16)).decode(), "queryId": "", "smkId": 1} if put else [],
            "command": "UPLOAD" if put else "DOWNLOAD",
            "localLocation": source,
            "presignedUrls": [],
            "kind": None,
            "operation": "Node",
            "queryId": str(uuid.uuid4()),
            "stageInfo": {
                "locationType": "GCS",
                "location": place.rpartition("/")[0] + "/",
                "path": place.rpartition("/")[0] + "/",
                "region": "US",
                "storageAccount": None,
                "isClientSideEncrypted": False,
                "creds": {},
                "presignedUrl": f"http://127.0.0.1:{session.account.port}/internal/{place}",
                "endPoint": None,
            },
        }
    )


class Upload:
    """The answer to PUT, which is no result of rows."""

    def __init__(self, data):
        self.data = data


def vanished(url):
    return Refused(91016, "22000", f"Remote file '{url}' was not found. There are several potential causes. The file might not exist. The required credentials may be missing or invalid. If you are running a copy command, please make sure files are not deleted when they are being loaded or files are not being loaded into two different tables concurrently with auto purge option.")


CLIENTS = {}


def stage_client(stage):
    """Reads as the stage's integration or keys do; the tests' server looks at neither."""
    key = (stage.credentials or {}).get("AWS_KEY_ID", "integration")
    secret = (stage.credentials or {}).get("AWS_SECRET_KEY", "integration")
    if (key, secret) not in CLIENTS:
        CLIENTS[key, secret] = boto3.client(
            "s3",
            endpoint_url=os.environ["SNOWFLAKE_TEST_S3"],
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )
    return CLIENTS[key, secret]


def make_stage(session, words, schema, name):
    stage = Inner("STAGE", schema, name, session.role, url="", integration=None, credentials=None, options_given={})
    alter_stage(session, words, stage)
    if not stage.url:
        raise Refused(2049, "0A000", "The test server has no internal stages")
    return stage


def alter_stage(session, words, stage):
    options = words.options("URL", "STORAGE_INTEGRATION", "CREDENTIALS", "FILE_FORMAT", "COMMENT", "DIRECTORY")
    url = options.get("URL", stage.url)
    # Folders of this machine are the test server's own.
    if url and not re.fullmatch(r"s3://[^/]+(/.*)?|file:///.+", url):
        raise compilation(1011, "42601", f"invalid URL prefix found in: '{url}'")
    stage.url, stage.comment = url, options.get("COMMENT", stage.comment)
    if "STORAGE_INTEGRATION" in options:
        integration = session.account.integrations.get(options["STORAGE_INTEGRATION"])
        if integration is None or not session.account.holds(session.role, integration, "USAGE"):
            raise missing("Integration", options["STORAGE_INTEGRATION"])
        if not any(url.startswith(p) for p in integration.locations):
            raise compilation(3162, "42601", f"Location '{url}' is not allowed by integration '{integration.name}'.")
        stage.integration = integration.name
    if "CREDENTIALS" in options:
        unknown = set(options["CREDENTIALS"]) - {"AWS_KEY_ID", "AWS_SECRET_KEY", "AWS_TOKEN"}
        if unknown:
            raise compilation(1008, "22023", f"invalid parameter '{unknown.pop()}'")
        stage.credentials = options["CREDENTIALS"]
    if "FILE_FORMAT" in options:
        given = options["FILE_FORMAT"]
        stage.options_given = {"FORMAT_NAME": given} if isinstance(given, str) else given
        format_options(session, stage.options_given)


def make_format(session, words, schema, name):
    options = words.options("TYPE", "COMMENT", *{key for known in FORMAT_OPTIONS.values() for key in known})
    comment = options.pop("COMMENT", "")
    return Inner("FILE FORMAT", schema, name, session.role, comment, options=format_options(session, options))


def list_stage(session, words):
    text = words.next_of("stage")[1:]
    words.end()
    name, _, below = re.match(r'((?:"[^"]*"|[^/"])*)(/?)(.*)', text).groups()
    stage = session.account.find(session, "STAGE", Words(name).name(), "USAGE")
    bucket, _, prefix = stage.url[len("s3://") :].partition("/")
    prefix = "/".join(p for p in (prefix.strip("/"), below) if p)
    try:
        found = stage_client(stage).list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    except botocore.exceptions.ClientError as e:
        raise Refused(91003, "22000", f"Failure using stage area. Cause: [{e.response['Error'].get('Message')}]") from e
    return Result([("name", TEXT), ("size", COUNT), ("md5", TEXT), ("last_modified", TEXT)],
                  [[f"s3://{bucket}/{f['Key']}", f["Size"], f["ETag"].strip('"'), str(f["LastModified"])] for f in found])  # fmt: skip
