"""The protocol of the drivers, over HTTP."""

import base64
import datetime
import functools
import glob
import gzip
import hashlib
import json
import os
import re
import secrets
import select
import socket
import sys
import threading
import time
import traceback
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import serialization

from testaccount.grants import roles_of_user
from testaccount.results import row_type, wire
from testaccount.sessions import Session
from testaccount.stages import INTERNAL_FILES, Upload
from testaccount.things import UTC, Account
from testaccount.words import Refused, Words


class LoginRefused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def login(account, question, data, process):
    wrong = LoginRefused("390100", "Incorrect username or password was specified.")
    name = data.get("LOGIN_NAME", "").upper()
    with account.lock:
        user = account.users.get(name)
        if data.get("AUTHENTICATOR", "").upper() == "SNOWFLAKE_JWT":
            verify(user, data.get("ACCOUNT_NAME", ""), name, data.get("TOKEN", ""))
        elif data.get("AUTHENTICATOR", "SNOWFLAKE").upper() not in ("", "SNOWFLAKE"):
            raise LoginRefused("390186", f"The test server does not know the authenticator {data['AUTHENTICATOR']}")
        elif user is None or not user["password"] or user["password"] != data.get("PASSWORD"):
            raise wrong

        def asked(key):
            given = question.get(key, [None])[0]
            return given and Words(given).identifier()

        role, database, schema, warehouse = map(asked, ("roleName", "databaseName", "schemaName", "warehouse"))
        role = role or user["default_role"] or "PUBLIC"
        if role not in account.roles:
            raise LoginRefused("390189", f"Role '{role}' specified in the connect string does not exist or not authorized. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.")
        if role not in roles_of_user(account, name):
            raise LoginRefused("390186", f"Role '{role}' specified in the connect string is not granted to this user. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.")
        parameters = data.get("SESSION_PARAMETERS", {})
        validate = str(parameters.get("CLIENT_VALIDATE_DEFAULT_PARAMETERS", "false")).lower() == "true"
        there = account.databases.get(database)
        if database and (there is None or not account.holds(role, there)):
            if validate:
                raise LoginRefused("390201", "The requested database does not exist or not authorized.")
            database = schema = None
        if schema and (schema not in there.schemas or not account.holds(role, there.schemas[schema])):
            if validate:
                raise LoginRefused("390201", "The requested schema does not exist or not authorized.")
            schema = None
        elif database and not schema and "PUBLIC" in there.schemas and account.holds(role, there.schemas["PUBLIC"]):
            schema = "PUBLIC"
        if warehouse and (warehouse not in account.warehouses or not account.holds(role, account.warehouses[warehouse])):
            if validate:
                raise LoginRefused("390201", "The requested warehouse does not exist or not authorized.")
            warehouse = None
        try:
            session = Session(account, name, role, database, schema, warehouse, parameters)
        except Refused as e:
            raise LoginRefused(e.code, e.message) from e
        account.sessions[session.token] = session
    if process is not None:
        watch(session, process)
    return session


def verify(user, account_name, name, token):
    """A key-pair login: a JWT of account, user and fingerprint, signed by the user's private key."""
    invalid = LoginRefused("390144", f"JWT token is invalid. [{uuid.uuid4()}]")
    if user is None or user["key"] is None:
        raise invalid
    der = user["key"].public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    subject = f"{account_name.upper()}.{name}"
    try:
        claims = jwt.decode(token, user["key"], algorithms=["RS256"], leeway=60, options={"require": ["exp", "iat", "iss", "sub"]})
    except jwt.PyJWTError:
        raise invalid from None
    if claims["sub"] != subject or claims["iss"] != f"{subject}.{fingerprint}":
        raise invalid


WATCHED = {}  # the sessions of each process that has logged in
WATCHING = threading.Lock()


def watch(session, process):
    """Ends the session when its process does, so that its transaction is rolled back and its locks are free."""
    with WATCHING:
        if process in WATCHED:
            WATCHED[process] = [s for s in WATCHED[process] if not s.closed] + [session]
            return
        try:
            end = os.pidfd_open(process)
        except ProcessLookupError:
            end = None
        WATCHED[process] = [session]
    threading.Thread(target=end_with, args=(process, end), daemon=True).start()


def end_with(process, end):
    if end is not None:
        select.select([end], [], [])
        os.close(end)
    with WATCHING:
        sessions = WATCHED.pop(process)
    for session in sessions:
        if not session.closed:
            session.close()


PROCESSES = []  # that have logged in, the last one first


