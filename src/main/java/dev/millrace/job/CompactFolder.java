package dev.millrace.job;

import dev.millrace.config.ByteSize;
import dev.millrace.config.CompactionSettings;
import dev.millrace.fault.Fault;
import dev.millrace.lake.S3a;
import dev.millrace.lake.folder.FolderCompaction;
import dev.millrace.lake.folder.FolderRecord;
import dev.millrace.lake.folder.NewFiles;
import dev.millrace.run.Json;
import dev.millrace.storage.S3Encryption;
import dev.millrace.storage.S3Location;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Compacts a folder of plain Parquet that somebody else wrote; also an entry point of its own, for a cluster. */
@Command(
        name = "compact",
        description = "Makes few files of the many in a folder of plain Parquet, in place and partition by partition.",
        mixinStandardHelpOptions = true)
public final class CompactFolder implements Callable<Integer> {
    private static final List<String> JOB_FILES = List.of(".yaml", ".yml");

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "PATH",
            description =
                    "The folder: local, or s3://bucket/prefix/. Or a job file: then the Delta tables that its runs"
                            + " have published, by Delta's OPTIMIZE and of lake.file-size.")
    private Optional<String> path = Optional.empty();

    @Option(
            names = "--path",
            paramLabel = "PATH",
            description = "The folder, for platforms that pass named arguments only.")
    private Optional<String> namedPath = Optional.empty();

    @Option(
            names = "--partition-by",
            paramLabel = "COLUMN",
            split = ",",
            description = "The columns that the folders are partitioned by, from the outermost: a file that lies"
                    + " otherwise is an error. Left out: whatever folders there are. It moves no row.")
    private List<String> partitionBy = List.of();

    @Option(
            names = "--file-size",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "About how big files are to be (default: 128MB).")
    private ByteSize fileSize = new ByteSize(128L << 20);

    @Option(
            names = "--engine",
            paramLabel = "auto|pages|rewrite",
            description = "auto: merges pages where they can be, else reads and writes rows; pages: refuses where they"
                    + " cannot; rewrite: rows (default: auto).")
    private CompactionSettings.Engine engine = CompactionSettings.Engine.AUTO;

    @Option(
            names = "--sort-by",
            paramLabel = "COLUMN",
            split = ",",
            description = "Sorts the rows of each new file by these columns, which reads and writes them.")
    private List<String> sortBy = List.of();

    @Option(names = "--dry-run", description = "Shows what would be done and writes nothing.")
    private boolean isDryRun;

    @Option(
            names = "--record",
            paramLabel = "FOLDER",
            description =
                    "Where a record of all partitions is kept, local or in S3: files, bytes and rows before and after.")
    private Optional<String> recordAt = Optional.empty();

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description = "A server that speaks S3 but is not Amazon's, for example http://127.0.0.1:9000.")
    private String endpoint = "";

    @Option(
            names = "--env",
            paramLabel = "NAME",
            converter = EnvConverter.class,
            description = "With a JOB: lays conf/NAME.yaml under the job file.")
    private Optional<String> env = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "With a JOB: sets $${arg:KEY} of the job file; may be repeated.")
    private Map<String, String> jobArguments = Map.of();

    @Option(names = "--region", paramLabel = "REGION", description = "Region of the bucket (default: the machine's).")
    private String region = "";

    @Option(names = "--path-style", description = "The bucket stands in the path and not in the host's name.")
    private boolean pathStyle;

    @Option(
            names = "--encryption",
            paramLabel = "sse-s3|sse-kms",
            converter = EncryptionConverter.class,
            description = "How S3 is asked to encrypt each new file (default: as the bucket does by itself).")
    private S3Encryption encryption = S3Encryption.BY_BUCKET;

    @Option(
            names = "--kms-key",
            paramLabel = "KEY",
            description = "The key of sse-kms (default: the one that AWS keeps for S3 in the account).")
    private String kmsKey = "";

    @Option(
            names = "--owner",
            paramLabel = "ACCOUNT",
            description = "The account that has to own the bucket; S3 refuses where it is another's.")
    private Optional<String> owner = Optional.empty();

    @Spec
    private CommandSpec command;

    private final Surroundings around;

    public CompactFolder() {
        this(Surroundings.ofProcess());
    }

    CompactFolder(Surroundings around) {
        this.around = around;
    }

    public static void main(String[] arguments) {
        Millrace.enter(new CompactFolder(), arguments);
    }

    @Override
    public Integer call() {
        long start = System.nanoTime();
        Optional<String> job = path.filter(CompactFolder::isJobFile).filter(file -> !file.contains("://"));
        if (job.isPresent()) {
            OpenJob open = OpenJob.load(job.get(), env, jobArguments, around);
            new TableCompaction(open).run(command.commandLine().getOut());
            return 0;
        }
        String folder = folder();
        StorageOptions options = options(folder);
        FolderLocation location = new FolderLocation(folder, options, around);
        location.requirePlain();
        Storage storage = location.open();
        FolderRecord record = compact(storage, options);
        Optional<String> kept = recordAt.filter(place -> !isDryRun).map(place -> keep(record, place, options));
        FolderReport report = new FolderReport(
                command.commandLine().getOut(), command.commandLine().getErr());
        return report.print(record, Duration.ofNanos(System.nanoTime() - start), kept);
    }

    private StorageOptions options(String folder) {
        if (!kmsKey.isEmpty() && encryption != S3Encryption.SSE_KMS) {
            throw mistake("Invalid --kms-key: " + kmsKey + ": it has no effect without --encryption sse-kms");
        }
        Map<String, String> owners =
                owner.map(account -> Map.of(bucket(folder), account)).orElse(Map.of());
        return new StorageOptions(endpoint, region, pathStyle, encryption, kmsKey, owners);
    }

    private String bucket(String folder) {
        return S3Location.parse(folder)
                .map(S3Location::bucket)
                .orElseThrow(() -> mistake("Invalid --owner: " + owner.orElseThrow() + ": " + folder
                        + " is not in S3, where buckets have owners"));
    }

    private String keep(FolderRecord record, String place, StorageOptions options) {
        Storage records = around.storages().apply(place, options);
        String path = record.compaction() + ".json";
        records.put(path, Json.write(record));
        return records.uri(path);
    }

    private FolderRecord compact(Storage storage, StorageOptions options) {
        CompactionSettings settings = new CompactionSettings(engine, sortBy);
        if (engine != CompactionSettings.Engine.PAGES) {
            S3a.require("PATH", storage);
        }
        try (Sparks spark = new Sparks("compact", session -> S3a.configure(session, storage, options));
                FolderProgress progress = new FolderProgress()) {
            FolderCompaction compaction = new FolderCompaction(
                    storage,
                    partitionBy.isEmpty() ? Optional.empty() : Optional.of(partitionBy),
                    new NewFiles(storage, fileSize.bytes(), settings, spark),
                    new FolderCompaction.Worker(
                            ThisProcess.name(), ThisProcess::isDead, around.clock(), around.random()),
                    progress);
            return isDryRun ? compaction.plan() : compaction.run();
        }
    }

    private String folder() {
        if (path.isPresent() && namedPath.isPresent()) {
            throw mistake("PATH is given twice: " + path.get() + " and --path " + namedPath.get());
        }
        String folder = path.or(() -> namedPath)
                .orElseThrow(
                        () -> mistake("Missing PATH: name a folder of Parquet files, for example s3://acme/orders/"));
        if (isJobFile(folder)) {
            throw Fault.user(
                    folder + " is a job file, which is no folder of Parquet files, and has to lie on the local disk");
        }
        if (engine == CompactionSettings.Engine.PAGES && !sortBy.isEmpty()) {
            throw mistake("Invalid --sort-by: " + String.join(",", sortBy)
                    + ": --engine pages keeps rows in their order;" + " leave one of the two out");
        }
        return folder;
    }

    private static boolean isJobFile(String path) {
        return JOB_FILES.stream().anyMatch(path::endsWith);
    }

    private ParameterException mistake(String message) {
        return new ParameterException(command.commandLine(), message);
    }

    private static final class EncryptionConverter implements ITypeConverter<S3Encryption> {
        @Override
        public S3Encryption convert(String value) {
            return switch (value) {
                case "sse-s3" -> S3Encryption.SSE_S3;
                case "sse-kms" -> S3Encryption.SSE_KMS;
                default ->
                    throw new TypeConversionException("Invalid --encryption: " + value + ": must be sse-s3 or sse-kms");
            };
        }
    }

    private static final class SizeConverter implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String value) {
            return ByteSize.parse(value)
                    .orElseThrow(
                            () -> new TypeConversionException("Invalid --file-size: " + value + ": " + ByteSize.RULE));
        }
    }
}
