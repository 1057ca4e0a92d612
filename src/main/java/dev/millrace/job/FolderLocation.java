package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.lake.folder.FolderCompaction;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder that a command line names.
 *
 * @param location as it was given
 */
record FolderLocation(String location, StorageOptions options, Surroundings around) {
    private static final Pattern IN_BUCKET = Pattern.compile("(s3a?://[^/]+/)(.*)");

    Storage open() {
        return around.storages().apply(location, options);
    }

    /**
     * Refuses a folder that lies in a table of another format, as one of its partitions does.
     *
     * @throws Fault of kind USER that names the table
     */
    void requirePlain() {
        for (String above : above()) {
            try {
                FolderCompaction.requireNoTable(around.storages().apply(above, options));
            } catch (Fault fault) {
                // What may not be looked at tells nothing.
                if (fault.kind() == Fault.Kind.USER) {
                    throw fault;
                }
            }
        }
    }

    /** The folders that it lies in. */
    private List<String> above() {
        List<String> above = new ArrayList<>();
        Matcher bucket = IN_BUCKET.matcher(location);
        if (bucket.matches()) {
            String prefix = bucket.group(2);
            while (prefix.contains("/")) {
                prefix = prefix.substring(0, prefix.lastIndexOf('/'));
                above.add(bucket.group(1) + prefix + "/");
            }
            above.add(bucket.group(1));
            return above;
        }
        Optional<Path> local = open().localPath("_").map(Path::getParent);
        local.ifPresent(folder -> Stream.iterate(folder.getParent(), parent -> parent != null, Path::getParent)
                .forEach(parent -> above.add(parent.toString())));
        return above;
    }
}
