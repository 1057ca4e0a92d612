package dev.millrace.files;

import dev.millrace.config.FileSource.Format;
import dev.millrace.config.FileSource.Limits;
import dev.millrace.run.DataFile;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.CountedUnits;
import dev.millrace.storage.Storage;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The files of a run's units, as records; tasks carry it.
 *
 * @param storage of the files
 * @param units which files each unit reads
 * @param format of the files
 * @param limits that they must keep to
 */
public record RecordFiles(Storage storage, UnitFiles units, Format format, Limits limits) implements CountedUnits {
    /** What a unit's manifest calls its files. */
    static final String TABLE = "_file";

    @Override
    public long count(PlannedUnit unit, CensusTaker taker) {
        long rows = 0;
        int file = -1;
        try (Reading reading = new Reading(unit)) {
            for (RecordReader.Met met = reading.next(); met != RecordReader.Met.END; met = reading.next()) {
                rows++;
                if (met == RecordReader.Met.RECORD) {
                    if (file != reading.file()) {
                        file = reading.file();
                        taker.file(reading.uri());
                    }
                    taker.add(reading.records().tape());
                }
            }
        }
        return rows;
    }

    /**
     * How many records, bad ones included, the files have that a phase's units read, by path.
     *
     * @param phase under which {@link FilesSource.Read#phase} the units were read
     */
    public static Map<String, Long> rows(UnitCommits commits, String phase) {
        Map<String, Long> rows = new TreeMap<>();
        commits.committed(phase).stream()
                .flatMap(unit -> unit.files().stream())
                .filter(file -> file.table().equals(TABLE))
                .forEach(file -> rows.merge(file.path(), file.rows(), Long::sum));
        return rows;
    }

    /**
     * Why files that a phase's units read could not be read to their end, by path. What is missing of them is in no table
     * and not in quarantine.
     *
     * @param phase as in {@link #rows}
     */
    public static Map<String, String> damaged(UnitCommits commits, String phase) {
        Map<String, String> damaged = new TreeMap<>();
        commits.committed(phase).forEach(unit -> damaged.putAll(unit.facts()));
        return damaged;
    }

    /** The records of a unit's files one after another. */
    final class Reading implements Closeable {
        private final List<UnitFiles.Entry> entries;
        private final List<DataFile> done = new ArrayList<>();
        private final Map<String, String> damaged = new TreeMap<>();
        private int file = -1;
        private RecordReader records;
        private long rows;

        Reading(PlannedUnit unit) {
            this.entries = units.of(unit);
        }

        /** Goes on, from a file to the next one. */
        RecordReader.Met next() {
            while (true) {
                if (records != null) {
                    RecordReader.Met met = records.next();
                    if (met != RecordReader.Met.END) {
                        rows++;
                        return met;
                    }
                    end();
                }
                if (file + 1 == entries.size()) {
                    return RecordReader.Met.END;
                }
                UnitFiles.Entry entry = entries.get(++file);
                rows = 0;
                records = entry.refused().isEmpty()
                        ? FileRecords.open(storage, entry.part(), format, limits)
                        : new NoRecords(new UnreadableFile(entry.refused(), new byte[0]));
            }
        }

        private void end() {
            UnitFiles.Entry entry = entries.get(file);
            FilePart part = entry.part();
            records.close();
            String damage = records.damage();
            if (entry.refused().isEmpty() && !damage.isEmpty()) {
                damaged.put(part.path(), damage);
            } else if (!entry.md5().isEmpty()) {
                FileRecords.md5Difference(storage, part, entry.md5()).ifPresent(why -> damaged.put(part.path(), why));
            }
            boolean wasRead = entry.refused().isEmpty() && !(records instanceof NoRecords);
            records = null;
            if (wasRead) {
                FileRecords.requireUnchanged(storage, part);
            }
            done.add(new DataFile(TABLE, part.path(), part.to() - part.from(), rows, part.etag()));
        }

        RecordReader records() {
            return records;
        }

        /** Number of the file or part in the unit. */
        int file() {
            return file;
        }

        FilePart part() {
            return entries.get(file).part();
        }

        String uri() {
            return storage.uri(part().path());
        }

        /** The files that were read to their end, with how many records, bad ones included, they have. */
        List<DataFile> done() {
            return done;
        }

        /** Why files could not be read to their end, by path. */
        Map<String, String> damaged() {
            return damaged;
        }

        @Override
        public void close() {
            if (records != null) {
                records.close();
            }
        }
    }
}
