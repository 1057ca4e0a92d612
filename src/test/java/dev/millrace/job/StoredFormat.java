package dev.millrace.job;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.storage.StoredFile;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.S3Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * A store as some version of Millrace left it: everything in an S3 bucket, and the DuckDB files beside it, as one zip
 * file among the test resources. On S3 an etag comes from the content, so a copy is as good as the original.
 *
 * <p>{@code main} makes such a file with the code as it is: run it once for each format that is released, and keep every
 * file for ever.
 */
final class StoredFormat {
    static final String BUCKET = "stored-format";

    /** A job that ran to its end, twice. */
    static final String DONE = "done";

    /** A job whose only run stopped when one of its two units was landed. */
    static final String SPOOLED = "spooled";

    /** A job whose only run stopped when all was landed and nothing loaded. */
    static final String LANDED = "landed";

    static final List<String> JOBS = List.of(DONE, SPOOLED, LANDED);

    private static final String STORE = "store/";
    private static final String WAREHOUSE = "warehouse/";

    private final Path folder;

    /** @param folder for job files and warehouses */
    StoredFormat(Path folder) {
        this.folder = folder;
    }

    static Storage bucket() {
        return Storages.open("s3://" + BUCKET + "/", S3Server.options());
    }

    /** The items that every job of the store has read. */
    static List<String> items() {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            items.add("{\"PK\": {\"S\": \"ORDER#" + i + "\"}, \"Kind\": {\"S\": \"Order\"}, \"total\": {\"N\": \"" + i
                    + ".25\"}, \"lines\": {\"L\": [{\"M\": {\"sku\": {\"S\": \"a" + i + "\"}, \"n\": {\"N\": \"" + i
                    + "\"}}}, {\"M\": {\"sku\": {\"S\": \"b\"}}}]}, \"tags\": {\"SS\": [\"x\", \"y" + i + "\"]}}");
        }
        for (int i = 0; i < 5; i++) {
            items.add("{\"PK\": {\"S\": \"USER#" + i + "\"}, \"Kind\": {\"S\": \"User\"}, \"photo\": {\"B\": \"AAE" + i
                    + "\"}, \"active\": {\"BOOL\": " + (i % 2 == 0) + "}, \"note\": {\"NULL\": true}, \"points\": "
                    + (i == 3 ? "{\"S\": \"many\"}" : "{\"N\": \"" + i + "\"}") + "}");
        }
        items.add("{\"PK\": {\"S\": \"CONFIG\"}, \"big\": {\"N\": \"99999999999999999999999999999999999999\"}}");
        return items;
    }

    /** The file of one of the jobs. */
    Path jobFile(String job) {
        try {
            return Files.writeString(folder.resolve(job + ".yaml"), """
                    job: %1$s
                    resume-within: 3650d
                    source: {dynamodb: {table: stored-format, region: us-east-1, endpoint: "%2$s", segments: 2}}
                    schema: {kind: Kind, refresh: 3650d}
                    tables: {Order: {name: orders, columns: {doubled: {sql: total * 2}}}}
                    staging: {at: "s3://%3$s/", keep: 3650d}
                    s3: {endpoint: "%4$s", path-style: true}
                    warehouse: {duckdb: {path: %5$s}, schema: w, gate: {min-rows: {orders: 1}}}
                    """.formatted(
                    job, DynamoDbLocal.endpoint(), BUCKET, S3Server.front().uri(), database(job)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path database(String job) {
        return folder.resolve(job + ".duckdb");
    }

    /** Puts a store of the test resources in place: its objects into the bucket, its warehouses into the folder. */
    void unpack(String resource) {
        S3Server.makeBucket(BUCKET);
        Storage bucket = bucket();
        try (InputStream file = StoredFormat.class.getResourceAsStream(resource);
                ZipInputStream zip = new ZipInputStream(file)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                byte[] content = zip.readAllBytes();
                if (entry.getName().startsWith(STORE)) {
                    String path = entry.getName().substring(STORE.length());
                    bucket.put(path, isText(path) ? placed(content) : content);
                } else {
                    Path target = folder.resolve(entry.getName().substring(WAREHOUSE.length()));
                    Files.createDirectories(target.getParent());
                    Files.write(target, content);
                }
            }
            // Live is a hard link to the newest version, which no zip file keeps.
            List<Path> versions = files(folder.resolve(DONE + ".duckdb.versions"));
            Files.createLink(database(DONE), versions.get(versions.size() - 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isText(String path) {
        return path.endsWith(".json");
    }

    private byte[] placed(byte[] json) {
        return new String(json, StandardCharsets.UTF_8)
                .replace("$DYNAMODB", DynamoDbLocal.endpoint().toString())
                .replace("$S3", S3Server.front().uri().toString())
                .replace("$HERE", folder.toString())
                .getBytes(StandardCharsets.UTF_8);
    }

    private byte[] unplaced(byte[] json) {
        return new String(json, StandardCharsets.UTF_8)
                .replace(DynamoDbLocal.endpoint().toString(), "$DYNAMODB")
                .replace(S3Server.front().uri().toString(), "$S3")
                .replace(folder.toString(), "$HERE")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(".duckdb"))
                    .sorted(Comparator.comparing(Path::toString))
                    .toList();
        }
    }

    /** Makes a store by the code as it is. The argument is the zip file to write. */
    public static void main(String[] arguments) throws IOException {
        StoredFormat format = new StoredFormat(Files.createTempDirectory("stored-format"));
        S3Server.makeBucket(BUCKET);
        Items.table("stored-format", List.of("PK:S"), items());
        format.run(DONE, Storages::open);
        format.run(DONE, Storages::open);
        format.run(
                SPOOLED,
                WatchedStorage.Effects.stoppingAtFirst("units/extract/").storages());
        format.run(
                LANDED,
                WatchedStorage.Effects.stoppingAtFirst("phases/extract.json").storages());
        Path zip = Path.of(arguments[0]);
        format.pack(zip);
        System.out.println(zip + ": " + Files.size(zip) + " bytes");
        System.exit(0);
    }

    private void run(String job, BiFunction<String, StorageOptions, Storage> storages) {
        Trial.Ended ended = new Trial(folder).through(storages).run(jobFile(job));
        System.out.println(job + ": exit code " + ended.code() + "\n" + ended.out() + ended.err());
    }

    private void pack(Path file) throws IOException {
        Storage bucket = bucket();
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (StoredFile stored : bucket.list("")) {
                zip.putNextEntry(new ZipEntry(STORE + stored.path()));
                try (InputStream in = bucket.open(stored.path())) {
                    byte[] content = in.readAllBytes();
                    zip.write(isText(stored.path()) ? unplaced(content) : content);
                }
            }
            for (Path version : files(folder.resolve(DONE + ".duckdb.versions"))) {
                zip.putNextEntry(new ZipEntry(WAREHOUSE + folder.relativize(version)));
                Files.copy(version, zip);
            }
        }
    }
}
