"""Sessions, with their transactions and locks."""

import os
import secrets
import threading
import time
import uuid
import zoneinfo

import duckdb

from testaccount.copying import load
from testaccount.queries import query
from testaccount.results import told
from testaccount.statements import STATEMENTS
from testaccount.things import PARAMETERS
from testaccount.words import compilation, Refused, Words


IDLE_SECONDS = float(os.environ.get("SNOWFLAKE_TEST_IDLE_SECONDS", "300"))


class Session:
    def __init__(self, account, user, role, database, schema, warehouse, parameters):
        self.account, self.user, self.role = account, user, role
        self.database, self.schema, self.warehouse = database, schema, warehouse
        self.parameters = dict(PARAMETERS)
        self.token = secrets.token_urlsafe(32)
        self.duck = account.duck.cursor()
        self.turn = threading.Lock()
        self.request, self.cancelled, self.closed = None, False, False
        self.number, self.active = str(next(account.numbers) + 10**9), time.monotonic()
        self.open, self.dirty = False, False  # a transaction; whether it has changed rows
        self.transaction = None  # its number
        self.loads = []  # (table, file, etag) of the open transaction
        self.locks = set()
        self.temporary = {}  # stages that end with the session, by name
        for key, value in parameters.items():
            if key in self.parameters:
                self.set_parameter(key, value)

    def set_parameter(self, key, value):
        if key not in self.parameters:
            raise compilation(1008, "22023", f"invalid parameter '{key}'")
        expected = type(PARAMETERS[key])
        if expected is bool and isinstance(value, str):
            value = {"TRUE": True, "FALSE": False}.get(value.upper(), value)
        if expected is int and isinstance(value, str) and value.isdigit():
            value = int(value)
        if type(value) is not expected:
            raise compilation(1006, "22023", f"invalid value [{value}] for parameter '{key}'")
        if key == "TIMEZONE":
            try:
                zoneinfo.ZoneInfo(value)
            except (KeyError, ValueError):
                raise compilation(1006, "22023", f"invalid value [{value}] for parameter 'TIMEZONE'") from None
        if key == "AUTOCOMMIT" and value != self.parameters[key]:
            self.commit()
        self.parameters[key] = value
        if key == "TIMEZONE":
            self.duck.execute(f"SET TimeZone = '{value}'")

    # Transactions. DDL is not part of them: it commits what is open, as Snowflake does.

    def begin(self):
        if not self.open:
            self.duck.execute("BEGIN TRANSACTION")
            self.open, self.dirty = True, False
            self.transaction = str(next(self.account.numbers) + 10**15)

    def refresh(self):
        """Every statement sees what others have committed; DuckDB would keep the transaction's first snapshot."""
        if self.open and not self.dirty:
            self.duck.execute("ROLLBACK")
            self.duck.execute("BEGIN TRANSACTION")

    def commit(self):
        if self.open:
            self.open = False
            try:
                self.duck.execute("COMMIT")
                for table, file, etag in self.loads:
                    table.loaded[file] = etag
            except duckdb.Error as e:
                raise Refused(603, "XX000", f"the test server could not commit: {e}") from e
            finally:
                self.over()

    def rollback(self):
        if self.open:
            self.open = False
            self.duck.execute("ROLLBACK")
            self.over()

    def over(self):
        self.loads = []
        self.dirty, self.transaction = False, None
        with self.account.lock:
            for duck in self.locks:
                self.account.row_locks.pop(duck, None)
            self.locks = set()
            self.account.unlocked.notify_all()

    def lock(self, table):
        """Waits until nobody else has changed rows of a table in a transaction that is open."""
        deadline = time.monotonic() + self.parameters["LOCK_TIMEOUT"]
        with self.account.lock:
            while (owner := self.account.row_locks.get(table.duck)) not in (None, self):
                if self.cancelled or self.closed:
                    raise Refused(604, "57014", "SQL execution canceled")
                if owner.abandoned():
                    continue
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Refused(
                        625,
                        "57014",
                        f"Statement '{uuid.uuid4()}' has locked table '{table.name}' in transaction"
                        f" {owner.transaction} and this lock has not yet been released.",
                    )
                self.account.unlocked.wait(min(left, 0.2))
            self.account.row_locks[table.duck] = self
            self.locks.add(table.duck)

    def abandoned(self):
        """
        Rolls an idle transaction back that is in somebody's way, as Snowflake does after five minutes: see
        https://docs.snowflake.com/en/sql-reference/transactions, "Aborting transactions".
        """
        if time.monotonic() - self.active < IDLE_SECONDS or not self.turn.acquire(blocking=False):
            return False
        try:
            self.rollback()
            return True
        finally:
            self.turn.release()

    def close(self):
        self.closed = True
        with self.account.lock:
            self.account.sessions.pop(self.token, None)
            self.account.unlocked.notify_all()
        self.duck.interrupt()
        with self.turn:
            try:
                self.rollback()
            finally:
                self.over()
                self.duck.close()

    # One statement

    def execute(self, sql, bindings=None, describe=False):
        words = Words(sql)
        verb = words.peek()
        if not verb:
            raise compilation(900, "42601", "Empty SQL statement.")
        act = STATEMENTS.get(verb)
        if act is not None:
            if describe:
                return told()
            words.bind(bindings or [])
            words.at += 1
            if verb in ("CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "UNDROP", "TRUNCATE") and not words.next_is("SESSION"):
                self.commit()
            with self.account.lock:
                return act(self, words)
        if verb == "COPY":
            return load(self, words)
        return query(self, sql, bindings or [], describe)

    def require_warehouse(self):
        if self.warehouse is None or self.warehouse not in self.account.warehouses:
            raise Refused(606, "57P03", "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command.\n")
        warehouse = self.account.warehouses[self.warehouse]
        self.account.require(self, warehouse, "USAGE", "OPERATE")
        if monitor := getattr(warehouse, "spent", None):
            raise Refused(90073, "22000", f"Warehouse '{self.warehouse}' cannot be resumed because resource monitor '{monitor}' has exceeded its quota.")
