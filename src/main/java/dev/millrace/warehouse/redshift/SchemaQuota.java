package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.Optional;

/**
 * The space that a schema's tables may take together.
 *
 * @param megabytes it may take
 * @param used megabytes it takes
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_SCHEMA_QUOTA_STATE.html">SVV_SCHEMA_QUOTA_STATE</a>
 */
record SchemaQuota(long megabytes, long used) {
    /** Empty where a schema has none or is not there. */
    static Optional<SchemaQuota> of(RedshiftSession session, String schema) throws SQLException {
        return session
                .rows(
                        "SELECT quota, disk_usage FROM svv_schema_quota_state WHERE trim(schema_name) = "
                                + RedshiftText.literal(schema) + " AND quota > 0",
                        row -> new SchemaQuota(row.getLong(1), row.getLong(2)))
                .stream()
                .findFirst();
    }

    /** How statements that make or alter a schema write it. */
    static String clause(Optional<SchemaQuota> quota) {
        return " QUOTA " + quota.map(q -> q.megabytes() + " MB").orElse("UNLIMITED");
    }

    /**
     * Has a schema that we own follow live's quota, which may have been raised since the schema was made, and refuses to load
     * into one that is full.
     *
     * @throws Fault WORLD with both figures
     * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_SCHEMA.html">ALTER SCHEMA</a>
     */
    static void require(RedshiftSession session, String live, String schema, String table) throws SQLException {
        String clause = clause(of(session, live));
        Optional<SchemaQuota> quota = of(session, schema);
        if (!clause.equals(clause(quota))) {
            session.execute("ALTER SCHEMA " + identifier(schema) + clause);
            quota = of(session, schema);
        }
        Optional<SchemaQuota> full = quota.filter(q -> q.used() >= q.megabytes());
        if (full.isPresent()) {
            throw Fault.world("Cannot load " + table + ": schema " + schema + " has used "
                    + full.get().used()
                    + " MB of its quota of " + full.get().megabytes()
                    + " MB: raise the live schema's (ALTER SCHEMA " + identifier(live)
                    + " QUOTA …), and run again; live is as it was");
        }
    }
}
