package dev.millrace.job;

import dev.millrace.dynamodb.Spool;
import dev.millrace.dynamodb.TableAccess;
import dev.millrace.fault.Fault;
import dev.millrace.run.PlannedUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.SparkSession;

/**
 * Fills a run's spool through the Spark connector {@code com.audienceproject:spark-dynamodb} in place of a scan of ours.
 * It is found by its name when it is there; nothing of it is needed to build. What it loses: {@code docs/reader.md}.
 */
final class AudienceProject {
    static final String PACKAGE = "com.audienceproject:spark-dynamodb_2.12:1.1.2";

    private static final String FORMAT = "com.audienceproject.spark.dynamodb.datasource.DefaultSource";

    /** The one way to tell it where DynamoDB answers; it looks there in each process that reads. */
    private static final String ENDPOINT = "aws.dynamodb.endpoint";

    private AudienceProject() {}

    /**
     * Refuses to begin without the connector's jar.
     *
     * @param file the job file
     * @throws Fault of kind USER
     */
    static void require(String file) {
        try {
            Class.forName(FORMAT, false, Thread.currentThread().getContextClassLoader());
        } catch (ClassNotFoundException missing) {
            throw Fault.user(
                    file + ": source.dynamodb.reader: audienceproject: its jar is not on the class path: start "
                            + "the job by spark-submit with --packages " + PACKAGE + ", or remove reader");
        }
    }

    /**
     * Reads units into the spool; of those that are there nothing is read.
     *
     * @param unitsPerSecond that it may read; infinite where there is no limit
     * @param all units of the run, each a segment of the table
     * @param wanted those that this process takes
     */
    static void fill(
            SparkSession spark,
            Spool spool,
            TableAccess access,
            double unitsPerSecond,
            List<PlannedUnit> all,
            List<PlannedUnit> wanted) {
        Set<String> missing =
                spool.missing(wanted).stream().map(PlannedUnit::id).collect(Collectors.toCollection(HashSet::new));
        if (missing.isEmpty()) {
            return;
        }
        String endpoint = access.endpoint();
        setEndpoint(endpoint);
        try {
            // A partition is a segment, and read only when its first row is asked for.
            options(spark.read(), access, unitsPerSecond, all.size())
                    .load()
                    .javaRDD()
                    .foreachPartition(rows -> {
                        PlannedUnit unit = all.get(TaskContext.getPartitionId());
                        if (missing.contains(unit.id())) {
                            setEndpoint(endpoint);
                            spool.fill(unit, rows);
                        }
                    });
        } catch (Exception failure) {
            // Spark throws checked exceptions that Scala does not declare.
            throw Fault.in(failure).orElseGet(() -> told(access, failure));
        }
    }

    private static DataFrameReader options(
            DataFrameReader reader, TableAccess access, double unitsPerSecond, int segments) {
        reader.format(FORMAT)
                .option("tableName", access.table())
                .option("readPartitions", segments)
                .option("stronglyConsistentReads", access.consistent());
        if (!Double.isInfinite(unitsPerSecond)) {
            reader.option("throughput", Math.max(1, Math.round(unitsPerSecond)));
        }
        if (!access.region().isEmpty()) {
            reader.option("region", access.region());
        }
        if (!access.role().isEmpty()) {
            reader.option("roleArn", access.role());
        }
        return reader;
    }

    private static void setEndpoint(String endpoint) {
        if (!endpoint.isEmpty()) {
            System.setProperty(ENDPOINT, endpoint);
        }
    }

    private static Fault told(TableAccess access, Exception failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String said = String.valueOf(root.getMessage()).lines().findFirst().orElse("");
        return Fault.world(
                access + ": the audienceproject connector failed: " + said
                        + ": docs/reader.md tells what it cannot read; reader: millrace reads it",
                failure);
    }
}
