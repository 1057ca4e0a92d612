package dev.millrace.dynamodb;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.millrace.fault.Fault;
import dev.millrace.json.LineBreaks;
import dev.millrace.run.DataFile;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.UnitCommits;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Upload;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.spark.sql.Row;

/**
 * A run's input exactly as it came: one file of JSON lines per segment, laid out as a DynamoDB export ("DynamoDB table
 * export output format", developer guide), so that scan and export have one way onward. Tasks carry it.
 *
 * <p>A segment is read once: whoever needs it first scans it and commits it; everyone else reads the file.
 */
public final class Spool implements Serializable {
    /** Label of the units' commits. */
    public static final String PHASE = "spool";

    static final String TABLE = "_spool";
    private static final String MD5 = "md5";
    private static final String CONSUMED = "consumed-capacity";
    private static final byte[] HEAD = "{\"Item\":".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] TAIL = "}\n".getBytes(StandardCharsets.US_ASCII);
    private static final int ZSTD_LEVEL = 1;
    private static final int BUFFER = 256 << 10;

    private final Storage storage;
    private final String folder;
    private final UnitCommits commits;
    private final TableScan table;
    private final SpoolKey key;
    private final Patience patience;

    /**
     * @param storage of the staging area
     * @param folder of the run's spool below it, with a trailing slash
     * @param commits of the run
     * @param table how it is read
     * @param key encrypts the files, or {@link SpoolKey#NONE}
     */
    public Spool(Storage storage, String folder, UnitCommits commits, TableScan table, SpoolKey key) {
        this(storage, folder, commits, table, key, Patience.USUAL);
    }

    Spool(Storage storage, String folder, UnitCommits commits, TableScan table, SpoolKey key, Patience patience) {
        this.storage = storage;
        this.folder = folder;
        this.commits = commits;
        this.table = table;
        this.key = key;
        this.patience = patience;
    }

    /**
     * The units of a scan in so many segments; a unit's id is derived from which one it is.
     *
     * @param table the table's id: of another one nothing is read for them; may be empty
     */
    public static List<PlannedUnit> units(int segments, String table) {
        return Segment.units(segments, table);
    }

    /** The id of the table that a unit is read from, where it was known when the unit was planned. */
    public static Optional<String> tableId(PlannedUnit unit) {
        return Optional.of(Segment.of(unit).table()).filter(id -> !id.isEmpty());
    }

    /** The same spool, read from now on by tasks in this JVM, or in several. */
    public Spool spread(boolean overJvms) {
        // Tasks of an earlier attempt may have outlived it.
        ReadMeter.forget(table.accounts());
        return new Spool(storage, folder, commits, table.spread(overJvms), key, patience);
    }

    /** The unit's manifest in the spool: of an earlier read, or of the one that is done now. */
    public UnitManifest obtain(PlannedUnit unit) {
        Optional<UnitManifest> known = commits.find(PHASE, unit.id());
        return known.isPresent() ? known.get() : scan(unit);
    }

    /** Units that are not in the spool. */
    public List<PlannedUnit> missing(List<PlannedUnit> units) {
        Set<String> known = commits.units(PHASE);
        return units.stream().filter(unit -> !known.contains(unit.id())).toList();
    }

    /** Puts a unit's items into the spool that another reader has read; what they cost is not known. In a task. */
    public void fill(PlannedUnit unit, Iterator<Row> rows) {
        String attempt = attempt();
        String path = path(unit, attempt);
        MessageDigest md5 = md5();
        long items = 0;
        try (Upload upload = storage.create(path)) {
            try (OutputStream out = stream(upload.stream(), md5)) {
                for (; rows.hasNext(); items++) {
                    out.write(HEAD);
                    out.write(RowItems.item(rows.next()));
                    out.write(TAIL);
                }
            }
            commit(unit, attempt, upload.commit(), items, md5, Map.of());
        } catch (IOException e) {
            throw Fault.world("Cannot write " + storage.uri(path) + ": " + e.getMessage(), e);
        }
    }

    private UnitManifest scan(PlannedUnit unit) {
        try (ReadMeter meter = ReadMeter.enter(table.budget(), table.accounts())) {
            return scan(unit, meter);
        }
    }

    /** This process reads no more for a while: what it has set aside of the run's units is for others. */
    public void settle() {
        ReadMeter.settle(table.accounts());
    }

    private UnitManifest scan(PlannedUnit unit, ReadMeter meter) {
        String attempt = attempt();
        String path = path(unit, attempt);
        MessageDigest md5 = md5();
        long items = 0;
        long pages = 0;
        BigDecimal consumed = BigDecimal.ZERO;
        try (SegmentScan scan = new SegmentScan(
                        table, () -> DynamoDbClients.openOnce(table.access()), meter, patience, Segment.of(unit));
                Upload upload = storage.create(path)) {
            try (OutputStream out = stream(upload.stream(), md5)) {
                for (Optional<Page> page = scan.next(); page.isPresent(); page = scan.next()) {
                    write(page.get(), out);
                    items += page.get().items();
                    pages++;
                    consumed = consumed.add(page.get().consumed());
                }
            }
            return commit(
                    unit,
                    attempt,
                    upload.commit(),
                    items,
                    md5,
                    Map.of("pages", Long.toString(pages), CONSUMED, consumed.toPlainString()));
        } catch (IOException e) {
            throw Fault.world("Cannot write " + storage.uri(path) + ": " + e.getMessage(), e);
        }
    }

    private static String attempt() {
        return UUID.randomUUID().toString().substring(0, 8);
    }

    private String path(PlannedUnit unit, String attempt) {
        String suffix = ".json.zst" + (key.isNone() ? "" : SpoolCipher.SUFFIX);
        return folder + "data/" + unit.id() + "-" + attempt + suffix;
    }

    /** The winner's manifest; the file goes when another attempt is it. */
    private UnitManifest commit(
            PlannedUnit unit,
            String attempt,
            StoredFile file,
            long items,
            MessageDigest md5,
            Map<String, String> reading) {
        Map<String, String> facts = new TreeMap<>(reading);
        facts.put(MD5, Base64.getEncoder().encodeToString(md5.digest()));
        UnitManifest winner = commits.commit(new UnitManifest(
                UnitManifest.FORMAT,
                PHASE,
                unit.id(),
                attempt,
                List.of(new DataFile(TABLE, file.path(), file.bytes(), items, file.etag())),
                Map.of(),
                facts));
        if (!winner.attempt().equals(attempt)) {
            storage.delete(List.of(file.path()));
        }
        return winner;
    }

    /** Closing it completes the file's content and leaves the upload open. */
    private OutputStream stream(OutputStream upload, MessageDigest md5) throws IOException {
        OutputStream digested = new DigestOutputStream(new Unclosed(upload), md5);
        OutputStream file = key.isNone() ? digested : SpoolCipher.encrypt(digested, key);
        return new BufferedOutputStream(new ZstdOutputStreamNoFinalizer(file, ZSTD_LEVEL).setChecksum(true), BUFFER);
    }

    private static final class Unclosed extends OutputStream {
        private final OutputStream out;

        Unclosed(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }
    }

    private static void write(Page page, OutputStream out) throws IOException {
        byte[] body = page.body();
        for (int i = 0; i < page.items(); i++) {
            int from = page.start(i);
            int to = page.end(i);
            // White space between tokens; within a string JSON has no raw line feed. A line is an item.
            for (int b = LineBreaks.find(body, from, to); b < to; b = LineBreaks.find(body, b, to)) {
                body[b] = ' ';
            }
            out.write(HEAD);
            out.write(body, from, to - from);
            out.write(TAIL);
        }
    }

    /** A unit that one run has read, as a unit of another run, for which it costs nothing. */
    public static UnitManifest takenOver(UnitManifest spooled) {
        return new UnitManifest(
                UnitManifest.FORMAT,
                PHASE,
                spooled.unit(),
                spooled.attempt(),
                spooled.files(),
                Map.of(),
                Map.of(MD5, spooled.facts().get(MD5), CONSUMED, "0"));
    }

    /** Opens a unit's items. */
    public SpoolReader open(UnitManifest spooled) {
        return SpoolReader.open(storage, spooled.files().get(0).path(), key);
    }

    /** Capacity units that the units' reads consumed; empty when of some it is not known. */
    public static Optional<BigDecimal> consumed(List<UnitManifest> spooled) {
        if (!spooled.stream().allMatch(unit -> unit.facts().containsKey(CONSUMED))) {
            return Optional.empty();
        }
        return Optional.of(spooled.stream()
                .map(unit -> new BigDecimal(unit.facts().get(CONSUMED)))
                .reduce(BigDecimal.ZERO, BigDecimal::add));
    }

    /** Writes the manifests of an export once all units are there. May be repeated. */
    public void close(List<UnitManifest> spooled) {
        ObjectMapper json = new ObjectMapper();
        StringBuilder files = new StringBuilder();
        long items = 0;
        for (UnitManifest unit : spooled) {
            DataFile file = unit.files().get(0);
            ObjectNode line = json.createObjectNode()
                    .put("itemCount", file.rows())
                    .put("md5Checksum", unit.facts().get(MD5))
                    .put("etag", file.etag())
                    .put("dataFileS3Key", file.path());
            files.append(line).append('\n');
            items += file.rows();
        }
        ObjectNode summary = json.createObjectNode()
                .put("version", "2020-06-30")
                .put("manifestFilesS3Key", folder + "manifest-files.json")
                .put("itemCount", items)
                .put("outputFormat", "DYNAMODB_JSON");
        storage.put(folder + "manifest-files.json", files.toString().getBytes(StandardCharsets.UTF_8));
        storage.put(folder + "manifest-summary.json", summary.toPrettyString().getBytes(StandardCharsets.UTF_8));
    }

    /** Removes the files; the units stay committed. */
    public void delete() {
        storage.delete(storage.list(folder).stream().map(StoredFile::path).toList());
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has MD5", e);
        }
    }
}
