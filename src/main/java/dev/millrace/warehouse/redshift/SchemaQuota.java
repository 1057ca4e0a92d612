package dev.millrace.warehouse.redshift;

import static dev.millrace.warehouse.SqlText.identifier;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The space that a schema's tables may take together. Whoever may make a schema may give it one; to change it one page of the
 * documentation asks for a superuser, another for the schema's owner.
 *
 * @param megabytes it may take
 * @param used megabytes it takes
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_SCHEMA_QUOTA.html">SVV_REDSHIFT_SCHEMA_QUOTA</a>:
 *     on clusters and serverless workgroups, unlike SVV_SCHEMA_QUOTA_STATE
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_SCHEMA.html">CREATE SCHEMA</a>
 * @see <a href="https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_SCHEMA.html">ALTER SCHEMA</a>
 */
record SchemaQuota(long megabytes, long used) {
    private static final Logger LOG = LoggerFactory.getLogger(SchemaQuota.class);

    /** Empty where a schema has none, is not there, or is another's: only superusers are shown those. */
    static Optional<SchemaQuota> of(RedshiftSession session, String schema) throws SQLException {
        return session
                .rows(
                        "SELECT quota, disk_usage FROM svv_redshift_schema_quota WHERE trim(database_name) = "
                                + RedshiftText.literal(session.database()) + " AND trim(schema_name) = "
                                + RedshiftText.literal(schema) + " AND quota > 0",
                        row -> new SchemaQuota(row.getLong(1), row.getLong(2)))
                .stream()
                .findFirst();
    }

    /** How statements that make or alter a schema write it. */
    static String clause(Optional<SchemaQuota> quota) {
        return " QUOTA " + quota.map(q -> q.megabytes() + " MB").orElse("UNLIMITED");
    }

    /** Statements that raise live's and that of a schema to replace it; how far is to be filled in. */
    static List<String> raising(String live, String schema) {
        return List.of(altering(live) + " QUOTA … MB", altering(schema) + " QUOTA … MB");
    }

    private static String altering(String schema) {
        return "ALTER SCHEMA " + identifier(schema);
    }

    /**
     * Has a schema that we own follow live's quota, which may have been changed since the schema was made, and refuses to load
     * into one that is full. Where the server does not let us, the schema keeps its own, and a warning says so.
     *
     * <p>Outside of a transaction, which a statement that is refused would end.
     *
     * @param refused statements that the server has refused before: they are not sent again, nor told
     * @throws Fault WORLD with both figures and what a superuser is to run
     */
    static void require(RedshiftSession session, String live, String schema, String table, Set<String> refused)
            throws SQLException {
        Optional<SchemaQuota> wanted = of(session, live);
        Optional<SchemaQuota> quota = of(session, schema);
        String follow = altering(schema) + clause(wanted);
        if (!clause(wanted).equals(clause(quota)) && !refused.contains(follow)) {
            try {
                session.execute(follow);
                quota = of(session, schema);
            } catch (SQLException e) {
                refused.add(follow);
                LOG.warn(
                        "Schema {} keeps its own quota, and goes live with it, unless a superuser runs {}: {}",
                        schema,
                        follow,
                        session.message(e));
            }
        }
        if (quota.isEmpty() || quota.get().used() < quota.get().megabytes()) {
            return;
        }
        long used = quota.get().used();
        boolean isEnough = !clause(wanted).equals(clause(quota))
                && wanted.filter(q -> q.megabytes() <= used).isEmpty();
        throw Fault.world("Cannot load " + table + ": schema " + schema + " has used " + used + " MB of its quota of "
                + quota.get().megabytes() + " MB: have a superuser run "
                + (isEnough ? follow : String.join("; ", raising(live, schema)))
                + ", and run again; live is as it was");
    }
}
