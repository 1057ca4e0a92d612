package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Whether a user sees what others do. Who does not is shown fewer rows, not an error: rights that others gave would be
 * lost, and transactions of others not be waited for.
 *
 * <p>A user sees in these views what concerns himself, so they tell at least of his own rights; whoever has {@code ACCESS
 * SYSTEM TABLE} sees all of them, so the way to it through roles of roles is found where there is one.
 *
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/c_visibility-of-data.html">visibility of data</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_USER_INFO.html">SVV_USER_INFO</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_USER_GRANTS.html">SVV_USER_GRANTS</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ROLE_GRANTS.html">SVV_ROLE_GRANTS</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_SYSTEM_PRIVILEGES.html">SVV_SYSTEM_PRIVILEGES</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_roles-default.html">roles of the system</a>
 */
record SightOfOthers(RedshiftSession session, String server) {
    private record Account(boolean isSuper, boolean seesLogs) {}

    private record Granted(String role, String granted) {}

    /**
     * Refuses a user who does not.
     *
     * @throws Fault WORLD that names the user, each right that is missing and the statement that gives it
     */
    void require() throws SQLException {
        String user = session.rows("SELECT current_user", row -> row.getString(1))
                .get(0)
                .strip();
        Account account = session
                .rows(
                        "SELECT superuser, syslog_access FROM svv_user_info WHERE trim(user_name) = "
                                + RedshiftText.literal(user),
                        row -> new Account(row.getBoolean(1), "UNRESTRICTED".equalsIgnoreCase(text(row, 2))))
                .stream()
                .findFirst()
                .orElse(new Account(false, false));
        if (account.isSuper()) {
            return;
        }
        List<String> missing = new ArrayList<>();
        if (!account.seesLogs()) {
            missing.add("SYSLOG ACCESS UNRESTRICTED, to see whose transactions have to be waited for: ALTER USER "
                    + identifier(user) + " SYSLOG ACCESS UNRESTRICTED");
        }
        if (!seesRights(user)) {
            missing.add("ACCESS SYSTEM TABLE, to see what others gave to the live tables: GRANT ROLE sys:monitor TO "
                    + identifier(user) + ", or grant a role of your own that has it");
        }
        if (!missing.isEmpty()) {
            throw Fault.world("User " + user + " of " + server + " does not see what others do, and lacks "
                    + String.join("; and ", missing)
                    + ". Have it granted by a superuser, and run again; live is as it was");
        }
    }

    private boolean seesRights(String user) throws SQLException {
        Set<String> holders = new HashSet<>(session.rows(
                "SELECT identity_type, identity_name FROM svv_system_privileges"
                        + " WHERE system_privilege = 'ACCESS SYSTEM TABLE'",
                row -> holder(text(row, 1), text(row, 2))));
        Deque<String> roles = new ArrayDeque<>(session.rows(
                "SELECT role_name FROM svv_user_grants WHERE trim(user_name) = " + RedshiftText.literal(user),
                row -> text(row, 1)));
        List<Granted> grants = session.rows(
                "SELECT role_name, granted_role_name FROM svv_role_grants",
                row -> new Granted(text(row, 1), text(row, 2)));
        boolean sees = holders.contains(holder("user", user));
        Set<String> known = new HashSet<>();
        while (!sees && !roles.isEmpty()) {
            String role = roles.remove();
            if (known.add(role)) {
                sees = holders.contains(holder("role", role));
                grants.stream()
                        .filter(grant -> grant.role().equals(role))
                        .map(Granted::granted)
                        .forEach(roles::add);
            }
        }
        return sees;
    }

    /** What is missing is no right. */
    private static String text(ResultSet row, int column) throws SQLException {
        String text = row.getString(column);
        return text == null ? "" : text.strip();
    }

    private static String holder(String type, String name) {
        return type + " " + name;
    }
}
