package dev.millrace.dynamodb;

import dev.millrace.run.JobStore;
import dev.millrace.run.ReadAccounts;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A run's folder for tests of the spool. */
record Runs(Storage storage, UnitCommits commits, ReadAccounts reads) {
    static final String FOLDER = "job/runs/r/spool/AWSDynamoDB/r/";

    static Runs at(Path root) {
        Storage storage = Storages.open(root.toString(), StorageOptions.DEFAULT);
        RunStore run = new JobStore(storage, "job", Clock.systemUTC(), new Random(1))
                .run(new RunId("2026-11-21T07-00-00Z-abcd"));
        return new Runs(storage, run.units(), run.reads());
    }

    Spool spool(TableAccess access, List<String> keys) {
        return spool(access, keys, SpoolKey.NONE);
    }

    Spool spool(TableAccess access, List<String> keys, SpoolKey key) {
        TableScan table = new TableScan(access, keys, SegmentScanTest.UNLIMITED, reads);
        return new Spool(storage, FOLDER, commits, table, key, SegmentScanTest.SHORT);
    }

    List<String> spoolFiles() {
        return storage.list(FOLDER).stream().map(StoredFile::path).toList();
    }

    /** The items of a unit, verbatim; each line must hold one. */
    static List<String> items(Spool spool, UnitManifest spooled) {
        List<String> items = new ArrayList<>();
        try (SpoolReader reader = spool.open(spooled)) {
            while (reader.next()) {
                if (!reader.wellFormed()) {
                    throw new AssertionError("Line " + reader.line() + " holds no item");
                }
                items.add(new String(reader.buffer(), reader.offset(), reader.length(), StandardCharsets.UTF_8));
            }
        }
        return items;
    }
}
