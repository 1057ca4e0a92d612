package dev.millrace.landing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.run.UnitManifest;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.storage.Versioned;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The manifest of a table in one run's landing: {@code manifests/landing/manifest-data.parquet} with a row per file
 * ({@code uri, size, n_record, etag}) beside {@code datalake/}, and {@code manifest-summary.json}, which is written
 * last and is the commit. Both are written once and never changed.
 */
public final class LandingManifests {
    static final int FORMAT = 1;
    static final String SUMMARY = "manifest-summary.json";
    static final String DATA = "manifest-data.parquet";

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private LandingManifests() {}

    /** The folder of a table's landing manifest, from the folder of its data files. */
    public static String folder(String dataFolder) {
        int parent = dataFolder.lastIndexOf('/', dataFolder.length() - 2) + 1;
        return dataFolder.substring(0, parent) + "manifests/landing/";
    }

    /**
     * Writes the manifests of all tables of a run, also of those without rows, from the manifests of its units. May be
     * repeated, and run twice at the same time.
     *
     * @param plan whose tables, format and commits are the run's; its own units do not matter
     * @param units all units of the run
     * @return the tables in the order of the plan
     */
    public static List<LandedTable> write(LandingPlan plan, List<String> units) {
        return write(plan, units, plan.commits().committed(plan.phase()));
    }

    /**
     * As {@link #write(LandingPlan, List)}, for a caller who has read the units' manifests.
     *
     * @param committed the manifests of all units
     */
    public static List<LandedTable> write(LandingPlan plan, List<String> units, List<UnitManifest> committed) {
        requireAll(plan.phase(), committed, units);
        Map<String, List<DataFile>> files = new TreeMap<>();
        Map<String, TableCounts> counts = new TreeMap<>();
        for (UnitManifest unit : committed) {
            unit.files()
                    .forEach(file -> files.computeIfAbsent(file.table(), none -> new ArrayList<>())
                            .add(file));
            unit.counts().forEach((table, more) -> counts.merge(table, more, TableCounts::plus));
        }
        List<LandedTable> landed = new ArrayList<>();
        for (LandingTable table : plan.tables()) {
            List<DataFile> own = new ArrayList<>(files.getOrDefault(table.name(), List.of()));
            own.sort(Comparator.comparing(DataFile::path));
            LandedTable one = new LandedTable(
                    table.landed(),
                    plan.format(),
                    plan.codec(),
                    own,
                    counts.getOrDefault(table.name(), TableCounts.NONE),
                    plan.schemaVersion(),
                    table.partitions());
            requireCounted(one);
            commit(plan.storage(), folder(table.folder()), one);
            landed.add(one);
        }
        return List.copyOf(landed);
    }

    private static void requireAll(String phase, List<UnitManifest> committed, List<String> units) {
        Set<String> found = committed.stream().map(UnitManifest::unit).collect(Collectors.toCollection(TreeSet::new));
        Set<String> missing = new TreeSet<>(units);
        missing.removeAll(found);
        if (!missing.isEmpty()) {
            throw Fault.world("Phase " + phase + " is not done: " + missing.size() + " of " + units.size()
                    + " units are not committed, the first is "
                    + missing.iterator().next());
        }
        units.forEach(found::remove);
        if (!found.isEmpty()) {
            throw Fault.world("Phase " + phase + " has a commit of unit "
                    + found.iterator().next() + ", which is none of the run's " + units.size() + " units");
        }
    }

    private static void requireCounted(LandedTable table) {
        if (table.rows() != table.counts().out() || !table.counts().isBalanced()) {
            throw Fault.world("Table " + table.name() + ": its files hold " + table.rows() + " rows, its units counted "
                    + table.counts());
        }
    }

    private static void commit(Storage storage, String folder, LandedTable table) {
        String data = folder + DATA;
        if (!storage.putIfAbsent(data, ManifestData.bytes(entries(storage, table)))) {
            // An earlier attempt, perhaps of another version of this program, may have other bytes for the same rows.
            requireSame(storage.uri(data), table.files(), readData(storage, data));
        }
        StoredFile stored = storage.stat(data).orElseThrow(() -> Fault.world("No file " + storage.uri(data)));
        String summary = folder + SUMMARY;
        if (!storage.putIfAbsent(summary, summary(storage, stored, table))) {
            LandedTable before = read(storage, folder);
            if (!before.equals(table)) {
                throw Fault.world("Another landing manifest is at " + storage.uri(summary) + ": it has " + before.rows()
                        + " rows in " + before.files().size() + " files, this one " + table.rows() + " in "
                        + table.files().size());
            }
        }
    }

    private static List<ManifestEntry> entries(Storage storage, LandedTable table) {
        return table.files().stream()
                .map(file -> new ManifestEntry(
                        storage.uri(file.path()), file.bytes(), OptionalLong.of(file.rows()), file.etag()))
                .toList();
    }

    private static void requireSame(String uri, List<DataFile> mine, List<DataFile> stored) {
        List<DataFile> named = mine.stream()
                .map(file -> new DataFile("", file.path(), file.bytes(), file.rows(), file.etag()))
                .toList();
        if (!named.equals(stored)) {
            throw Fault.world(
                    "Other files are in " + uri + ": it lists " + stored.size() + ", the units have " + mine.size());
        }
    }

