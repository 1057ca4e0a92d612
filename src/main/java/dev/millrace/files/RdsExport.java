package dev.millrace.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.fault.Fault;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The export of an RDS or Aurora snapshot to S3, as AWS lays it out: {@code export_info_<id>.json} says how the whole
 * stands, {@code export_tables_info_<id>_from_<n>_to_<m>.json} how each table does; a table's files are
 * {@code <database>/<schema>.<table>/<n>/part-….gz.parquet}, of MySQL {@code <database>/<database>.<table>/…}, and
 * {@code _SUCCESS} beside them says that they are all there. ("File naming conventions for exports to Amazon S3", RDS user
 * guide; the content of the info files is told by no documentation, but by exports.)
 */
public final class RdsExport {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String COMPLETE = "COMPLETE";
    private static final String SUCCESS = "_SUCCESS";
    private static final Pattern INFO = Pattern.compile("export_info_(.+)\\.json");

    /** What a table's path has in place of characters that a key of S3 would not take. */
    private static final Pattern REPLACED = Pattern.compile("[\\\\`\" ]");

    private final Storage storage;
    private final String uri;
    private final String id;

    private RdsExport(Storage storage, String info) {
        this.storage = storage;
        this.uri = storage.uri(info);
        Matcher name = INFO.matcher(info);
        if (!name.matches()) {
            throw Fault.user("Invalid export " + uri + ": must be named export_info_<id>.json");
        }
        this.id = name.group(1);
    }

    /** A table as the export tells of it: {@code database.schema.table} or {@code database.table}. */
    private record Table(String name, String status, String warning) {
        private String problem() {
            return name + " is " + status + (warning.isEmpty() ? "" : ": " + warning);
        }
    }

    /** The name of an export's info file in the export's folder; empty where there is none. */
    public static Optional<String> find(Storage folder) {
        List<String> infos = folder.names("").stream()
                .filter(name -> INFO.matcher(name).matches())
                .toList();
        if (infos.size() > 1) {
            throw Fault.user("Invalid export " + folder.root() + ": it has several of export_info_<id>.json: "
                    + String.join(", ", infos) + ": name one of them");
        }
        return infos.stream().findFirst();
    }

    /**
     * The files of an export's tables, once all is seen to be there.
     *
     * @param storage whose root is the export's folder
     * @param info name of its info file
     * @param wanted tables by their names, or by the ends of these after a dot; none: all
     * @throws Fault of kind USER when a wanted table is not in it, of kind WORLD when it is not whole
     */
    public static Snapshot read(Storage storage, String info, Set<String> wanted) {
        return new RdsExport(storage, info).read(wanted);
    }

    /** What an export warns of in its tables, one a line. Parameters are as in {@link #read}. */
    public static List<String> warnings(Storage storage, String info, Set<String> wanted) {
        RdsExport export = new RdsExport(storage, info);
        return export.taken(export.tables(), wanted).stream()
                .filter(table -> !table.warning().isEmpty())
                .map(Table::problem)
                .toList();
    }

    private List<Table> taken(List<Table> tables, Set<String> wanted) {
        return wanted.isEmpty()
                ? tables
                : wanted.stream().map(name -> named(name, tables)).distinct().toList();
    }

    private Snapshot read(Set<String> wanted) {
        requireComplete();
        List<Table> tables = tables();
        List<Table> taken = taken(tables, wanted);
        List<String> wrong = taken.stream()
                .filter(table -> !table.status().equals(COMPLETE))
                .map(Table::problem)
                .collect(Collectors.toCollection(ArrayList::new));
        Map<String, String> folders = folders(tables);
        List<SnapshotFile> files = new ArrayList<>();
        taken.stream().filter(table -> table.status().equals(COMPLETE)).forEach(table -> {
            if (folders.containsKey(table.name())) {
                addFiles(folders.get(table.name()), files, wrong);
            } else {
                wrong.add(table.name() + " has no folder");
            }
        });
        if (!wrong.isEmpty()) {
            throw Fault.world(
                    "Export " + uri + " is not whole; nothing was read. Have it made anew, or name other tables"
                            + " under tables:" + Snapshot.told(wrong));
        }
        files.sort(Comparator.comparing(SnapshotFile::path));
        return new Snapshot(storage, files);
    }

    private void requireComplete() {
        JsonNode info = tree(uri.substring(storage.root().length()));
        String status = info.path("status").asText("unknown");
        int percent = info.path("percentProgress").asInt(100);
        if (!status.equals(COMPLETE) || percent != 100) {
            String cause = info.path("failureCause").asText("");
            throw Fault.world("Export " + uri + " is not complete: it is " + status + ", at " + percent + " %"
                    + (cause.isEmpty() ? "" : ": " + cause) + ". Nothing was read: "
                    + (Set.of("FAILED", "CANCELED", "CANCELING").contains(status)
                            ? "have the snapshot exported anew"
                            : "start again once it is"));
        }
    }

