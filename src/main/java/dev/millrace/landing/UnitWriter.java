package dev.millrace.landing;

import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.write.DataWriter;
import org.apache.spark.sql.connector.write.WriterCommitMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt at one unit: rows to the files of their tables, then the unit's manifest. Of any number of attempts the
 * first to put its manifest wins; the files of the others are deleted.
 */
final class UnitWriter implements DataWriter<InternalRow> {
    private static final Logger LOG = LoggerFactory.getLogger(UnitWriter.class);
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final SecureRandom RANDOM = new SecureRandom();

    /** A unit's manifest lists beside its data the census, whose rows are no items. */
    private static final String CENSUS = "_census";

    /** The task is done; Spark carries it to the driver, which has no use for it. */
    private record Done(String unit) implements WriterCommitMessage {}

    /** What one table has written in this attempt. */
    private static final class TableState {
        final LandingTable table;
        final dev.millrace.table.TableDefinition landed;
        final int structFields;
        final int kindTable;
        final PartitionKey partition;
        DataFileWriter open;
        Optional<HashedUpload> hashed = Optional.empty();
        String openPath;
        long openRows;
        int files;
        long rows;
        long rescued;
        long expired;
        long duplicates;

        TableState(LandingTable table) {
            this.table = table;
            landed = table.landed();
            structFields = table.wideColumns().size();
            partition = new PartitionKey(table.partitions(), table.partitionPositions());
            kindTable = table.quarantine()
                    ? table.definition()
                            .columns()
                            .indexOf(table.definition()
                                    .column(LandingTable.KIND_TABLE)
                                    .orElseThrow())
                    : -1;
        }
    }

    private final LandingPlan plan;
    private final String unit;
    private final String attempt;
    private final boolean isCommitted;
    private final long started = System.nanoTime();
    private final List<TableState> tables = new ArrayList<>();
    private final Map<String, Long> quarantined = new HashMap<>();
    private final List<DataFile> files = new ArrayList<>();
    private final List<String> content = new ArrayList<>();
    private final CodecFactory codecs = ParquetDataFile.codecs();
    private final long checkBytes;
    private long uncheckedBytes;
    private boolean manifestIsSent;

    UnitWriter(LandingPlan plan, String unit) {
        this(plan, unit, randomAttempt());
    }

    UnitWriter(LandingPlan plan, String unit, String attempt) {
        this.plan = plan;
        this.unit = unit;
        this.attempt = attempt;
        isCommitted = plan.commits().find(plan.phase(), unit).isPresent();
        plan.tables().forEach(table -> tables.add(new TableState(table)));
        checkBytes = Math.max(1, plan.bufferBytes() / 16);
    }

