package dev.millrace.lake.parquet;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the footers of all sources say alike of their writer and in key-value pairs. Pairs that differ are left out, unless
 * readers go by them when they make values of bytes: then files cannot be merged.
 */
final class MergedNotes {
    private static final String SPARK_VERSION = "org.apache.spark.version";

    /** Readers go by them. Absent is a value of its own. */
    private static final List<String> TELLING = List.of(
            "org.apache.spark.sql.parquet.row.metadata",
            "org.apache.spark.legacyDateTime",
            "org.apache.spark.legacyINT96",
            "org.apache.spark.timeZone",
            "ARROW:schema");

    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*");
    private static final Pattern WRITER = Pattern.compile("^\\s*(\\S+).*", Pattern.DOTALL);
    private static final Pattern OLD_PARQUET_JAVA =
            Pattern.compile("^parquet-mr(?! version (1\\.([89]|\\d\\d)|[2-9])).*");

    private final String firstFile;
    private final Optional<String> createdBy;
    private final Map<String, String> notes;
    private final boolean hasInt96;

    MergedNotes(String file, FileMeta meta) {
        firstFile = file;
        createdBy = meta.createdBy();
        notes = new LinkedHashMap<>(meta.notes());
        hasInt96 = meta.schema().leaves().stream().anyMatch(leaf -> leaf.type() == PhysicalType.INT96);
        requireReadableByThemselves(file, meta);
    }

    void add(String file, FileMeta meta) {
        requireReadableByThemselves(file, meta);
        // Readers treat times of 96 bits by who wrote them.
        if (hasInt96 && !writer(createdBy).equals(writer(meta.createdBy()))) {
            throw differs(file, "writer", writer(createdBy), writer(meta.createdBy()));
        }
        for (String key : TELLING) {
            requireSame(
                    file,
                    key,
                    Optional.ofNullable(notes.get(key)),
                    Optional.ofNullable(meta.notes().get(key)));
        }
        requireSame(
                file,
                SPARK_VERSION,
                calendarOf(Optional.ofNullable(notes.get(SPARK_VERSION))),
                calendarOf(Optional.ofNullable(meta.notes().get(SPARK_VERSION))));
        notes.entrySet()
                .removeIf(note -> !note.getKey().equals(SPARK_VERSION)
                        && !note.getValue().equals(meta.notes().get(note.getKey())));
    }

    /** Pages of old parquet-java whose values refer to the page before. */
    private static void requireReadableByThemselves(String file, FileMeta meta) {
        if (meta.createdBy().map(by -> OLD_PARQUET_JAVA.matcher(by).matches()).orElse(false)) {
            throw new Refusal(
                    MergeOutcome.Reason.METADATA,
                    file + ": written by " + meta.createdBy().get());
        }
    }

    private void requireSame(String file, String key, Optional<String> here, Optional<String> there) {
        if (!here.equals(there)) {
            throw differs(file, key, here.orElse("absent"), there.orElse("absent"));
        }
    }

    private Refusal differs(String file, String key, String here, String there) {
        return new Refusal(
                MergeOutcome.Reason.METADATA,
                key + " differs: " + abridged(here) + " in " + firstFile + ", " + abridged(there) + " in " + file);
    }

    private static String abridged(String text) {
        return text.length() <= 80 ? text : text.substring(0, 77) + "...";
    }

    private static String writer(Optional<String> createdBy) {
        Matcher matcher = WRITER.matcher(createdBy.orElse("unknown"));
        return matcher.matches() ? matcher.group(1) : "unknown";
    }

    /** Since Spark 3.1 all versions mean the same by old dates and times. */
    private static Optional<String> calendarOf(Optional<String> version) {
        return version.map(text -> {
            Matcher parts = VERSION.matcher(text);
            boolean isNew = parts.matches()
                    && (parts.group(1).length() > 1
                            || parts.group(1).compareTo("3") > 0
                            || (parts.group(1).equals("3") && !parts.group(2).equals("0")));
            return isNew ? "3.1 or later" : text;
        });
    }

    /** The first file's writer: readers know the habits of writers, and the values are as that one wrote them. */
    Optional<String> createdBy() {
        return createdBy;
    }

    Map<String, String> notes() {
        return notes;
    }
}
