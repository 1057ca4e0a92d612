package dev.millrace.lake;

import dev.millrace.landing.LandedTable;
import dev.millrace.landing.Landing;
import dev.millrace.landing.LandingManifests;
import dev.millrace.landing.LandingPlan;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.WideRows;
import dev.millrace.run.DataFile;
import dev.millrace.run.JobStore;
import dev.millrace.run.RunId;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;

/** A job that lands accesses, each run some units of them. */
final class Accesses {
    static final String JOB = "web";
    static final String TABLE = "access_record";
    static final TableDefinition COLUMNS = new TableDefinition(
            TABLE,
            List.of(
                    new Column("id", ColumnType.STRING, false),
                    new Column("user_id", ColumnType.BIGINT, true),
                    new Column("amount", ColumnType.decimal(18, 2), true),
                    new Column("at", ColumnType.TIMESTAMP, true),
                    new Column("_file", ColumnType.STRING, true),
                    new Column("record_date", ColumnType.DATE, true),
                    new Column("stack", ColumnType.STRING, true)),
            List.of());

    private final SparkSession spark;
    final Storage staging;
    final Storage lake;

    Accesses(SparkSession spark, Path root) {
        this(
                spark,
                open(root.resolve("staging").toString()),
                open(root.resolve("lake").toString()));
    }

    Accesses(SparkSession spark, Storage staging, Storage lake) {
        this.spark = spark;
        this.staging = staging;
        this.lake = lake;
    }

    static Storage open(String location) {
        return Storages.open(location, StorageOptions.DEFAULT);
    }

    /**
     * One access.
     *
     * @param day may be null
     */
    record Access(String id, long user, String file, LocalDate day, String stack) {
        static Access of(String id, String file, String day) {
            return new Access(id, id.hashCode(), file, LocalDate.parse(day), "prod");
        }

        /** As {@link Readers} write it. */
        String text() {
            return String.join(
                    "|", id, Long.toString(user), amount().toPlainString(), micros() + "", file, day + "", stack);
        }

        private BigDecimal amount() {
            return BigDecimal.valueOf(user, 2);
        }

        private long micros() {
            return 1_700_000_000_000_000L + user;
        }

        private Row wide() {
            Instant at = Instant.ofEpochSecond(micros() / 1_000_000, micros() % 1_000_000 * 1000);
            return RowFactory.create(0, 0, RowFactory.create(id, user, amount(), at, file, day, stack));
        }
    }

    static UnitCommits commits(Storage staging, RunId run) {
        return new JobStore(staging, JOB, Clock.systemUTC(), new Random(1))
                .run(run)
                .units();
    }

    UnitCommits commits(RunId run) {
        return commits(staging, run);
    }

    static RunId run(int n) {
        return new RunId("2026-11-21T%02d-00-00Z-aaaa".formatted(n));
    }

    static String folder(RunId run) {
        return JOB + "/" + TABLE + "/snapshot=" + run + "/datalake/";
    }

    LandedTable land(RunId run, List<List<Access>> units) {
        return land(run, units, List.of("record_date"));
    }

    /** Lands the n-th list as the n-th unit. */
    LandedTable land(RunId run, List<List<Access>> units, List<String> partitionBy) {
        UnitCommits commits = commits(run);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < units.size(); i++) {
            ids.add("u" + i);
            commits.commit(new UnitManifest(
                    UnitManifest.FORMAT,
                    "input",
                    "u" + i,
                    "a",
                    List.of(new DataFile("", "in", 1, units.get(i).size(), "")),
                    Map.of(),
                    Map.of()));
        }
        LandingPlan plan = new LandingPlan(
                staging,
                List.of(LandingTable.main(COLUMNS, List.of(), folder(run)).partitionedBy(partitionBy)),
                FileFormat.PARQUET,
                Codec.ZSTD,
                1,
                commits,
                "extract",
                "input",
                ids);
        Landing.write(frame(units), plan);
        return LandingManifests.write(plan, ids).get(0);
    }

    private Dataset<Row> frame(List<List<Access>> units) {
        SparkSession exactDates = spark.newSession();
        exactDates.conf().set("spark.sql.datetime.java8API.enabled", true);
        List<List<Row>> rows = new ArrayList<>();
        units.forEach(
                unit -> rows.add(new ArrayList<>(unit.stream().map(Access::wide).toList())));
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        return exactDates.createDataFrame(
                context.parallelize(rows, rows.size()).flatMap(List::iterator), WideRows.schema(List.of(COLUMNS)));
    }

    Publication publication(RunId run, long n, Optional<Long> previous, LandedTable table) {
        return publication(run, n, previous, table, Set.of(), Optional.empty());
    }

    Publication publication(
            RunId run,
            long n,
            Optional<Long> previous,
            LandedTable table,
            Set<String> rewritten,
            Optional<Deduplication> rule) {
        return new Publication(
                JOB, run, n, previous, List.of(), table, staging, folder(run), commits(run), rewritten, rule);
    }

    static List<String> texts(List<Access> accesses) {
        return accesses.stream().map(Access::text).sorted().toList();
    }
}
