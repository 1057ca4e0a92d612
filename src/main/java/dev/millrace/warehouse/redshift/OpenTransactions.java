package dev.millrace.warehouse.redshift;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Transactions of others in the database. One page of the documentation says that everybody sees them all, another that one
 * sees one's own: {@link SightOfOthers} is asked for before.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TRANSACTIONS.html">SVV_TRANSACTIONS</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/c_visibility-of-data.html">visibility of data</a>
 */
record OpenTransactions(RedshiftSession session, Duration patience) {
    private record Open(long xid, String text) {}

    /**
     * Waits for all that have begun by now: their snapshots may be older than what was loaded, and would show it empty.
     *
     * @throws Fault WORLD that names them, when patience ends
     */
    void await() throws SQLException {
        List<Long> begun = find("").stream().map(Open::xid).toList();
        Retry retry = new Retry(patience);
        List<Open> left = begun.isEmpty() ? List.of() : find("");
        while (left.stream().anyMatch(t -> begun.contains(t.xid()))) {
            if (!retry.again()) {
                throw Fault.world("Cannot replace: transactions that began before, and might see empty tables, have not"
                        + " ended for " + patience.toSeconds() + " s: "
                        + left.stream()
                                .filter(t -> begun.contains(t.xid()))
                                .map(Open::text)
                                .collect(Collectors.joining(", "))
                        + ": live is as it was; run again when they have ended, or raise warehouse.redshift.patience");
            }
            left = find("");
        }
    }

    /**
     * Who has locks on tables, for a message.
     *
     * @param schema whose tables they are
     */
    String holders(String schema) throws SQLException {
        List<Open> holders =
                find(" AND relation IN (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                        + " ON n.oid = c.relnamespace WHERE n.nspname = " + RedshiftText.literal(schema) + ")");
        return holders.isEmpty()
                ? "nobody any more"
                : holders.stream().map(Open::text).collect(Collectors.joining(", "));
    }

    private List<Open> find(String condition) throws SQLException {
        long mine = session.number("SELECT pg_backend_pid()");
        return session.rows(
                "SELECT DISTINCT xid, pid, trim(txn_owner), txn_start FROM svv_transactions WHERE trim(txn_db) = "
                        + RedshiftText.literal(session.database()) + " AND pid <> " + mine + condition + " ORDER BY 1",
                row -> new Open(
                        row.getLong(1),
                        "process " + row.getLong(2) + " of " + row.getString(3) + ", begun " + row.getString(4)));
    }
}
