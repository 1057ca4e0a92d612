package dev.millrace.lake;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.run.DataFile;
import dev.millrace.run.RunId;
import dev.millrace.storage.Storage;
import dev.millrace.storage.Versioned;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;

/**
 * Snapshots as plain Parquet. Each commit is a folder of its own, {@code <table>_2026_11_21_07_00_00/}; when it is whole,
 * the pointer {@code <table>_current.json} is switched to it, and on a local disk the symbolic link {@code <table>} too.
 * The pointer never goes back to an earlier commit.
 */
public final class VersionedPublisher implements Publisher {
    private static final DateTimeFormatter START =
            DateTimeFormatter.ofPattern("yyyy_MM_dd_HH_mm_ss").withZone(ZoneOffset.UTC);
    private static final String RUN = "_run.json";
    private static final int TRIES = 100;

    private final SparkSession spark;
    private final Storage lake;
    private final String table;
    private final int keep;
    private final Inspection inspection;

    /**
     * A version that readers see.
     *
     * @param run that published it
     * @param folder of its files in the lake's storage, with a trailing slash
     */
    public record Version(RunId run, String folder) {}

    /** The current version of a table; empty before the first. */
    public static Optional<Version> current(Storage lake, String table) {
        String pointer = table + "_current.json";
        return lake.find(pointer).map(file -> {
            JsonNode json = PublishedFile.read(lake, pointer, file);
            return new Version(
                    new RunId(json.path("run").asText()), json.path("folder").asText());
        });
    }

    /** Looks at a version that is written whole, before any reader is switched to it. */
    public interface Inspection {
        /**
         * Returns when the version may be seen, else throws.
         *
         * @param folder of the version in the lake's storage, with a trailing slash
         * @param duplicates rows that were left out because another stands for them
         */
        void inspect(String folder, long duplicates);
    }

    /** Without an inspection. Parameters are as below. */
    public VersionedPublisher(SparkSession spark, Storage lake, String table, int keep) {
        this(spark, lake, table, keep, (folder, duplicates) -> {});
    }

    /**
     * @param lake storage that has the folders
     * @param table name of the table in it
     * @param keep how many versions stay, the current among them; at least 1
     * @param inspection of each version
     */
    public VersionedPublisher(SparkSession spark, Storage lake, String table, int keep, Inspection inspection) {
        if (keep < 1) {
            throw new IllegalArgumentException("Invalid versions.keep: " + keep + ": must be at least 1");
        }
        this.spark = spark;
        this.lake = lake;
        this.table = table;
        this.keep = keep;
        this.inspection = inspection;
    }

    /** A snapshot is all there is: {@code previous}, {@code rewritten} and a comparison with the table mean nothing. */
    @Override
    public Published publish(Publication publication) {
        try {
            return published(publication);
        } catch (Exception failure) { // Spark throws exceptions that are checked and that nobody declares.
            throw LakeFailure.told("Cannot publish to " + lake.uri(table), failure);
        }
    }

    private Published published(Publication publication) {
        Optional<JsonNode> current = current().map(this::read);
        if (current.isPresent() && current.get().path("commit").asLong() >= publication.n()) {
            link();
            return replacedBy(publication, current.get());
        }
        LandedTable landed = publication.table();
        String folder = folder(publication.run());
        claim(folder, publication.run());
        TableFiles none = new TableFiles(lake, folder, landed.definition().columns(), landed.partitions());
        Change change = Change.plan(spark, publication.asSnapshot(), none, List.of(), "version");
        for (DataFile file : change.fresh()) {
            lake.bring(
                    publication.staging(), file.path(), folder + PartitionPath.below(landed.partitions(), file.path()));
        }
        inspection.inspect(folder, change.duplicates());
        Published published = new Published(
                change.rows(), change.duplicates(), 0, change.fresh().size(), lake.uri(folder), false);
        point(publication, published, folder);
        link();
        removeOld();
        return published;
    }

