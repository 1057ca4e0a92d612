package dev.millrace.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.millrace.config.FileSource;
import dev.millrace.fault.Fault;
import dev.millrace.run.PlannedUnit;
import dev.millrace.storage.Sha256;
import dev.millrace.storage.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Function;

/**
 * The units of a run over files. Which files a unit reads stands in a list of its own in the run's folder, so that the
 * plan stays small however many files there are; the unit's id is a hash of that list, so each id has one list for ever.
 * Tasks carry it.
 */
public final class FileUnits implements UnitFiles {
    private static final long serialVersionUID = 1;

    /** What opening a file costs, in bytes that could have been read instead: many small files are spread too. */
    private static final long OPENING_BYTES = 256 << 10;

    private static final String FILES = "files";
    private static final String BYTES = "bytes";
    private static final int LEVEL = 3;
    private static final JsonFactory JSON = new JsonFactory();

    private final Storage staging;
    private final String folder;

    /**
     * @param staging the staging storage
     * @param folder of the lists, with a trailing slash: {@code run.path("files/")}
     */
    public FileUnits(Storage staging, String folder) {
        this.staging = staging;
        this.folder = folder;
    }

    /**
     * A file, or a part of one, in a unit.
     *
     * @param part what is read
     * @param reason why it is taken; a refused one is not read
     * @param modified when the file was last written, as it was listed
     */
    public record Planned(FilePart part, Arrival.Reason reason, Instant modified) {}

    /** The units of a job's source; large files are cut where their format can be. */
    public List<PlannedUnit> plan(FileSource source, SourceFolder folder, Arrivals arrivals, int leastUnits) {
        long groupBytes = source.groupSize().bytes();
        Function<Arrival, List<FilePart>> split = arrival -> {
            if (source.format() instanceof FileSource.Json json
                    && json.records().isEmpty()
                    && !json.header()) {
                return FileParts.ofJson(folder.storage(), arrival.file(), groupBytes);
            }
            return source.format() instanceof FileSource.Parquet
                    ? FileParts.ofParquet(arrival.file(), groupBytes)
                    : List.of(FilePart.whole(arrival.file()));
        };
        return plan(arrivals, groupBytes, leastUnits, split);
    }

    /**
     * Groups files to units: the largest first, each into the unit that has least so far. Writes the units' lists; the
     * same files give the same units.
     *
     * @param groupBytes of a unit, about
     * @param leastUnits that there should be, as far as there are files for them: as many as tasks run at once
     * @param split the parts of a file that is larger than a group
     */
    List<PlannedUnit> plan(
            Arrivals arrivals, long groupBytes, int leastUnits, Function<Arrival, List<FilePart>> split) {
        List<Planned> entries = new ArrayList<>();
        for (Arrival arrival : arrivals.files()) {
            boolean isLarge =
                    arrival.file().bytes() > groupBytes && !arrival.reason().isRefused();
            List<FilePart> parts = isLarge ? split.apply(arrival) : List.of(FilePart.whole(arrival.file()));
            parts.forEach(part -> entries.add(
                    new Planned(part, arrival.reason(), arrival.file().modified())));
        }
        return group(entries, groupBytes, leastUnits).stream().map(this::unit).toList();
    }

