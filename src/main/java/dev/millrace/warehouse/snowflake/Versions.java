package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.literal;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.fault.Fault;
import dev.millrace.run.RunId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The schemas of a database that are versions of one schema, as they were when they were listed. To list them wakes no
 * warehouse.
 */
final class Versions {
    /**
     * A schema.
     *
     * @param name as the server has it
     * @param options such as {@code TRANSIENT, MANAGED ACCESS}
     * @param owner the role
     * @param budget that watches what it costs, or empty
     */
    record Listed(String name, String options, String comment, String owner, String budget) {
        boolean isTransient() {
            return options.toUpperCase(Locale.ROOT).contains("TRANSIENT");
        }

        boolean isManaged() {
            return options.toUpperCase(Locale.ROOT).contains("MANAGED ACCESS");
        }
    }

    private final SnowflakeSession session;
    private final String database;
    private final String schema;
    private final List<Listed> listed;
    private final List<SnowflakeVersion> versions;

    private Versions(SnowflakeSession session, String database, String schema, List<Listed> listed) {
        this.session = session;
        this.database = database;
        this.schema = schema;
        this.listed = listed;
        this.versions = new ArrayList<>();
        for (Listed one : listed) {
            // By its name too: a clone that a person made has the comment as well, and is theirs.
            if (one.name().equals(stored(schema)) || one.name().startsWith(stored(schema) + "__")) {
                SnowflakeVersion.read(one.name(), one.isTransient(), one.comment())
                        .filter(v -> stored(v.schema()).equals(stored(schema)))
                        .filter(v -> v.run().isEmpty()
                                || v.name().equals(stored(schema))
                                || SnowflakeVersion.isNamespace(schema, v.name()))
                        .ifPresent(versions::add);
            }
        }
    }

    /**
     * Lists them: see <a href="https://docs.snowflake.com/en/sql-reference/sql/show-schemas">SHOW SCHEMAS</a>.
     *
     * @param database as the server has it
     * @param schema that readers use, as the job file writes it
     */
    static Versions list(SnowflakeSession session, String database, String schema) throws SQLException {
        List<Listed> listed = Shown.paged(
                session,
                "SHOW SCHEMAS IN DATABASE " + exactly(database),
                row -> new Listed(
                        row.getString("name"),
                        text(row.getString("options")),
                        text(row.getString("comment")),
                        text(row.getString("owner")),
                        Shown.told(row, "budget")));
        return new Versions(session, database, schema, listed);
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }

    /** A schema of any kind by its name, as the server has it. */
    Optional<Listed> schema(String name) {
        return listed.stream().filter(l -> l.name().equals(name)).findFirst();
    }

    Optional<SnowflakeVersion> live() {
        return versions.stream()
                .filter(v -> v.name().equals(stored(schema)) && v.run().isPresent())
                .findFirst();
    }

    /** The version of a run, wherever it lies. */
    Optional<SnowflakeVersion> of(RunId run) {
        return versions.stream().filter(v -> v.isOf(run)).findFirst();
    }

    /** All that are of a run. */
    List<SnowflakeVersion> all() {
        return versions.stream().filter(v -> v.run().isPresent()).toList();
    }

    /** Schemas in which the role saw nothing but rights, and whose name the first version took. Somebody else made them. */
    List<SnowflakeVersion> emptied() {
        return versions.stream()
                .filter(v -> v.run().isEmpty() && !v.name().equals(stored(schema)))
                .toList();
    }

    /** What was live before, as long as it has the name that live had before the swap, and can get its own. */
    Optional<SnowflakeVersion> swapped() {
        return live().map(live -> SnowflakeVersion.namespace(schema, live.requireRun()))
                .flatMap(name ->
                        versions.stream().filter(v -> v.name().equals(name)).findFirst())
                .filter(v -> v.run()
                        .flatMap(run -> schema(SnowflakeVersion.namespace(schema, run)))
                        .isEmpty());
    }

    /** Live and the versions a rollback can reach, newest first. */
    List<SnowflakeVersion> chain() {
        List<SnowflakeVersion> chain = new ArrayList<>();
        Optional<SnowflakeVersion> next = live();
        while (next.isPresent()) {
            SnowflakeVersion version = next.get();
            if (chain.contains(version)) {
                throw Fault.world(
                        "The versions of schema " + schema + " lead in a circle, at run " + version.requireRun());
            }
            chain.add(version);
            next = version.previous().flatMap(this::of);
        }
        return chain;
    }

    /** What swaps left under another run's name: both names are of schemas that are not live. */
    Optional<SnowflakeVersion> misnamed() {
        return all().stream()
                .filter(v -> !v.name().equals(stored(schema)))
                .filter(v -> {
                    String own = SnowflakeVersion.namespace(schema, v.requireRun());
                    return !v.name().equals(own) && schema(own).isEmpty();
                })
                .findFirst();
    }

    /** A schema's name in full, as statements write it. */
    String place(SnowflakeVersion version) {
        return exactly(database, version.name());
    }

    /** Writes the comment of a schema. */
    void note(OwnSchema.Held lock, SnowflakeVersion version) throws SQLException {
        lock.require();
        session.execute("ALTER SCHEMA " + place(version) + " SET COMMENT = " + literal(version.comment()));
    }
}