    private static byte[] summary(Storage storage, StoredFile data, LandedTable table) {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT);
        root.put("manifest", storage.uri(data.path()));
        root.put("manifest_etag", data.etag());
        root.put("size", table.bytes());
        root.put("n_record", table.rows());
        root.put("n_file", table.files().size());
        root.put("fingerprint", FileManifest.fingerprint(entries(storage, table)));
        ObjectNode details = root.putObject("details");
        details.put("table", table.name());
        details.put("schema_version", table.schemaVersion());
        details.put("file_format", lower(table.format()));
        details.put("codec", lower(table.codec()));
        ArrayNode columns = details.putArray("columns");
        for (Column column : table.definition().columns()) {
            columns.addObject()
                    .put("name", column.name())
                    .put("type", column.type().toString())
                    .put("nullable", column.nullable());
        }
        if (!table.partitions().isEmpty()) {
            ArrayNode partitions = details.putArray("partition_by");
            for (Column column : table.partitions()) {
                partitions
                        .addObject()
                        .put("name", column.name())
                        .put("type", column.type().toString());
            }
        }
        ArrayNode key = details.putArray("key");
        table.definition().key().forEach(key::add);
        TableCounts counts = table.counts();
        details.putObject("counts")
                .put("in", counts.in())
                .put("out", counts.out())
                .put("quarantined", counts.quarantined())
                .put("duplicates", counts.duplicates())
                .put("expired", counts.expired())
                .put("rescued", counts.rescued());
        try {
            return JSON.writeValueAsBytes(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /**
     * A table's landing manifest, or empty while it is not committed.
     *
     * @param folder as {@link #folder} gives it
     * @throws Fault of kind WORLD when summary and data do not agree
     */
    public static Optional<LandedTable> find(Storage storage, String folder) {
        return storage.find(folder + SUMMARY).map(summary -> parsed(storage, folder, summary));
    }

    /** As {@link #find}, for a manifest that must be there. */
    public static LandedTable read(Storage storage, String folder) {
        return find(storage, folder)
                .orElseThrow(() -> Fault.world("No landing manifest at " + storage.uri(folder + SUMMARY)
                        + ": the phase that writes it has not ended"));
    }

    private static LandedTable parsed(Storage storage, String folder, Versioned summary) {
        String uri = storage.uri(folder + SUMMARY);
        try {
            JsonNode root = JSON.readTree(summary.content());
            int format = root.required("format").intValue();
            if (format != FORMAT) {
                throw Fault.world(
                        "Landing manifest " + uri + " has format " + format + ", this program reads " + FORMAT);
            }
            JsonNode details = root.required("details");
            String name = details.required("table").textValue();
            LandedTable table = new LandedTable(
                    definition(name, details),
                    FileFormat.valueOf(upper(details.required("file_format"))),
                    Codec.valueOf(upper(details.required("codec"))),
                    ofTable(name, data(storage, folder + DATA, root)),
                    counts(details.required("counts")),
                    details.required("schema_version").intValue(),
                    columns(details.path("partition_by")));
            requireAgreement(uri, root, table);
            return table;
        } catch (IOException | IllegalArgumentException e) {
            throw Fault.world("Landing manifest " + uri + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static String upper(JsonNode text) {
        return text.asText().toUpperCase(Locale.ROOT);
    }

    private static List<DataFile> data(Storage storage, String path, JsonNode root) {
        String etag = storage.stat(path).map(StoredFile::etag).orElse("none");
        String expected = root.required("manifest_etag").textValue();
        if (!etag.equals(expected)) {
            throw Fault.world("Landing manifest " + storage.uri(path) + " has etag " + etag + ", its summary says "
                    + expected + ": one of both was changed");
        }
        return readData(storage, path);
    }

    private static List<DataFile> readData(Storage storage, String path) {
        return FileManifest.files(storage, path).stream()
                .map(file -> new DataFile(
                        "",
                        storage.pathOf(file.uri()),
                        file.bytes(),
                        file.rows()
                                .orElseThrow(() -> Fault.world(
                                        "Manifest " + storage.uri(path) + " has no number of rows of " + file.uri())),
                        file.etag()))
                .toList();
    }

    private static List<DataFile> ofTable(String table, List<DataFile> files) {
        return files.stream()
                .map(file -> new DataFile(table, file.path(), file.bytes(), file.rows(), file.etag()))
                .toList();
    }

    private static void requireAgreement(String uri, JsonNode root, LandedTable table) {
        long files = root.required("n_file").longValue();
        long size = root.required("size").longValue();
        long rows = root.required("n_record").longValue();
        if (files != table.files().size()
                || size != table.bytes()
                || rows != table.rows()
                || rows != table.counts().out()) {
            throw Fault.world("Landing manifest " + uri + " says " + files + " files, " + size + " bytes, " + rows
                    + " rows and " + table.counts().out() + " counted, its data has "
                    + table.files().size() + ", " + table.bytes() + ", " + table.rows());
        }
    }

    private static TableDefinition definition(String name, JsonNode details) {
        List<Column> columns = columns(details.required("columns"));
        List<String> key = new ArrayList<>();
        details.required("key").forEach(one -> key.add(one.asText()));
        return new TableDefinition(name, columns, key);
    }

    private static List<Column> columns(JsonNode array) {
        List<Column> columns = new ArrayList<>();
        for (JsonNode column : array) {
            String type = column.required("type").asText();
            columns.add(new Column(
                    column.required("name").asText(),
                    ColumnType.parse(type).orElseThrow(() -> new IllegalArgumentException("no type " + type)),
                    column.path("nullable").asBoolean(true)));
        }
        return columns;
    }

    private static TableCounts counts(JsonNode counts) {
        return new TableCounts(
                counts.required("in").longValue(),
                counts.required("out").longValue(),
                counts.required("quarantined").longValue(),
                counts.required("duplicates").longValue(),
                counts.required("expired").longValue(),
                counts.required("rescued").longValue());
    }
}
