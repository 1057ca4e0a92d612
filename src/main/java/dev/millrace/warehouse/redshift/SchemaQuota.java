package dev.millrace.warehouse.redshift;

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

    /**
     * Refuses to load into a schema that is full.
     *
     * @throws Fault WORLD with both figures
     */
    static void require(RedshiftSession session, String schema, String table) throws SQLException {
        Optional<SchemaQuota> full = of(session, schema).filter(q -> q.used() >= q.megabytes());
        if (full.isPresent()) {
            throw Fault.world("Cannot load " + table + ": schema " + schema + " has used "
                    + full.get().used()
                    + " MB of its quota of " + full.get().megabytes()
                    + " MB: raise the live schema's (ALTER SCHEMA … QUOTA), and start a new run; live is as it was");
        }
    }
}