    /** What the pointer says: this commit, or a later one that makes this one needless. */
    private static Published replacedBy(Publication publication, JsonNode current) {
        if (current.path("commit").asLong() > publication.n()) {
            throw Fault.superseded(
                    "Run " + publication.run() + ", commit " + publication.n() + ", comes too late: commit "
                            + current.path("commit").asLong() + " of table "
                            + publication.table().name()
                            + " is published. Nothing is lost: that snapshot is newer");
        }
        return PublishedFile.published(current);
    }

    private String folder(RunId run) {
        return table + "_" + START.format(run.start()) + "/";
    }

    private void claim(String folder, RunId run) {
        byte[] mine = ("{\"format\":1,\"run\":\"" + run + "\"}").getBytes(StandardCharsets.UTF_8);
        if (!lake.putIfAbsent(folder + RUN, mine)) {
            String owner = lake.find(folder + RUN).map(Versioned::utf8).orElse("");
            if (!owner.equals(new String(mine, StandardCharsets.UTF_8))) {
                throw Fault.world("Folder " + lake.uri(folder) + " is of another run: " + owner);
            }
        }
    }

    private String pointer() {
        return table + "_current.json";
    }

    private Optional<Versioned> current() {
        return lake.find(pointer());
    }

    private JsonNode read(Versioned file) {
        return PublishedFile.read(lake, pointer(), file);
    }

    private void point(Publication publication, Published published, String folder) {
        byte[] mine = PublishedFile.bytes(publication, published, folder);
        for (int tries = 1; tries <= TRIES; tries++) {
            Optional<Versioned> current = current();
            if (current.isEmpty()) {
                if (lake.putIfAbsent(pointer(), mine)) {
                    return;
                }
            } else {
                long commit = read(current.get()).path("commit").asLong();
                if (commit == publication.n()) {
                    return;
                }
                if (commit > publication.n()) {
                    replacedBy(publication, read(current.get()));
                }
                if (lake.compareAndPut(pointer(), current.get().etag(), mine).isPresent()) {
                    return;
                }
            }
        }
        throw Fault.world("Pointer " + lake.uri(pointer()) + " is changed by others all the time");
    }

    /** Sets the link until it is as the pointer: whoever sets it last has looked at the pointer after that. */
    private void link() {
        Optional<Path> link = lake.localPath(table);
        if (link.isEmpty()) {
            return;
        }
        try {
            for (int tries = 1; tries <= TRIES; tries++) {
                String folder = read(current().orElseThrow()).path("folder").asText();
                Path target = Path.of(folder.substring(0, folder.length() - 1));
                if (Files.isSymbolicLink(link.get())
                        && Files.readSymbolicLink(link.get()).equals(target)) {
                    return;
                }
                if (Files.exists(link.get()) && !Files.isSymbolicLink(link.get())) {
                    throw Fault.user("Invalid table " + lake.uri(table)
                            + ": it is a folder, where the link to the current version is to be: move it away");
                }
                Path temporary = link.get().resolveSibling(".~" + UUID.randomUUID());
                Files.createSymbolicLink(temporary, target);
                Files.move(temporary, link.get(), StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (FileSystemException | UnsupportedOperationException e) {
            throw Fault.world("Cannot link " + lake.uri(table) + " to the current version: " + e.getMessage(), e);
        } catch (IOException e) {
            throw Fault.world("Cannot link " + lake.uri(table) + ": " + e.getMessage(), e);
        }
    }

    /** Never the current version; nor one that is later, which somebody may be writing. */
    private void removeOld() {
        String current = read(current().orElseThrow()).path("folder").asText();
        Pattern version = Pattern.compile(Pattern.quote(table) + "_\\d{4}(_\\d{2}){5}/");
        List<String> older = new ArrayList<>(lake.names("").stream()
                .filter(name -> version.matcher(name).matches() && name.compareTo(current) < 0)
                .toList());
        int gone = older.size() - (keep - 1);
        for (int i = 0; i < gone; i++) {
            List<String> paths = new ArrayList<>();
            lake.list(older.get(i)).forEach(file -> paths.add(file.path()));
            lake.delete(paths);
        }
    }
}
