package dev.millrace.config;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * A job file as resolved: references replaced, defaults filled in, everything checked.
 *
 * @param name of the job; storage and warehouse name its things by it
 * @param overlap what a start does while another run holds the job
 * @param resumeWithin an unfinished run younger than this is taken up
 * @param schedule when it is started
 * @param source where rows come from
 * @param schema how data-schemas are found
 * @param tables settings by kind; kinds not named get all columns inferred
 * @param functions Java classes of functions that expressions may use, by the function's name
 * @param staging where a run keeps its files
 * @param lake where tables are published, if anywhere
 * @param s3 how S3 locations are reached
 * @param warehouse what is loaded, if anything
 * @param remote where it is submitted to, if anywhere
 */
public record Job(
        String name,
        Overlap overlap,
        Duration resumeWithin,
        ScheduleSettings schedule,
        Source source,
        SchemaSettings schema,
        Map<String, TableSettings> tables,
        Map<String, String> functions,
        StagingSettings staging,
        Optional<LakeSettings> lake,
        S3Settings s3,
        Optional<WarehouseSettings> warehouse,
        Optional<RemoteSettings> remote) {
    /** What a start does while another run holds the job. */
    public enum Overlap {
        /** Ends at once, with the exit code for it. */
        SKIP,
        /** Waits for the other run's end. */
        WAIT
    }

    public Job {
        tables = Ordered.copyOf(tables);
        functions = Ordered.copyOf(functions);
    }

    /** The job wherever it runs: what a run is of does not depend on who submitted it. */
    public Job withoutRemote() {
        return new Job(
                name,
                overlap,
                resumeWithin,
                schedule,
                source,
                schema,
                tables,
                functions,
                staging,
                lake,
                s3,
                warehouse,
                Optional.empty());
    }

    /** The settings of a kind; those of a kind that the job file does not name are all empty. */
    public TableSettings table(String kind) {
        return tables.getOrDefault(kind, TableSettings.NONE);
    }

    /** The kind of all records where {@link SchemaSettings#kind} tells none apart. */
    public String onlyKind() {
        if (source instanceof DynamoDbSource dynamoDb) {
            return dynamoDb.table();
        }
        // Files have no name of their own: that of their table, where one is declared.
        return tables.keySet().stream().findFirst().orElseGet(() -> name.replace('-', '_'));
    }
}