def process_of(peer):
    """The number of the process at the other end of a connection of this host."""
    address = "%s:%04X" % (socket.inet_aton(peer[0])[::-1].hex().upper(), peer[1])
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as lines:
                inodes.update(f"socket:[{line.split()[9]}]" for line in lines if line.split()[1].endswith(address))
        except OSError:
            continue
    others = sorted((int(p) for p in os.listdir("/proc") if p.isdigit()), reverse=True) if inodes else []
    for process in [*PROCESSES, *others]:
        for fd in glob.glob(f"/proc/{process}/fd/*"):
            try:
                if os.readlink(fd) in inodes:
                    PROCESSES[:] = [process, *(p for p in PROCESSES if p != process)][:20]
                    return process
            except OSError:
                continue
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    @functools.cached_property
    def process(self):
        return process_of(self.client_address)

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer({"success": False, "code": "390000", "message": f"The test server does not know GET {self.path}", "data": None}, 404)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def do_PUT(self):
        body = self.body()
        found = re.fullmatch(r"/internal/([^?]+)", self.path)
        if found:
            INTERNAL_FILES["internal://" + urllib.parse.unquote(found[1])] = body
        self.answer({}, 200 if found else 404)

    def do_POST(self):
        body = self.body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        url = urllib.parse.urlparse(self.path)
        question = urllib.parse.parse_qs(url.query)
        account = self.server.account
        try:
            asked = json.loads(body) if body.strip() else {}
            if url.path == "/session/v1/login-request":
                session = login(account, question, asked["data"], self.process)
                return self.done(login_answer(session))
            if url.path == "/telemetry/send":
                return self.done(None)
            token = re.search(r'Token="([^"]*)"', self.headers.get("Authorization") or "")
            session = account.sessions.get(token[1]) if token else None
            if session is None:
                raise LoginRefused("390104", "User must login again to access the service.")
            if url.path == "/session":
                if question.get("delete") == ["true"]:
                    session.close()
                return self.done(None)
            if url.path == "/session/heartbeat":
                return self.done(None)
            if url.path == "/queries/v1/abort-request":
                if session.request == asked.get("requestId"):
                    session.cancelled = True
                    session.duck.interrupt()
                    with account.lock:
                        account.unlocked.notify_all()
                return self.done(None)
            if url.path == "/queries/v1/query-request":
                return self.done(statement_answer(session, question, asked))
            raise LoginRefused("390000", f"The test server does not know {url.path}")
        except LoginRefused as e:
            self.answer({"data": {}, "code": e.code, "message": e.message, "success": False, "headers": None})
        except Refused as e:
            data = {"errorCode": e.code, "sqlState": e.state, "queryId": str(uuid.uuid4())}
            self.answer({"data": data, "code": e.code, "message": e.message, "success": False, "headers": None})

    def done(self, data):
        self.answer({"data": data, "code": None, "message": None, "success": True})

    def answer(self, message, status=200):
        body = json.dumps(message).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def parameters_of(session):
    return [{"name": k, "value": v} for k, v in session.parameters.items()]


def login_answer(session):
    return {
        "token": session.token,
        "masterToken": secrets.token_urlsafe(32),
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "displayUserName": session.user,
        "serverVersion": "9.0.0",
        "firstLogin": False,
        "healthCheckInterval": 45,
        "sessionId": int(session.number),
        "parameters": parameters_of(session),
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": session.warehouse,
            "roleName": session.role,
        },
    }


def statement_answer(session, question, asked):
    with session.turn:
        session.request, session.cancelled = question.get("requestId", [None])[0], False
        if int((asked.get("parameters") or {}).get("MULTI_STATEMENT_COUNT", 1)) != 1:
            raise Refused(8, "0A000", "The test server runs one statement at a time")
        bindings = asked.get("bindings") or {}
        bindings = [bindings[str(i)] for i in range(1, len(bindings) + 1)]
        sql = asked["sqlText"]
        before = dict(session.parameters)
        account = session.account
        account.queries.append([str(uuid.uuid4()), sql, session.user, session.role, session.number, session.parameters["QUERY_TAG"], datetime.datetime.now(UTC)])
        try:
            result = session.execute(sql, bindings, asked.get("describeOnly") or False)
        except Refused:
            raise
        except Exception as e:
            print(sql, file=sys.stderr, flush=True)
            traceback.print_exc()
            raise Refused(603, "XX000", f"The test server failed with {type(e).__name__}: {e}") from e
        finally:
            session.request, session.active = None, time.monotonic()
        if isinstance(result, Upload):
            return result.data
        return {
            "parameters": parameters_of(session) if session.parameters != before else [],
            "rowtype": [row_type(c) for c in result.columns],
            "rowset": [[wire(v, c) for v, c in zip(row, result.columns)] for row in result.rows],
            "total": len(result.rows),
            "returned": len(result.rows),
            "queryId": str(uuid.uuid4()),
            "queryResultFormat": "json",
            "statementTypeId": result.statement,
            "numberOfBinds": sql.count("?"),
            "arrayBindSupported": False,
            "version": 1,
            "sqlState": "00000",
            "finalDatabaseName": session.database,
            "finalSchemaName": session.schema,
            "finalWarehouseName": session.warehouse,
            "finalRoleName": session.role,
        }


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    server.account = Account(os.environ["SNOWFLAKE_TEST_PASSWORD"])
    server.account.port = int(sys.argv[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)
