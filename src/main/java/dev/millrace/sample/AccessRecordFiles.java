package dev.millrace.sample;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.fault.Fault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * Access records as a delivery stream leaves them: {@code <yyyy>/<MM>/<dd>/<HH>/access-records-….gz}, by the hour of
 * their arrival. Files depend on what they are made from alone.
 *
 * <p>Most hold objects without anything between them, others lines, lines of Windows with a byte order mark, objects
 * over several lines, or an array. Some records come twice, in one file or in two. Some lines are no JSON, some files
 * end within a record, are empty, have several members, or are not compressed at all whatever their name says.
 */
public final class AccessRecordFiles {
    public static final long SEED = 20_261_101;

    private static final int HOURS = 24;
    /** Records of a file at most. */
    private static final int FILE_RECORDS = 1_000;

    private static final int LATE_RECORDS = 20;

    private static final List<String> BROKEN = List.of(
            "upstream connect error or disconnect/reset before headers",
            "{\"timestamp\":1793000000000,\"stack\":\"prod\",\"instance\":\"0004",
            "{'timestamp':1793000000000,'stack':'prod'}",
            "{\"timestamp\":1793000000000,\"stack\":\"prod\"",
            "<html><body>504 Gateway Time-out</body></html>");

    private final long seed;
    private final LocalDate first;
    private final int days;
    private final int perDay;
    private final boolean tidy;
    private final AccessRecords records;
    private final ObjectMapper json = new ObjectMapper();
    private final ObjectWriter pretty = json.writer(new DefaultPrettyPrinter()
            .withObjectIndenter(new DefaultIndenter("  ", "\n"))
            .withArrayIndenter(new DefaultIndenter("  ", "\n")));

    /**
     * The files of some days.
     *
     * @param first the first day, UTC
     * @param perDay records of a day, those that come twice not counted
     * @param tidy whether all is as it should be: compressed lines of records, each once
     */
    public AccessRecordFiles(long seed, LocalDate first, int days, int perDay, boolean tidy) {
        if (days < 1) {
            throw Fault.user("Invalid --days: " + days + ": must be at least 1");
        }
        if (perDay < HOURS || perDay > 50_000_000) {
            throw Fault.user("Invalid --per-day: " + perDay + ": must be 24 to 50000000, at least one record an hour");
        }
        this.seed = seed;
        this.first = first;
        this.days = days;
        this.perDay = perDay;
        this.tidy = tidy;
        this.records = new AccessRecords(seed, first, perDay, tidy);
    }

    /** One file. */
    public static final class SampleFile {
        private final String path;
        private final byte[] bytes;
        private final List<String> records;
        private final int repeated;
        private final int broken;

        private SampleFile(String path, byte[] bytes, Content content) {
            this.path = path;
            this.bytes = bytes;
            this.records = List.copyOf(content.texts);
            this.repeated = content.repeated;
            this.broken = content.broken;
        }

        /** Below the folder of all. */
        public String path() {
            return path;
        }

        /** Its content, compressed or not, as its name says or not. */
        public byte[] bytes() {
            return bytes.clone();
        }

        /** JSON text of the records that can be read, in their order, with those that come twice. */
        public List<String> records() {
            return records;
        }

        /** How many of the records are copies of an earlier one. */
        public int repeated() {
            return repeated;
        }

        /** Pieces that are no record. */
        public int broken() {
            return broken;
        }
    }

    /** What was written; see {@link SampleFile}. */
    public record Written(long files, long bytes, long records, long repeated, long broken) {
        static final Written NOTHING = new Written(0, 0, 0, 0, 0);

        Written and(SampleFile file) {
            return new Written(
                    files + 1,
                    bytes + file.bytes.length,
                    records + file.records().size(),
                    repeated + file.repeated(),
                    broken + file.broken());
        }
    }

    /** All files, made one after another. */
    public Stream<SampleFile> files() {
        return IntStream.range(0, days).boxed().flatMap(day -> {
            Stream<SampleFile> files = IntStream.range(0, perDay()).mapToObj(index -> file(day, index, 0));
            return tidy ? files : Stream.concat(files, Stream.of(empty(day)));
        });
    }

