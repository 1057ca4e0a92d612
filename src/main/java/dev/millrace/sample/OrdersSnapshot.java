package dev.millrace.sample;

import dev.millrace.fault.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/**
 * A table of orders as the export of a database leaves it: {@code part-00000.parquet} and so on, in the order of the keys.
 * Rows depend on the seed and their key alone.
 *
 * <p>Files are of very different sizes, and later days have far more orders. The table has changed while it grew, and so
 * do the files: {@code total} is an int in the first third of them, a bigint in the second and a decimal in the third;
 * {@code coupon} comes with the second, {@code channel} goes with the third.
 */
public final class OrdersSnapshot {
    public static final long SEED = 20_261_101;

    /** The last day of orders. */
    private static final LocalDate LAST_DAY = LocalDate.parse("2026-11-20");

    private static final int DAYS = 30;
    private static final long SECONDS_OF_DAY = 86_400;
    private static final List<String> STATUS = List.of("placed", "paid", "shipped", "returned");
    private static final List<String> CHANNELS = List.of("web", "app", "shop");

    private static final String COMMON = "required int64 order_id; required int32 customer_id;"
            + " required int64 created_at (TIMESTAMP(MICROS,true)); optional binary status (STRING);";
    private static final List<MessageType> SCHEMAS = List.of(
            schema("optional binary channel (STRING); optional int32 total;"),
            schema("optional binary channel (STRING); optional int64 total; optional binary coupon (STRING);"),
            schema("optional int64 total (DECIMAL(18,2)); optional binary coupon (STRING);"));

    private final long seed;
    private final long rows;
    private final int files;

    /**
     * An order.
     *
     * @param generation of its file: which columns there are, 0 to 2
     * @param cents of the total; absent for a total of null
     */
    public record Order(
            int generation,
            long id,
            int customer,
            Instant createdAt,
            String status,
            Optional<String> channel,
            Optional<Long> cents,
            Optional<String> coupon) {}

    /** @param files that the rows are in; none is empty */
    public OrdersSnapshot(long seed, long rows, int files) {
        if (files < 3 || files > 1_000_000) {
            throw Fault.user("Invalid --files: " + files + ": must be 3 to 1000000");
        }
        if (rows < files || rows > 10_000_000_000L) {
            throw Fault.user("Invalid --rows: " + rows + ": must be " + files + " to 10000000000, at least one a file");
        }
        this.seed = seed;
        this.rows = rows;
        this.files = files;
    }

    private static MessageType schema(String columns) {
        return MessageTypeParser.parseMessageType("message orders { " + COMMON + columns + " }");
    }

    /** The first key of each file, and one behind the last one. */
    private long[] firsts() {
        double[] until = new double[files + 1];
        for (int i = 0; i < files; i++) {
            double part = new SplittableRandom(seed + i).nextDouble();
            until[i + 1] = until[i] + 0.1 + part * part * part;
        }
        long spread = rows - files;
        return LongStream.rangeClosed(0, files)
                .map(i -> i + (long) (spread * (until[(int) i] / until[files])))
                .toArray();
    }

    private int generation(int file) {
        return (int) (3L * file / files);
    }

    /** The orders of a file. */
    public List<Order> orders(int file) {
        long[] firsts = firsts();
        return LongStream.range(firsts[file], firsts[file + 1])
                .mapToObj(id -> order(id, generation(file)))
                .toList();
    }

    private Order order(long id, int generation) {
        SplittableRandom random = new SplittableRandom(seed * 31 + id);
        // Four in ten are of the last day, a fifth of the rest of the day before, and so on.
        int daysBack = 0;
        while (daysBack < DAYS - 1 && random.nextInt(10) >= (daysBack == 0 ? 4 : 2)) {
            daysBack++;
        }
        Instant createdAt = LAST_DAY.minusDays(daysBack)
                .atStartOfDay(ZoneOffset.UTC)
                .toInstant()
                .plus(random.nextLong(SECONDS_OF_DAY * 1_000_000), ChronoUnit.MICROS);
        long total = switch (generation) {
            case 0 -> 100 * random.nextLong(100_000);
            // Too many for an int.
            case 1 -> 100 * random.nextLong(6_000_000_000L);
            default -> random.nextLong(1_000_000_000_000L);
        };
        return new Order(
                generation,
                id,
                1 + random.nextInt(50_000),
                createdAt,
                STATUS.get(random.nextInt(STATUS.size())),
                generation < 2 ? Optional.of(CHANNELS.get(random.nextInt(CHANNELS.size()))) : Optional.empty(),
                random.nextInt(50) == 0 ? Optional.empty() : Optional.of(total),
                generation > 0 && random.nextInt(4) == 0
                        ? Optional.of("SAVE-" + random.nextInt(100))
                        : Optional.empty());
    }

    /**
     * Writes the files to a folder.
     *
     * @return their bytes
     */
    public long write(Path folder) {
        long bytes = 0;
        try {
            Files.createDirectories(folder);
            for (int file = 0; file < files; file++) {
                Path target = folder.resolve("part-%05d.parquet".formatted(file));
                Path writing = folder.resolve("." + target.getFileName() + ".writing");
                Files.deleteIfExists(writing);
                write(file, writing);
                Files.move(
                        writing,
                        target,
                        java.nio.file.StandardCopyOption.REPLACE_EXISTING,
                        java.nio.file.StandardCopyOption.ATOMIC_MOVE);
                bytes += Files.size(target);
            }
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(int file, Path target) throws IOException {
        MessageType schema = SCHEMAS.get(generation(file));
        Configuration local = new Configuration(false);
        // Without files of checksums beside them.
        local.set("fs.file.impl", "org.apache.hadoop.fs.RawLocalFileSystem");
        local.setBoolean("fs.file.impl.disable.cache", true);
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(target.toUri()))
                .withConf(local)
                .withType(schema)
                .withCompressionCodec(CompressionCodecName.SNAPPY)
                .build()) {
            for (Order order : orders(file)) {
                writer.write(group(schema, order));
            }
        }
    }

    private static Group group(MessageType schema, Order order) {
        Group group = new SimpleGroup(schema)
                .append("order_id", order.id())
                .append("customer_id", order.customer())
                .append("created_at", ChronoUnit.MICROS.between(Instant.EPOCH, order.createdAt()))
                .append("status", order.status());
        order.channel().ifPresent(channel -> group.add("channel", channel));
        order.coupon().ifPresent(coupon -> group.add("coupon", coupon));
        order.cents().ifPresent(cents -> {
            switch (order.generation()) {
                case 0 -> group.add("total", Math.toIntExact(cents / 100));
                case 1 -> group.add("total", cents / 100);
                default -> group.add("total", cents);
            }
        });
        return group;
    }
}
