package dev.millrace.landing;

import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Sha256;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a run has landed, told by the bytes that hold its rows, whatever the files are named: runs that bring the same have the
 * same fingerprint. Equal rows of a unit in an equal order make equal bytes; not so the footers of Parquet, in which its
 * library writes sets in an order that each process has for itself.
 */
public final class LandedContent {
    /** In the manifest of a unit: the hash of its files, but for those in quarantine. Empty where it has none. */
    private static final String FACT = "content";

    private LandedContent() {}

    /** A file of a unit. */
    static String file(String table, long rows, String hash) {
        return table + " " + rows + " " + hash;
    }

    static Map<String, String> facts(List<String> files) {
        return Map.of(FACT, files.isEmpty() ? "" : hash(files));
    }

    /** The fingerprint of all units of a run; empty where an earlier version has written one and noted no hash. */
    public static Optional<String> fingerprint(List<UnitManifest> units) {
        List<String> hashes = new ArrayList<>();
        for (UnitManifest unit : units) {
            String hash = unit.facts().get(FACT);
            if (hash == null) {
                return Optional.empty();
            }
            if (!hash.isEmpty()) {
                hashes.add(hash);
            }
        }
        return Optional.of(hash(hashes));
    }

    private static String hash(List<String> lines) {
        return Sha256.hex(String.join("\n", lines.stream().sorted().toList()));
    }
}