    /** Files that came after all others, with records of their own: the last hour first, then those before it. */
    public Stream<SampleFile> late(int count) {
        return IntStream.range(0, count).mapToObj(this::lateFile);
    }

    /** The last so many files, rewritten: their records took longer, one of them is gone, and one more is there. */
    public Stream<SampleFile> rewritten(int count) {
        int all = days * perDay();
        return IntStream.range(Math.max(0, all - count), all)
                .mapToObj(number -> file(number / perDay(), number % perDay(), 1));
    }

    /**
     * Writes files to a folder. A file that is there with the same bytes is left alone; readers see whole files only.
     *
     * @param progress told each file that is done
     * @throws Fault of kind WORLD when the folder cannot be written
     */
    public static Written write(Path folder, Stream<SampleFile> files, Consumer<SampleFile> progress) {
        Written written = Written.NOTHING;
        for (SampleFile file : (Iterable<SampleFile>) files::iterator) {
            write(folder.resolve(file.path()), file.bytes);
            written = written.and(file);
            progress.accept(file);
        }
        return written;
    }

    private static void write(Path target, byte[] bytes) {
        try {
            if (Files.exists(target) && Arrays.equals(Files.readAllBytes(target), bytes)) {
                return;
            }
            Path folder = Optional.ofNullable(target.getParent()).orElseThrow();
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, ".part", "");
            try {
                Files.write(part, bytes);
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw Fault.world("Cannot write " + target + ": " + e, e);
        }
    }

    /** Files of a day. */
    private int perDay() {
        return HOURS * perHour();
    }

    private int perHour() {
        int hour = (perDay + HOURS - 1) / HOURS;
        return (hour + FILE_RECORDS - 1) / FILE_RECORDS;
    }

    /** @param index of the file in its day */
    private SampleFile file(int day, int index, int revision) {
        int from = (int) ((long) perDay * index / perDay());
        int to = (int) ((long) perDay * (index + 1) / perDay());
        // Beyond all numbers of records, so that it has chances of its own.
        Random random = records.random(day, -2 - index);
        Content content = new Content();
        for (int number = from; number < to; number++) {
            ObjectNode record = records.record(day, number);
            if (revision > 0) {
                changed(record);
            }
            if (revision == 0 || number != from) {
                content.add(text(record));
            }
            boolean twice = !tidy && random.nextInt(100) == 0;
            if (twice && (revision == 0 || number != from)) {
                content.repeat(text(record));
            }
        }
        if (revision > 0) {
            content.add(text(records.record(day, from + perDay)));
        }
        if (index > 0 && !tidy && random.nextInt(3) == 0) {
            // The stream was not sure whether the end of the last file was delivered.
            content.repeat(text(records.record(day, from - 1)));
        }
        String name = "access-records-1-%s-%02d-%02d-00-%08x.gz"
                .formatted(
                        first.plusDays(day),
                        index / perHour(),
                        index % perHour() * 60 / perHour(),
                        new Random(seed * 31 + day * 1_000_003L + index).nextInt());
        byte[] bytes = tidy
                ? gzip(lines(content.texts, "\n").getBytes(StandardCharsets.UTF_8), false)
                : untidy(index, content, random);
        return new SampleFile(folder(day, index / perHour()) + name, bytes, content);
    }

    private SampleFile empty(int day) {
        String name = "access-records-1-%s-12-30-00-00000000.gz".formatted(first.plusDays(day));
        return new SampleFile(folder(day, HOURS / 2) + name, gzip(new byte[0], false), new Content());
    }

    private SampleFile lateFile(int number) {
        int last = days * HOURS - 1;
        int hour = last - number % (last + 1);
        int day = hour / HOURS;
        Content content = new Content();
        for (int i = 0; i < LATE_RECORDS; i++) {
            int inDay = (int) ((long) perDay * (hour % HOURS) / HOURS);
            content.add(text(records.record(day, inDay + (2 + number * LATE_RECORDS + i) * perDay)));
        }
        String name = "access-records-1-%s-%02d-59-59-late%04d.gz".formatted(first.plusDays(day), hour % HOURS, number);
        byte[] bytes = gzip(lines(content.texts, tidy ? "\n" : "").getBytes(StandardCharsets.UTF_8), false);
        return new SampleFile(folder(day, hour % HOURS) + name, bytes, content);
    }

