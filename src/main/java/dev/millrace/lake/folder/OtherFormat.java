package dev.millrace.lake.folder;

import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Table formats that name their data files in a log of their own, and what they are known by. */
enum OtherFormat {
    DELTA(
            "a Delta table",
            "_delta_log/",
            Pattern.compile("(?:.*/)?_delta_log/.*"),
            "compact it by Delta's OPTIMIZE, as jobs with lake.publish: delta do"),
    ICEBERG(
            "an Iceberg table",
            "metadata/",
            Pattern.compile("(?:.*/)?metadata/[^/]*\\.metadata\\.json"),
            "compact it by Iceberg's own rewrite_data_files"),
    HUDI("a Hudi table", ".hoodie/", Pattern.compile("(?:.*/)?\\.hoodie/.*"), "compact it by Hudi's own clustering");

    private final String label;
    private final String folder;
    private final Pattern sign;
    private final String remedy;

    OtherFormat(String label, String folder, Pattern sign, String remedy) {
        this.label = label;
        this.folder = folder;
        this.sign = sign;
        this.remedy = remedy;
    }

    /** The format that a file is a sign of. */
    static Optional<OtherFormat> of(String path) {
        return of(format -> format.sign.matcher(path).matches());
    }

    /** The format of a table whose folder this is, whatever lies deeper in it. */
    static Optional<OtherFormat> ofTable(Storage folder) {
        return of(format -> {
            List<String> names = folder.names(format.folder);
            return names.stream()
                    .anyMatch(name -> format.sign.matcher(format.folder + name).matches());
        });
    }

    private static Optional<OtherFormat> of(Predicate<OtherFormat> isOne) {
        for (OtherFormat format : values()) {
            if (isOne.test(format)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** @param found what it was told by */
    Fault refusal(String found) {
        return Fault.user("Cannot compact files of " + label + " (" + found
                + "): its log names them, and readers would lose rows; " + remedy);
    }
}
