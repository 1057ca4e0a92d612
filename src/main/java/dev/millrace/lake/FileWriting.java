package dev.millrace.lake;

import dev.millrace.config.CompactionSettings;
import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.lake.PageTask.Ending;
import dev.millrace.run.DataFile;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Writes planned files, each a unit of work: by a task that merges pages, else by Spark. What was written is read back
 * and held against what it was made of, column by column, before it is committed. May be stopped anywhere and repeated,
 * and done twice at once; what a file cannot be made of does not keep others from being written.
 *
 * @param table name in the manifests of what is written
 * @param source the storage that has the files
 * @param target the storage that gets the new ones
 * @param folder of the new files in it, with a trailing slash
 * @param commits of the units
 * @param phase whose units they are
 * @param settings how they are made
 */
public record FileWriting(
        String table,
        Storage source,
        Storage target,
        String folder,
        UnitCommits commits,
        String phase,
        CompactionSettings settings)
        implements Serializable {
    /** Facts of a unit. */
    private static final String REWRITTEN = "rewritten";

    /** Follows the attempt in a file's name. */
    static final String SUFFIX = ".parquet";

    /**
     * What became of each planned file, in their order.
     *
     * @throws dev.millrace.fault.Fault of kind WORLD when the target cannot be written to
     */
    public List<FileOutcome> write(SparkSession spark, List<PlannedFile> planned) {
        Map<PlannedFile, FileOutcome> outcomes = new LinkedHashMap<>();
        Map<PlannedFile, String> rewrites = new LinkedHashMap<>();
        List<PlannedFile> merges = new ArrayList<>();
        for (PlannedFile file : planned) {
            Optional<UnitManifest> done = commits.find(phase, unit(file));
            if (done.isPresent()) {
                outcomes.put(file, written(done.get()));
                continue;
            }
            Optional<String> why = whyRows(file);
            if (why.isEmpty()) {
                merges.add(file);
            } else {
                rewrites.put(file, why.get());
            }
        }
        for (Ending ending : merged(spark, merges)) {
            switch (ending.kind()) {
                case WRITTEN -> outcomes.put(ending.file(), found(ending.file()));
                case REFUSED -> rewrites.put(ending.file(), ending.detail());
                case FAILED -> outcomes.put(ending.file(), new FileOutcome.Failed(ending.detail()));
            }
        }
        if (settings.engine() == Engine.PAGES) {
            rewrites.forEach((file, why) -> outcomes.put(file, new FileOutcome.Refused(why)));
        } else {
            outcomes.putAll(new RowRewrite(this).write(spark, rewrites));
        }
        return planned.stream().map(outcomes::get).toList();
    }

    private List<Ending> merged(SparkSession spark, List<PlannedFile> files) {
        return files.isEmpty()
                ? List.of()
                : JavaSparkContext.fromSparkContext(spark.sparkContext())
                        .parallelize(files, files.size())
                        .map(new PageTask(this))
                        .collect();
    }

    /** Why it is not even tried to merge pages. */
    private Optional<String> whyRows(PlannedFile file) {
        if (settings.engine() == Engine.REWRITE) {
            return Optional.of("engine: rewrite");
        }
        if (!settings.sortBy().isEmpty()) {
            return Optional.of("sort-by: " + String.join(", ", settings.sortBy()));
        }
        return file.cutFile()
                .map(cut -> "rows of one row group of " + source.uri(cut.path()) + " come to different files");
    }

    /** The id of a planned file's unit. */
    String unit(PlannedFile file) {
        return file.id(phase + " " + settings.sortBy());
    }

    static String randomAttempt() {
        return UUID.randomUUID().toString().replace("-", "").substring(0, 8);
    }

    /** The path of a planned file up to the attempt. */
    String before(PlannedFile file) {
        return folder + file.partition() + unit(file) + "-";
    }

    /**
     * Commits what an attempt has written, unless another attempt was first: then its files are removed.
     *
     * @param rewritten as {@link FileOutcome.Written} says
     */
    FileOutcome.Written commit(PlannedFile file, String attempt, List<DataFile> files, String rewritten) {
        UnitManifest winner = commits.commit(new UnitManifest(
                UnitManifest.FORMAT,
                phase,
                unit(file),
                attempt,
                files,
                Map.of(),
                rewritten.isEmpty() ? Map.of() : Map.of(REWRITTEN, rewritten)));
        if (!winner.attempt().equals(attempt)) {
            target.delete(files.stream().map(DataFile::path).toList());
        }
        return written(winner);
    }

    private FileOutcome.Written found(PlannedFile file) {
        return written(commits.find(phase, unit(file))
                .orElseThrow(() -> new IllegalStateException("Unit " + unit(file) + " is not committed")));
    }

    private static FileOutcome.Written written(UnitManifest unit) {
        return new FileOutcome.Written(unit.files(), unit.facts().getOrDefault(REWRITTEN, ""));
    }
}
