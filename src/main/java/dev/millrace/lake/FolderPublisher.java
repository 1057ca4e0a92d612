package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.PartitionPath;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import dev.millrace.table.Column;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plain Parquet in folders that grow. Each file is seen whole or not at all; between the first and the last file of a
 * commit readers see a part of it. Files whose rows others stand for are replaced one by one under their own names,
 * after the new rows are there: for that moment readers see both.
 *
 * <p>{@code _published/<n>.json} in the table's folder, which readers of Parquet pass over, says that commit n is
 * whole.
 */
public final class FolderPublisher implements Publisher {
    private static final Logger LOG = LoggerFactory.getLogger(FolderPublisher.class);
    private static final String PUBLISHED = "_published/";
    private static final String SUFFIX = ".parquet";
    private static final String PHASE = "publish";
    private static final int TRIES = 20;

    private final SparkSession spark;
    private final Storage lake;
    private final String folder;

    /**
     * @param lake storage that has the table's folder
     * @param folder of the table in it, with a trailing slash
     */
    public FolderPublisher(SparkSession spark, Storage lake, String folder) {
        this.spark = spark;
        this.lake = lake;
        this.folder = folder;
    }

    @Override
    public Published publish(Publication publication) {
        for (int tries = 1; ; tries++) {
            Optional<Published> before = PublishedFile.find(lake, mark(publication.n()), publication);
            if (before.isPresent()) {
                return before.get();
            }
            requirePrevious(publication);
            stopGivenUp(publication);
            requireSamePartitions(lake, folder, publication.table().partitions());
            List<DataFile> present = Change.needsPresent(publication) ? present(publication) : List.of();
            try {
                return publish(publication, present);
            } catch (Exception failure) { // Spark throws exceptions that are checked and that nobody declares.
                // Two attempts at once replace the same files by the same ones, and one may read them meanwhile.
                if (tries == TRIES || present.stream().allMatch(this::isUnchanged)) {
                    throw LakeFailure.told("Cannot publish to " + lake.uri(folder), failure);
                }
                LOG.info("Table {}: another attempt replaces its files, once more", lake.uri(folder));
            }
        }
    }

    private boolean isUnchanged(DataFile file) {
        return lake.stat(file.path())
                .filter(now -> now.etag().equals(file.etag()))
                .isPresent();
    }

    private void requirePrevious(Publication publication) {
        publication.previous().ifPresent(previous -> {
            if (lake.stat(mark(previous)).isEmpty()) {
                throw Fault.world("Commit " + previous + " is not in table " + lake.uri(folder)
                        + " yet: it has to be published before commit " + publication.n());
            }
        });
    }

    /** An attempt of a run that was given up, and stood still since, brings nothing more once its commit is marked. */
    private void stopGivenUp(Publication publication) {
        Published nothing = new Published(0, 0, 0, 0, lake.uri(folder), false);
        publication.givenUp().forEach(n -> PublishedFile.put(lake, mark(n), publication, nothing));
    }

    /** The table as it was: files that an earlier attempt brought are new ones. */
    private List<DataFile> present(Publication publication) {
        Set<String> ours = new HashSet<>();
        publication.table().files().forEach(file -> ours.add(LakePath.name(file.path())));
        publication
                .commits()
                .committed(PHASE)
                .forEach(unit -> unit.files().forEach(file -> ours.add(LakePath.name(file.path()))));
        List<DataFile> present = new ArrayList<>();
        for (StoredFile file : files()) {
            if (!ours.contains(LakePath.name(file.path()))) {
                present.add(new DataFile("", file.path(), file.bytes(), 0, file.etag()));
            }
        }
        return present;
    }