    /** All that the export tells of, by name; databases, of which it tells when it has left one out, are none. */
    private List<Table> tables() {
        Pattern list = Pattern.compile("export_tables_info_" + Pattern.quote(id) + "_from_(\\d+)_to_(\\d+)\\.json");
        TreeMap<Long, Matcher> parts = new TreeMap<>();
        for (String name : storage.names("")) {
            Matcher part = list.matcher(name);
            if (part.matches()) {
                parts.put(Long.parseLong(part.group(1)), part);
            }
        }
        long next = 1;
        List<Table> tables = new ArrayList<>();
        for (Matcher part : parts.values()) {
            if (Long.parseLong(part.group(1)) != next) {
                break;
            }
            next = Long.parseLong(part.group(2)) + 1;
            for (JsonNode table : tree(part.group()).path("perTableStatus")) {
                String name = table.path("target").asText("");
                if (name.indexOf('.') > 0) {
                    tables.add(new Table(
                            name, status(table), table.path("warningMessage").asText("")));
                }
            }
        }
        boolean hasGap = parts.isEmpty() || next <= parts.lastKey();
        if (hasGap) {
            throw Fault.world("Export " + uri + " is not whole: export_tables_info_" + id + "_from_" + next
                    + "_to_….json is missing; nothing was read");
        }
        tables.sort(Comparator.comparing(Table::name));
        return tables;
    }

    /** A table's state; one that lacks a part of it is not complete, whatever is said. */
    private static String status(JsonNode table) {
        JsonNode parts = table.path("tableStatistics").path("partitioningInfo");
        long all = parts.path("numberOfPartitions").asLong();
        long done = parts.path("numberOfCompletedPartitions").asLong(all);
        return table.path("status").asText("unknown")
                + (done < all ? " with " + done + " of " + all + " partitions" : "");
    }

    private Table named(String wanted, List<Table> tables) {
        List<Table> found =
                tables.stream().filter(table -> isNamed(table.name(), wanted)).toList();
        if (found.size() != 1) {
            List<String> there =
                    (found.isEmpty() ? tables : found).stream().map(Table::name).toList();
            throw Fault.user("Invalid table " + wanted + ": export " + uri + " has "
                    + (found.isEmpty() ? "no such table: name one of " : "several: name one of ") + there.size()
                    + " under tables:" + Snapshot.told(there));
        }
        return found.get(0);
    }

    private static boolean isNamed(String table, String wanted) {
        return table.equals(wanted) || table.endsWith("." + wanted);
    }

    /** The tables' folders by their names. */
    private Map<String, String> folders(List<Table> tables) {
        Map<String, String> names = new TreeMap<>();
        tables.forEach(table -> names.put(written(table.name()), table.name()));
        Map<String, String> folders = new TreeMap<>();
        for (String database : foldersIn("")) {
            for (String table : foldersIn(database)) {
                String name = table.substring(0, table.length() - 1);
                Optional.ofNullable(names.get(database.substring(0, database.length() - 1) + "." + name))
                        .or(() -> Optional.ofNullable(names.get(name)))
                        .ifPresent(known -> folders.putIfAbsent(known, database + table));
            }
        }
        return folders;
    }

    private List<String> foldersIn(String folder) {
        return storage.names(folder).stream().filter(name -> name.endsWith("/")).toList();
    }

    private static String written(String name) {
        return REPLACED.matcher(name).replaceAll("_");
    }

    private void addFiles(String folder, List<SnapshotFile> files, List<String> wrong) {
        Set<String> with = new TreeSet<>();
        Set<String> done = new TreeSet<>();
        for (StoredFile file : storage.list(folder)) {
            int slash = file.path().lastIndexOf('/') + 1;
            String name = file.path().substring(slash);
            if (name.equals(SUCCESS)) {
                done.add(file.path().substring(0, slash));
            } else if (name.endsWith(".parquet") && !name.startsWith("_") && !name.startsWith(".")) {
                with.add(file.path().substring(0, slash));
                files.add(new SnapshotFile(file.path(), file.bytes(), file.etag(), OptionalLong.empty()));
            }
        }
        if (with.isEmpty() && done.isEmpty()) {
            wrong.add(storage.uri(folder) + " is empty");
        }
        with.removeAll(done);
        with.forEach(batch -> wrong.add(storage.uri(batch) + " has no " + SUCCESS + ": files of it may be missing"));
    }

    /**
     * Which table each file is of: kinds by the folders' uris.
     *
     * @param wanted as in {@link #read}; a table has the name that it is wanted by, else its whole one
     */
    public static Map<String, String> kinds(Storage storage, Collection<SnapshotFile> files, Set<String> wanted) {
        Map<String, String> kinds = new TreeMap<>();
        for (SnapshotFile file : files) {
            int slash = file.path().indexOf('/');
            int end = file.path().indexOf('/', slash + 1);
            String database = file.path().substring(0, slash);
            String table = file.path().substring(slash + 1, end);
            String name = table.startsWith(database + ".") ? table : database + "." + table;
            kinds.computeIfAbsent(
                    storage.uri(file.path().substring(0, end + 1)),
                    folder -> wanted.stream()
                            .filter(wish ->
                                    isNamed(name, written(wish)) || isNamed(database + "." + table, written(wish)))
                            .findFirst()
                            .orElse(name));
        }
        return kinds;
    }

    private JsonNode tree(String path) {
        try {
            return JSON.readTree(storage.find(path)
                    .orElseThrow(() -> Fault.world("Cannot read " + storage.uri(path) + ": it is not there"))
                    .utf8());
        } catch (JsonProcessingException e) {
            throw Fault.world("Cannot read " + storage.uri(path) + ": it is no JSON: " + e.getOriginalMessage(), e);
        }
    }
}
