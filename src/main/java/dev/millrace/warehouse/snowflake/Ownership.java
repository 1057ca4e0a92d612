package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.exactly;
import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What in a schema and its versions is Millrace's, and what somebody else's.
 *
 * @param database as the server has it
 * @param schema that readers use, as the job file writes it
 * @param own what was noted of it
 * @param where the schema is, as messages tell it
 */
record Ownership(String database, String schema, OwnSchema own, String where) {
    /** A schema that somebody else made is left alone, unless it is empty: then it only holds rights. */
    void requireNothingOfOthers(SnowflakeSession session, Versions versions) throws SQLException {
        Optional<Versions.Listed> there = versions.schema(stored(schema));
        if (there.isEmpty() || versions.live().isPresent()) {
            return;
        }
        List<String> others = DependentObjects.within(session, database, stored(schema), List.of());
        if (others.isEmpty()) {
            return;
        }
        String words = SnowflakeVersion.words(there.get().comment());
        String mend = own.lostComment(
                        session,
                        versions.all().stream()
                                .map(SnowflakeVersion::requireRun)
                                .toList())
                .map(comment -> "by this statement: COMMENT ON SCHEMA " + exactly(database, stored(schema)) + " IS "
                        + SnowflakeText.literal(words.isEmpty() ? comment : words + " " + comment))
                .orElse(
                        "to end in the {\"millrace\":…} that the run which is live wrote: Snowflake's query history has it,"
                                + " in the last ALTER SCHEMA … SET COMMENT with the run in QUERY_TAG");
        throw Fault.user("Invalid warehouse: " + where
                + " is there, but its comment is none that Millrace wrote, and what is in it is left as it is: choose"
                + " another schema, or move it away: " + others.get(0)
                + (others.size() == 1 ? "" : " and " + (others.size() - 1) + " more")
                + "; or, where the schema was Millrace's and somebody changed its comment, set it again " + mend);
    }

    /**
     * Refuses a schema in which others may make what the role does not see: a swap would take it from readers.
     *
     * @param namespace the schema, as the server has it; nothing is refused where it is not there
     * @param who is refused, such as a run
     */
    void requireNoMakers(SnowflakeSession session, Versions versions, String namespace, String who)
            throws SQLException {
        if (versions.schema(namespace).isEmpty()) {
            return;
        }
        List<DependentObjects.Maker> makers = DependentObjects.makers(session, database, namespace);
        if (!makers.isEmpty()) {
            throw Fault.gate("The gate refused " + who + "; live is as it was: what others make there would stay"
                    + " with the old tables:" + System.lineSeparator()
                    + makers.stream()
                            .map(DependentObjects.Maker::text)
                            .collect(Collectors.joining(System.lineSeparator())));
        }
    }

    /**
     * The tables of a version that are ours, as a job file writes them. Where that is noted no more, those that are there, if
     * they are the ones that its comment tells of, or if it was never whole, so that nothing was ever loaded.
     *
     * @return empty where nobody can tell
     */
    Optional<List<String>> tables(SnowflakeSession session, SnowflakeVersion version) throws SQLException {
        Optional<List<String>> noted = own.tables(session, version.requireRun());
        if (noted.isPresent()) {
            return noted;
        }
        List<String> there = there(session, version);
        boolean isOurs = !version.isReady()
                || version.tables()
                        .filter(SnowflakeVersion.hashOf(there)::equals)
                        .isPresent();
        return isOurs ? Optional.of(there.stream().map(SnowflakeText::shown).toList()) : Optional.empty();
    }

    /** Those of our tables that are there: a person may have dropped one. */
    List<String> present(SnowflakeSession session, SnowflakeVersion version) throws SQLException {
        List<String> there = there(session, version);
        return tables(session, version).orElse(List.of()).stream()
                .filter(table -> there.contains(stored(table)))
                .toList();
    }

    /** The tables of a schema, as the server has them. */
    private List<String> there(SnowflakeSession session, SnowflakeVersion version) throws SQLException {
        return Shown.whole(
                session, "SHOW TABLES IN SCHEMA " + exactly(database, version.name()), row -> row.getString("name"));
    }

    List<String> requireTables(SnowflakeSession session, SnowflakeVersion version) throws SQLException {
        Optional<List<String>> tables = tables(session, version);
        if (tables.isPresent()) {
            return tables.get();
        }
        List<String> there = there(session, version);
        throw Fault.world("Which tables of " + where + " are Millrace's was noted in schema _MILLRACE, which somebody"
                + " dropped, and they are others than run " + version.requireRun() + " made: "
                + String.join(", ", there)
                + ": move those elsewhere that Millrace did not make, and run again; where all are Millrace's, say so by"
                + " this statement: "
                + own.definitionOf(
                                version.requireRun(),
                                there.stream()
                                        .map(table -> SnowflakeText.shown(table) + "()")
                                        .collect(Collectors.joining("\n")))
                        .replace("\n", "\\n"));
    }
}
