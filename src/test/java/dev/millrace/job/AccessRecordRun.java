package dev.millrace.job;

import dev.millrace.config.FileSource;
import dev.millrace.config.Job;
import dev.millrace.config.TableSettings;
import dev.millrace.files.Arrival;
import dev.millrace.files.Arrivals;
import dev.millrace.files.FileUnits;
import dev.millrace.files.FilesSource;
import dev.millrace.files.RecordFiles;
import dev.millrace.files.SourceFolder;
import dev.millrace.landing.ComputedColumns;
import dev.millrace.landing.Landing;
import dev.millrace.landing.LandingPlan;
import dev.millrace.landing.LandingTable;
import dev.millrace.run.JobStore;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import dev.millrace.schema.CensusFiles;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.ShredPlan;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.table.Codec;
import dev.millrace.table.FileFormat;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** One pass of {@code jobs/access-records.yaml} from files to landing, by the rooms that do it. */
final class AccessRecordRun {
    static final String JOB = "jobs/access-records.yaml";
    static final String KIND = "access_record";
    static final String READ = "read";

    private final Job job;
    private final Storage staging;
    private final RunStore run;
    private final List<PlannedUnit> units;
    private final RecordFiles records;
    private final ShredPlan shredding;

    /** A pass that shreds and keeps what the job file says. */
    AccessRecordRun(Path in, Path staging) {
        this(in, staging, open().job().table(KIND));
    }

    /** A pass with other settings of the table. */
    AccessRecordRun(Path in, Path staging, TableSettings table) {
        this.job = open().job();
        this.staging = Storages.open(staging.toString(), StorageOptions.DEFAULT);
        this.run = new JobStore(this.staging, job.name(), Clock.systemUTC(), new Random(1))
                .run(new RunId("2026-11-26T07-00-00Z-abcd"));
        Storage storage = Storages.open(in.toString(), StorageOptions.DEFAULT);
        FileSource source = (FileSource) job.source();
        List<Arrival> arrivals = storage.list("").stream()
                .map(file -> new Arrival(file, Arrival.Reason.NEW))
                .toList();
        FileUnits files = new FileUnits(this.staging, run.path("files/"));
        this.units = files.plan(
                source,
                new SourceFolder(storage, source.at(), source.names()),
                new Arrivals(arrivals, arrivals.size(), true, 0, Instant.EPOCH),
                Runtime.getRuntime().availableProcessors());
        this.records = new RecordFiles(storage, files, source.format(), source.limits());
        this.shredding =
                ShredPlan.ofRecords(DataSchema.ofRecords(), new KindRule.Single(KIND), Map.of(KIND, table), true);
    }

    static OpenJob open() {
        Surroundings around = new Surroundings(
                Path.of(System.getProperty("millrace.home")),
                Optional.empty(),
                name -> Optional.empty(),
                Clock.systemUTC(),
                new Random(1),
                Storages::open,
                Surroundings::warehouse);
        return OpenJob.load(JOB, Optional.empty(), Map.of(), around);
    }

    /** The wide rows, as they come from the files. */
    Dataset<Row> rows(SparkSession spark) {
        CensusTaker.Settings settings =
                CensusTaker.Settings.ofRecords(shredding.rule(), shredding.redactions(), BigDecimal.ONE);
        return FilesSource.rows(
                spark,
                new FilesSource.Read(
                        records, units, shredding, new CensusFiles(staging, "census/", settings), run.units(), READ));
    }

    /** Lands all files, in folders by the lake's partitions. */
    void land(SparkSession spark) {
        List<LandingTable> tables = ComputedColumns.resolve(
                spark,
                List.of(
                        LandingTable.main(
                                        shredding.tables().get(0).definition(),
                                        OpenJob.computed(job.table(KIND), KIND, JOB),
                                        "landing/" + KIND + "/")
                                .partitionedBy(job.lake().orElseThrow().partitionBy()),
                        LandingTable.quarantine(FilesSource.QUARANTINE, "landing/_quarantine/")));
        LandingPlan plan = new LandingPlan(
                staging,
                tables,
                FileFormat.PARQUET,
                Codec.ZSTD,
                1,
                run.units(),
                "extract",
                READ,
                units.stream().map(PlannedUnit::id).toList());
        Landing.write(ComputedColumns.withComputedColumns(rows(spark), tables), plan);
    }

    /** What was landed of the table. */
    TableCounts counts() {
        return run.units().committed("extract").stream()
                .map(unit -> unit.counts().get(KIND))
                .reduce(TableCounts.NONE, TableCounts::plus);
    }
}