    private Published publish(Publication publication, List<DataFile> present) {
        LandedTable table = publication.table();
        TableFiles target = new TableFiles(lake, folder, table.definition().columns(), table.partitions());
        Change change = Change.plan(spark, publication, target, present, PHASE + "@" + publication.n());

        List<BooleanSupplier> steps = new ArrayList<>();
        change.fresh().forEach(file -> steps.add(() -> bring(publication, file)));
        change.replacements().forEach(file -> steps.add(() -> replace(publication, file)));
        if (!steps.stream().allMatch(BooleanSupplier::getAsBoolean)) {
            return PublishedFile.find(lake, mark(publication.n()), publication).orElseThrow();
        }
        Published published = new Published(
                change.rows(),
                change.duplicates(),
                change.replaced(),
                change.fresh().size(),
                lake.uri(folder),
                false);
        PublishedFile.put(lake, mark(publication.n()), publication, published);
        return published;
    }

    /**
     * Whether another attempt has published this commit meanwhile: then later ones may have changed what it brought,
     * and an attempt that stood still must not bring it back.
     */
    private boolean isPublished(Publication publication) {
        return lake.stat(mark(publication.n())).isPresent();
    }

    /** Returns false, and does nothing, once the commit is published. */
    private boolean bring(Publication publication, DataFile file) {
        if (isPublished(publication)) {
            return false;
        }
        String below = PartitionPath.below(publication.table().partitions(), file.path());
        lake.bring(publication.staging(), file.path(), folder + below);
        return true;
    }

    /**
     * A file that held rows that go gets its other rows under its own name, or goes itself where none are left. Returns
     * false, and does nothing, once the commit is published.
     */
    private boolean replace(Publication publication, Rewrite.Rewritten rewritten) {
        String path = rewritten.touched().path();
        if (rewritten.written().size() > 1) {
            throw Fault.world("Rows of " + lake.uri(path) + " cannot be replaced in place: the others make "
                    + rewritten.written().size() + " files");
        }
        if (rewritten.written().isEmpty()) {
            // Its name never comes again.
            lake.delete(List.of(path));
            return true;
        }
        return overwrite(publication, rewritten.written().get(0).path(), path);
    }

    private boolean overwrite(Publication publication, String from, String path) {
        try (InputStream in = publication.staging().open(from);
                Upload upload = lake.create(path)) {
            in.transferTo(upload.stream());
            if (isPublished(publication)) {
                return false;
            }
            upload.commit();
            return true;
        } catch (IOException e) {
            throw Fault.world("Cannot replace " + lake.uri(path) + ": " + e.getMessage(), e);
        }
    }

    /**
     * Refuses rows whose files would lie in other folders than those that are there.
     *
     * @param folder of the table, with a trailing slash
     * @throws Fault of kind USER
     */
    static void requireSamePartitions(Storage lake, String folder, List<Column> partitions) {
        List<String> wanted = partitions.stream().map(Column::name).toList();
        partitionsOf(lake, folder).filter(there -> !there.equals(wanted)).ifPresent(there -> {
            throw LakeTable.otherPartitions(wanted, lake.uri(folder), there);
        });
    }

    /** The columns in the names of the folders that lead to one of the files; empty where there is none. */
    private static Optional<List<String>> partitionsOf(Storage lake, String folder) {
        List<String> columns = new ArrayList<>();
        for (String at = folder; ; ) {
            List<String> names = lake.names(at).stream()
                    .filter(name -> !name.startsWith("_") || name.contains("="))
                    .filter(name -> name.endsWith("/") || name.endsWith(SUFFIX))
                    .toList();
            if (names.isEmpty()) {
                return Optional.empty();
            }
            String first = names.get(0);
            if (!first.endsWith("/")) {
                return Optional.of(columns);
            }
            columns.add(first.substring(0, Math.max(0, first.indexOf('='))));
            at += first;
        }
    }

    private List<StoredFile> files() {
        return lake.list(folder).stream()
                .filter(file -> file.path().endsWith(SUFFIX)
                        && !file.path().substring(folder.length()).startsWith("_"))
                .toList();
    }

    private String mark(long n) {
        return mark(folder, n);
    }

    private static String mark(String folder, long n) {
        return folder + PUBLISHED + "%010d.json".formatted(n);
    }

    /** Whether a commit is whole in a table. */
    static boolean holds(Storage lake, String folder, long n) {
        return lake.stat(mark(folder, n)).isPresent();
    }
}
