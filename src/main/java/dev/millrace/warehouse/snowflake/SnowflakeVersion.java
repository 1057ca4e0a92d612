package dev.millrace.warehouse.snowflake;

import static dev.millrace.warehouse.snowflake.SnowflakeText.stored;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.run.RunId;
import dev.millrace.storage.Sha256;
import dev.millrace.warehouse.Version;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * A schema of ours, as its comment describes it. The comment goes with the schema when it is swapped or renamed, so it is
 * what tells which version lies where; a person's own words before it are kept.
 *
 * @param name the schema's, as the server has it; after a swap it is the other run's until it is renamed
 * @param isTransient whether it keeps no fail-safe copies
 * @param words a person's part of the comment, or empty
 * @param schema that readers use, as the job file writes it
 * @param job whose run it is
 * @param run that made it; empty for a schema that held nothing but rights before the first replacement
 * @param commit of the run
 * @param definition hash of all tables with their columns
 * @param tables hash of the names of all tables, see {@link #hashOf}; empty in what older releases wrote
 * @param preparedAgainst the commit that was live when it was prepared; empty when nothing was
 * @param previous the run that was live before it; set before it goes live
 * @param isReady whether all its tables are there
 * @param rolledBack the runs that rollbacks took away to come here. It is written before the swap, and of no meaning while
 *     this version is not live
 */
record SnowflakeVersion(
        String name,
        boolean isTransient,
        String words,
        String schema,
        String job,
        Optional<RunId> run,
        long commit,
        String definition,
        Optional<String> tables,
        OptionalLong preparedAgainst,
        Optional<RunId> previous,
        boolean isReady,
        List<RunId> rolledBack) {
    private static final int FORMAT = 1;
    private static final String BEGIN = "{\"millrace\":";
    private static final ObjectMapper JSON = new ObjectMapper();

    SnowflakeVersion {
        rolledBack = List.copyOf(rolledBack);
    }

    /** Reads a schema's comment; empty where it is none of ours. */
    static Optional<SnowflakeVersion> read(String name, boolean isTransient, String comment) {
        int begin = comment.lastIndexOf(BEGIN);
        if (begin < 0) {
            return Optional.empty();
        }
        JsonNode json;
        try {
            json = JSON.readTree(comment.substring(begin));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
        if (json.path("millrace").asInt() > FORMAT) {
            throw Fault.user("Invalid warehouse: the comment of schema " + name + " has format "
                    + json.path("millrace").asInt() + ", written by a newer Millrace; this one knows up to " + FORMAT
                    + ": use the newer one");
        }
        List<RunId> rolledBack = new ArrayList<>();
        json.path("rolledBack").forEach(run -> rolledBack.add(new RunId(run.asText())));
        return Optional.of(new SnowflakeVersion(
                name,
                isTransient,
                words(comment),
                json.path("schema").asText(),
                json.path("job").asText(),
                runOf(json, "run"),
                json.path("commit").asLong(),
                json.path("definition").asText(),
                Optional.ofNullable(json.path("tables").textValue()),
                json.path("against").isNumber()
                        ? OptionalLong.of(json.path("against").asLong())
                        : OptionalLong.empty(),
                runOf(json, "previous"),
                json.path("ready").asBoolean(),
                rolledBack));
    }

    /** What a person wrote in a schema's comment, whether or not what follows is whole. */
    static String words(String comment) {
        int begin = comment.lastIndexOf(BEGIN);
        return (begin < 0 ? comment : comment.substring(0, begin)).strip();
    }

    /** What tells whether a schema has just these tables, of whatever number, in few letters. */
    static String hashOf(Collection<String> stored) {
        return Sha256.hex(stored.stream().sorted().collect(Collectors.joining("\n")));
    }

    private static Optional<RunId> runOf(JsonNode json, String field) {
        return Optional.ofNullable(json.path(field).textValue()).map(RunId::new);
    }

    /** The whole comment. */
    String comment() {
        ObjectNode json = JSON.createObjectNode();
        json.put("millrace", FORMAT);
        json.put("schema", schema);
        json.put("job", job);
        run.ifPresent(r -> json.put("run", r.value()));
        json.put("commit", commit);
        json.put("definition", definition);
        tables.ifPresent(hash -> json.put("tables", hash));
        preparedAgainst.ifPresent(against -> json.put("against", against));
        previous.ifPresent(r -> json.put("previous", r.value()));
        json.put("ready", isReady);
        if (!rolledBack.isEmpty()) {
            ArrayNode runs = json.putArray("rolledBack");
            rolledBack.forEach(r -> runs.add(r.value()));
        }
        return words.isEmpty() ? json.toString() : words + " " + json;
    }

    /** The whole comment, with what a person writes now. */
    String comment(String itsWords) {
        return with(itsWords, commit, preparedAgainst, previous, isReady, rolledBack)
                .comment();
    }

    boolean isOf(RunId other) {
        return run.filter(other::equals).isPresent();
    }

    /** Whether a run was live before this version, or taken away by the rollback to it. */
    boolean leftBehind(RunId other) {
        return previous.filter(other::equals).isPresent() || rolledBack.contains(other);
    }

    /** The run, of which one must be there. */
    RunId requireRun() {
        return run.orElseThrow(() -> new IllegalStateException("Schema " + name + " is of no run"));
    }

    Version version() {
        return new Version(requireRun(), commit, job);
    }

    SnowflakeVersion prepared(long byCommit, OptionalLong against) {
        return with(words, byCommit, against, previous, isReady, rolledBack);
    }

    SnowflakeVersion ready() {
        return with(words, commit, preparedAgainst, previous, true, rolledBack);
    }

    /** As it is to go live, with what a person wrote about the version before. */
    SnowflakeVersion following(String liveWords, long byCommit, Optional<RunId> live) {
        return with(liveWords, byCommit, preparedAgainst, live, isReady, rolledBack);
    }

    /** As it is to go live again in the place of a version that followed it, with what a person wrote about that one. */
    SnowflakeVersion insteadOf(SnowflakeVersion live) {
        LinkedHashSet<RunId> runs = new LinkedHashSet<>(rolledBack);
        runs.addAll(live.rolledBack);
        runs.add(live.requireRun());
        return with(live.words, commit, preparedAgainst, previous, isReady, List.copyOf(runs));
    }

    /** What changes in the life of a version; the rest is as it was made. */
    private SnowflakeVersion with(
            String itsWords,
            long byCommit,
            OptionalLong against,
            Optional<RunId> before,
            boolean hasTables,
            List<RunId> takenAway) {
        return new SnowflakeVersion(
                name,
                isTransient,
                itsWords,
                schema,
                job,
                run,
                byCommit,
                definition,
                tables,
                against,
                before,
                hasTables,
                takenAway);
    }

    /** The name of a schema that is not live, as the server has it: the live schema's and the run's. */
    static String namespace(String schema, RunId run) {
        return stored(schema) + "__" + run.value().toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }

    /**
     * Whether a name is one that {@link #namespace} gives, of whatever run: between a swap and the renaming, what was live
     * has the name of the run that is live, and no comment need tell which one that is.
     */
    static boolean isNamespace(String schema, String name) {
        String prefix = stored(schema) + "__";
        if (!name.startsWith(prefix)) {
            return false;
        }
        String run = name.substring(prefix.length()).replace('_', '-');
        int suffix = run.lastIndexOf('-') + 1;
        return RunId.isRunId(run.substring(0, suffix) + run.substring(suffix).toLowerCase(Locale.ROOT));
    }
}
