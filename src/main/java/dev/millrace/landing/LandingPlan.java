package dev.millrace.landing;

import dev.millrace.fault.Fault;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import dev.millrace.table.Codec;
import dev.millrace.table.FileFormat;
import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a task needs to write its unit. Serializable: tasks carry it.
 *
 * @param storage of the staging area
 * @param tables in the order of the wide rows' structs, computed columns resolved
 * @param format of every data file
 * @param codec of every data file
 * @param schemaVersion of the data-schema the tables come from
 * @param commits of the run
 * @param phase whose units are committed, by its label: {@code extract}
 * @param inputPhase label of the phase whose manifests say how many items each unit holds; empty where none does
 * @param units ids by Spark partition: partition p is unit p
 * @param bufferBytes what a task may hold in memory for all its open files together, besides about 3 KB per column
 * @param rollBytes a file larger than this is closed and the next one begun
 * @param grouped whether the rows of a unit come with those of one partition together; else Spark sorts them
 * @param hashed whether units note the hash of what they land, for a warehouse that is left alone by what it has
 */
public record LandingPlan(
        Storage storage,
        List<LandingTable> tables,
        FileFormat format,
        Codec codec,
        int schemaVersion,
        UnitCommits commits,
        String phase,
        String inputPhase,
        List<String> units,
        long bufferBytes,
        long rollBytes,
        boolean grouped,
        boolean hashed)
        implements Serializable {
    public static final long DEFAULT_BUFFER_BYTES = 64L << 20;
    public static final long DEFAULT_ROLL_BYTES = 512L << 20;

    public LandingPlan {
        tables = List.copyOf(tables);
        units = List.copyOf(units);
        if (format == FileFormat.CSV && codec == Codec.SNAPPY) {
            throw Fault.user("Invalid codec: snappy: CSV files take gzip, zstd or none");
        }
        if (bufferBytes <= 0 || rollBytes <= 0) {
            throw new IllegalArgumentException(
                    "Invalid sizes: buffer of " + bufferBytes + " bytes, files of " + rollBytes + " bytes");
        }
        Set<String> names = new HashSet<>();
        for (LandingTable table : tables) {
            if (!names.add(table.name().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("Two tables are named " + table.name());
            }
            // An only column that is null would be an empty line, which readers of CSV skip.
            if (format == FileFormat.CSV && table.landed().columns().size() < 2) {
                throw Fault.user("Invalid format: csv: table " + table.name() + " has one column; use parquet");
            }
        }
    }

    /** A plan with the default sizes. */
    public LandingPlan(
            Storage storage,
            List<LandingTable> tables,
            FileFormat format,
            Codec codec,
            int schemaVersion,
            UnitCommits commits,
            String phase,
            String inputPhase,
            List<String> units) {
        this(
                storage,
                tables,
                format,
                codec,
                schemaVersion,
                commits,
                phase,
                inputPhase,
                units,
                DEFAULT_BUFFER_BYTES,
                DEFAULT_ROLL_BYTES,
                false,
                false);
    }

    /** The same plan for other units, such as those that are not committed yet. */
    public LandingPlan withUnits(List<String> others) {
        return with(others, bufferBytes, rollBytes, grouped, hashed);
    }

    /** The same plan for rows that come with those of one partition together, so that nothing has to be sorted. */
    public LandingPlan withGroupedRows() {
        return with(units, bufferBytes, rollBytes, true, hashed);
    }

    /** The same plan with other bounds. */
    public LandingPlan withSizes(long newBufferBytes, long newRollBytes) {
        return with(units, newBufferBytes, newRollBytes, grouped, hashed);
    }

    /** The same plan, whose units note the hash of what they land. */
    public LandingPlan withHashes() {
        return with(units, bufferBytes, rollBytes, grouped, true);
    }

    private LandingPlan with(
            List<String> newUnits, long newBufferBytes, long newRollBytes, boolean newGrouped, boolean newHashed) {
        return new LandingPlan(
                storage,
                tables,
                format,
                codec,
                schemaVersion,
                commits,
                phase,
                inputPhase,
                newUnits,
                newBufferBytes,
                newRollBytes,
                newGrouped,
                newHashed);
    }

    /** The end of a data file's name, with its dot. */
    String suffix() {
        if (format == FileFormat.PARQUET) {
            return ".parquet";
        }
        return switch (codec) {
            case GZIP -> ".csv.gz";
            case ZSTD -> ".csv.zst";
            case NONE, SNAPPY -> ".csv";
        };
    }
}