    private static String randomAttempt() {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            name.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
        }
        return name.toString();
    }

    @Override
    public void write(InternalRow wide) throws IOException {
        if (isCommitted) {
            return;
        }
        int number = wide.getInt(WideRows.TABLE_POSITION);
        if (number < 0) {
            TableState leftOut = tables.get(WideRows.expired(number));
            if (wide.getInt(WideRows.RESCUED_POSITION) == WideRows.DUPLICATE) {
                leftOut.duplicates++;
            } else {
                leftOut.expired++;
            }
            return;
        }
        TableState state = tables.get(number);
        InternalRow struct = wide.getStruct(WideRows.FIRST_STRUCT + number, state.structFields);
        if (struct == null) {
            throw new IllegalStateException(
                    "Unit " + unit + ": a row of table " + state.table.name() + " has no values");
        }
        if (state.partition.moves(struct) && state.open != null) {
            finish(state);
        }
        if (state.open == null) {
            open(state);
        }
        uncheckedBytes += state.open.write(struct);
        state.openRows++;
        state.rows++;
        if (wide.getInt(WideRows.RESCUED_POSITION) > 0) {
            state.rescued++;
        }
        if (state.kindTable >= 0) {
            String kindTable = struct.isNullAt(state.kindTable)
                    ? LandingTable.UNKNOWN
                    : struct.getUTF8String(state.kindTable).toString();
            quarantined.merge(kindTable, 1L, Long::sum);
        }
        if (uncheckedBytes >= checkBytes) {
            uncheckedBytes = 0;
            boundMemory();
            rollLargeFiles();
        }
    }

    private void open(TableState state) throws IOException {
        String number = state.files == 0 ? "" : "-" + (state.files + 1);
        state.openPath =
                state.table.folder() + state.partition.folder() + unit + "-" + attempt + number + plan.suffix();
        state.files++;
        state.openRows = 0;
        Upload created = plan.storage().create(state.openPath);
        state.hashed =
                plan.hashed() && !state.table.quarantine() ? Optional.of(new HashedUpload(created)) : Optional.empty();
        Upload upload = state.hashed.<Upload>map(hashed -> hashed).orElse(created);
        try {
            state.open = switch (plan.format()) {
                case PARQUET ->
                    new ParquetDataFile(
                            upload,
                            state.landed,
                            state.table.landedPositions(),
                            ParquetDataFile.facts(state.table.name(), plan.schemaVersion()),
                            codecs.getCompressor(ParquetDataFile.codecName(plan.codec())));
                case CSV -> new CsvDataFile(upload, state.landed, state.table.landedPositions(), plan.codec());
            };
        } finally {
            if (state.open == null) {
                upload.close();
            }
        }
    }

    /** Ends row groups, the largest first, until what all open files hold is below the bound. */
    private void boundMemory() throws IOException {
        Map<TableState, Long> sizes = new HashMap<>();
        long total = 0;
        for (TableState state : tables) {
            if (state.open != null) {
                long size = state.open.buffered();
                sizes.put(state, size);
                total += size;
            }
        }
        while (total > plan.bufferBytes()) {
            Map.Entry<TableState, Long> largest =
                    sizes.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
            if (largest.getValue() == 0) {
                return;
            }
            largest.getKey().open.flush();
            total -= largest.getValue();
            largest.setValue(0L);
        }
    }

    private void rollLargeFiles() throws IOException {
        for (TableState state : tables) {
            if (state.open != null && state.open.written() >= plan.rollBytes()) {
                finish(state);
            }
        }
    }

    private void finish(TableState state) throws IOException {
        state.open.endRows();
        state.hashed.ifPresent(
                hashed -> content.add(LandedContent.file(state.table.name(), state.openRows, hashed.hash())));
        StoredFile file = state.open.finish();
        state.open = null;
        files.add(new DataFile(state.table.name(), file.path(), file.bytes(), state.openRows, file.etag()));
    }

    @Override
    public WriterCommitMessage commit() throws IOException {
        if (isCommitted) {
            return new Done(unit);
        }
        Map<String, TableCounts> counts = counts();
        requireAllItems(counts);
        for (TableState state : tables) {
            if (state.open != null) {
                finish(state);
            }
        }
        files.sort(Comparator.comparing(DataFile::path));
        UnitManifest mine = new UnitManifest(
                UnitManifest.FORMAT,
                plan.phase(),
                unit,
                attempt,
                files,
                counts,
                plan.hashed() ? LandedContent.facts(content) : Map.of());
        manifestIsSent = true;
        if (winner(mine).attempt().equals(attempt)) {
            logDone();
        } else {
            LOG.info("Unit {}: another attempt was first", unit);
            deleteFiles();
        }
        return new Done(unit);
    }

    /**
     * The winner's manifest. A failure to put ours does not tell that it is not there: then our files have to stay, and
     * the next attempt finds out.
     */
    private UnitManifest winner(UnitManifest mine) {
        try {
            return plan.commits().commit(mine);
        } catch (Fault failure) {
            Optional<UnitManifest> winner = Optional.empty();
            try {
                winner = plan.commits().find(plan.phase(), unit);
            } catch (Fault second) {
                failure.addSuppressed(second);
            }
            return winner.orElseThrow(() -> failure);
        }
    }

    /** In = out + quarantined + duplicates + expired for a main table, in = out for the others. */
    private Map<String, TableCounts> counts() {
        Map<String, TableCounts> counts = new TreeMap<>();
        Map<String, Long> unclaimed = new TreeMap<>(quarantined);
        for (TableState state : tables) {
            Long claimed = state.table.main() ? unclaimed.remove(state.table.name()) : null;
            long apart = claimed == null ? 0 : claimed;
            long in = state.rows + apart + state.duplicates + state.expired;
            counts.put(
                    state.table.name(),
                    new TableCounts(in, state.rows, apart, state.duplicates, state.expired, state.rescued));
        }
        long unknown = unclaimed.values().stream().mapToLong(Long::longValue).sum();
        if (unknown > 0) {
            counts.merge(LandingTable.UNKNOWN, new TableCounts(unknown, 0, unknown, 0, 0, 0), TableCounts::plus);
        }
        return counts;
    }

    /** Nothing lost, nothing invented: each item of the input is a row of a main table, quarantined or expired. */
    private void requireAllItems(Map<String, TableCounts> counts) {
        UnitManifest input = plan.commits()
                .find(plan.inputPhase(), unit)
                .orElseThrow(() -> Fault.world("Unit " + unit + ": phase " + plan.inputPhase()
                        + " has not committed it; run that phase first"));
        long read = input.files().stream()
                .filter(file -> !file.table().equals(CENSUS))
                .mapToLong(DataFile::rows)
                .sum();
        TableCounts items = TableCounts.NONE;
        for (TableState state : tables) {
            if (state.table.main()) {
                items = items.plus(counts.get(state.table.name()));
            }
        }
        if (!hasMainTable(LandingTable.UNKNOWN)) {
            items = items.plus(counts.getOrDefault(LandingTable.UNKNOWN, TableCounts.NONE));
        }
        if (items.in() != read) {
            throw Fault.world("Unit " + unit + ": read " + read + " items, wrote " + items.in() + " (" + items.out()
                    + " as rows, " + items.quarantined() + " quarantined, " + items.expired()
                    + " expired): the unit is not committed");
        }
    }

    private boolean hasMainTable(String name) {
        return tables.stream()
                .anyMatch(state -> state.table.main() && state.table.name().equals(name));
    }

    private void logDone() {
        long rows = files.stream().mapToLong(DataFile::rows).sum();
        long bytes = files.stream().mapToLong(DataFile::bytes).sum();
        double seconds = (System.nanoTime() - started) / 1e9;
        LOG.info(
                "Unit {}: {} rows, {} files, {} bytes in {} s",
                unit,
                rows,
                files.size(),
                bytes,
                Math.round(seconds * 10) / 10.0);
    }

    @Override
    public void abort() {
        for (TableState state : tables) {
            if (state.open != null) {
                state.open.close();
                state.open = null;
            }
        }
        if (!manifestIsSent) {
            deleteFiles();
        }
    }

    /** Ours, which no manifest names. What cannot be deleted is an orphan, removed with the run. */
    private void deleteFiles() {
        try {
            plan.storage().delete(files.stream().map(DataFile::path).toList());
        } catch (Fault failure) {
            LOG.warn("Unit {}: files of attempt {} stay behind: {}", unit, attempt, failure.getMessage());
        }
    }

    @Override
    public void close() {
        codecs.release();
    }
}