    private String folder(int day, int hour) {
        LocalDate date = first.plusDays(day);
        return "%04d/%02d/%02d/%02d/".formatted(date.getYear(), date.getMonthValue(), date.getDayOfMonth(), hour);
    }

    private static void changed(ObjectNode record) {
        if (record.get("payload") instanceof ObjectNode payload) {
            payload.put("elapseMS", 1_000_000L + payload.path("elapseMS").asLong());
        }
    }

    private byte[] untidy(int index, Content content, Random random) {
        int layout = index == 0 ? 5 : random.nextInt(20);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        switch (layout) {
            case 0, 1, 2, 3, 4 -> {
                content.dirty(random);
                content.bytes(text, "\n");
            }
            case 5 -> {
                // A record that is no object at all, between two that are.
                content.addScalar();
                content.bytes(text, "\n");
            }
            case 6 -> {
                text.writeBytes(new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF});
                content.dirty(random);
                content.bytes(text, "\r\n");
            }
            case 7 -> content.texts.forEach(record -> text.writeBytes(utf8(pretty(record) + "\n")));
            case 8 -> text.writeBytes(utf8("[" + String.join(",\n", content.texts) + "]"));
            default -> {
                content.bytes(text, "");
                if (layout == 9) {
                    // The writer died.
                    text.writeBytes(utf8("{\"timestamp\":1793000000000,\"stack\":\"pr"));
                    content.broken++;
                }
            }
        }
        int wrapping = random.nextInt(24);
        byte[] bytes = text.toByteArray();
        return wrapping == 0 ? bytes : gzip(bytes, wrapping == 1);
    }

    private static String lines(List<String> texts, String separator) {
        StringBuilder lines = new StringBuilder();
        texts.forEach(text -> lines.append(text).append(separator));
        return lines.toString();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] gzip(byte[] bytes, boolean members) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        int half = members ? bytes.length / 2 : bytes.length;
        try {
            gzip(bytes, 0, half, compressed);
            if (members) {
                gzip(bytes, half, bytes.length, compressed);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compressed.toByteArray();
    }

    private static void gzip(byte[] bytes, int from, int to, ByteArrayOutputStream target) throws IOException {
        try (GZIPOutputStream gzip = new GZIPOutputStream(target)) {
            gzip.write(bytes, from, to - from);
        }
    }

    private String text(ObjectNode record) {
        try {
            return json.writeValueAsString(record);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private String pretty(String record) {
        try {
            return pretty.writeValueAsString(json.readTree(record));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What becomes one file. */
    private static final class Content {
        private final List<String> texts = new ArrayList<>();
        /** Lines that are no record, by the number of the record that they stand before. */
        private final Map<Integer, List<byte[]>> dirt = new HashMap<>();

        private int repeated;
        private int broken;

        void add(String text) {
            texts.add(text);
        }

        void repeat(String text) {
            texts.add(text);
            repeated++;
        }

        void addScalar() {
            texts.add(texts.size() / 2, "\"heartbeat\"");
        }

        void dirty(Random random) {
            int count = 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                byte[] line = utf8(BROKEN.get(random.nextInt(BROKEN.size())));
                if (random.nextInt(4) == 0) {
                    // Latin-1 in what should be UTF-8.
                    line = "{\"timestamp\":1793000000000,\"stack\":\"caf\u00E9\"}"
                            .getBytes(StandardCharsets.ISO_8859_1);
                }
                dirt.computeIfAbsent(random.nextInt(texts.size()), before -> new ArrayList<>())
                        .add(line);
            }
            broken += count;
        }

        void bytes(ByteArrayOutputStream target, String separator) {
            for (int i = 0; i < texts.size(); i++) {
                for (byte[] line : dirt.getOrDefault(i, List.of())) {
                    target.writeBytes(line);
                    target.writeBytes(utf8(separator));
                }
                target.writeBytes(utf8(texts.get(i)));
                target.writeBytes(utf8(separator));
            }
        }
    }
}