    /** The groups, each in the order of paths; pure. */
    static List<List<Planned>> group(List<Planned> entries, long groupBytes, int leastUnits) {
        if (entries.isEmpty()) {
            return List.of();
        }
        long all = entries.stream().mapToLong(FileUnits::weight).sum();
        long bySize = (all + groupBytes - 1) / groupBytes;
        // No task is started for less than it costs to start.
        long byTasks = Math.min(leastUnits, 1 + all / (4 * OPENING_BYTES));
        long count = Math.max(bySize, byTasks);
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < Math.min(count, entries.size()); i++) {
            groups.add(new Group(i));
        }
        PriorityQueue<Group> emptiest = new PriorityQueue<>(groups);
        entries.stream()
                .sorted(Comparator.comparingLong(FileUnits::weight).reversed().thenComparing(Group.BY_PATH))
                .forEach(entry -> {
                    Group group = emptiest.remove();
                    group.add(entry);
                    emptiest.add(group);
                });
        return groups.stream().map(Group::sorted).toList();
    }

    private static long weight(Planned entry) {
        return OPENING_BYTES
                + (entry.reason().isRefused()
                        ? 0
                        : entry.part().to() - entry.part().from());
    }

    private static final class Group implements Comparable<Group> {
        static final Comparator<Planned> BY_PATH = Comparator.comparing(
                        (Planned entry) -> entry.part().path())
                .thenComparing(entry -> entry.part().from());

        private final int number;
        private final List<Planned> entries = new ArrayList<>();
        private long weight;

        Group(int number) {
            this.number = number;
        }

        void add(Planned entry) {
            entries.add(entry);
            weight += weight(entry);
        }

        List<Planned> sorted() {
            return entries.stream().sorted(BY_PATH).toList();
        }

        @Override
        public int compareTo(Group other) {
            int byWeight = Long.compare(weight, other.weight);
            return byWeight != 0 ? byWeight : Integer.compare(number, other.number);
        }
    }

    private PlannedUnit unit(List<Planned> entries) {
        byte[] lines = lines(entries);
        String id = "files-" + hash(lines);
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (ZstdOutputStreamNoFinalizer out = new ZstdOutputStreamNoFinalizer(compressed, LEVEL)) {
            out.write(lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        staging.put(path(id), compressed.toByteArray());
        long bytes = entries.stream()
                .mapToLong(entry -> entry.part().to() - entry.part().from())
                .sum();
        return new PlannedUnit(id, Map.of(FILES, String.valueOf(entries.size()), BYTES, String.valueOf(bytes)));
    }

    private static byte[] lines(List<Planned> entries) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(lines)) {
            json.setPrettyPrinter(new MinimalPrettyPrinter("\n"));
            for (Planned entry : entries) {
                FilePart part = entry.part();
                json.writeStartObject();
                json.writeStringField("path", part.path());
                json.writeNumberField("size", part.bytes());
                json.writeStringField("etag", part.etag());
                if (!part.isWhole()) {
                    json.writeNumberField("from", part.from());
                    json.writeNumberField("to", part.to());
                }
                json.writeStringField("modified", entry.modified().toString());
                json.writeStringField("reason", entry.reason().name());
                json.writeEndObject();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines.toByteArray();
    }

    private static String hash(byte[] lines) {
        return Sha256.hex(lines).substring(0, 20);
    }

    private String path(String id) {
        return folder + id + ".jsonl.zst";
    }

    /** What a unit reads and what it refuses, in the order of paths. */
    public List<Planned> entries(PlannedUnit unit) {
        String path = path(unit.id());
        List<Planned> entries = new ArrayList<>();
        try (InputStream in = new ZstdInputStreamNoFinalizer(staging.open(path));
                JsonParser json = JSON.createParser(in)) {
            while (json.nextToken() == JsonToken.START_OBJECT) {
                entries.add(entry(json));
            }
        } catch (IOException | IllegalArgumentException e) {
            throw Fault.world("Cannot read " + staging.uri(path) + ": it is damaged (" + e.getMessage() + ")", e);
        }
        if (entries.size() != Integer.parseInt(unit.input().get(FILES))) {
            throw Fault.world("Cannot read " + staging.uri(path) + ": it lists " + entries.size() + " files, and "
                    + unit.input().get(FILES) + " were planned");
        }
        return entries;
    }

    private static Planned entry(JsonParser json) throws IOException {
        String path = "";
        long bytes = 0;
        String etag = "";
        long from = 0;
        long to = -1;
        Instant modified = Instant.EPOCH;
        Arrival.Reason reason = Arrival.Reason.NEW;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "path" -> path = json.getText();
                case "size" -> bytes = json.getLongValue();
                case "etag" -> etag = json.getText();
                case "from" -> from = json.getLongValue();
                case "to" -> to = json.getLongValue();
                case "modified" -> modified = Instant.parse(json.getText());
                case "reason" -> reason = Arrival.Reason.valueOf(json.getText());
                default -> json.skipChildren();
            }
        }
        return new Planned(new FilePart(path, bytes, etag, from, to < 0 ? bytes : to), reason, modified);
    }

    @Override
    public List<UnitFiles.Entry> of(PlannedUnit unit) {
        return entries(unit).stream()
                .map(file -> new UnitFiles.Entry(file.part(), file.reason().text()))
                .toList();
    }

    /** Bytes that a unit reads. */
    public static long bytes(PlannedUnit unit) {
        return Long.parseLong(unit.input().get(BYTES));
    }

    /** Files, or parts of them, in a unit. */
    public static long files(PlannedUnit unit) {
        return Long.parseLong(unit.input().get(FILES));
    }

    /** The paths of files whose earlier rows have to go before those of this run are there, sorted. */
    public List<String> replaced(List<PlannedUnit> units) {
        return units.stream()
                .flatMap(unit -> entries(unit).stream())
                .filter(entry -> entry.reason().replaces())
                .map(entry -> entry.part().path())
                .sorted()
                .distinct()
                .toList();
    }
}
