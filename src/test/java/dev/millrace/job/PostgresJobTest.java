package dev.millrace.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.StoredFile;
import dev.millrace.testing.DynamoDbLocal;
import dev.millrace.testing.InMemory;
import dev.millrace.testing.PostgresServer;
import dev.millrace.testing.S3Server;
import dev.millrace.testing.SharedSpark;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.SqlText;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.duckdb.DuckDbOptions;
import dev.millrace.warehouse.duckdb.DuckDbWarehouse;
import dev.millrace.warehouse.postgres.PostgresWarehouse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** The shop's job with another warehouse: nothing changes but the key of the job file. */
@ExtendWith(SharedSpark.class)
class PostgresJobTest {
    private static final String TABLE = "postgres-job-test";
    private static final String SMALL_TABLE = "postgres-job-small";
    private static final String MISFIT_TABLE = "postgres-job-misfit";

    @TempDir(factory = InMemory.class)
    private static Path folder;

    @Test
    void theSameJobFillsPostgresWithTheSameRows() throws IOException {
        ShopJob.fill(TABLE, 400);
        ShopJob duckDb = new ShopJob(folder.resolve("duckdb"), TABLE, 2);
        assertThat(duckDb.run().exitCode()).isZero();

        String database = PostgresServer.newDatabase();
        ShopJob postgres = new ShopJob(folder.resolve("postgres"), TABLE, 2);
        postgres.setVariable("SHOP_PASSWORD", PostgresServer.PASSWORD);
        loadInto(postgres, database, "${env:SHOP_PASSWORD}");
        StoredJob.Ended ended = postgres.run();
        assertThat(ended.exitCode()).as(ended.output()).isZero();
        assertThat(ended.output())
                .contains("127.0.0.1:" + PostgresServer.port() + "/" + database + " (PostgreSQL, schema shop)");
        // The same rows again: whoever connected now would be turned away.
        PostgresServer.execute(
                "postgres", PostgresServer.ADMIN, "ALTER DATABASE " + database + " ALLOW_CONNECTIONS false");
        StoredJob.Ended same = postgres.run();
        assertThat(same.exitCode()).as(same.output()).isZero();
        assertThat(same.output()).contains("the warehouse was not asked");
        assertThat(postgres.run("--again").exitCode()).isEqualTo(1);
        PostgresServer.execute(
                "postgres", PostgresServer.ADMIN, "ALTER DATABASE " + database + " ALLOW_CONNECTIONS true");
        StoredJob.Ended again = postgres.run("--again");
        assertThat(again.exitCode()).as(again.output()).isZero();
        assertThat(again.output()).contains("which rollback brings back");
        try (Warehouse one = new DuckDbWarehouse(duckDb.database(), "shop", DuckDbOptions.DEFAULT);
                Warehouse other =
                        new PostgresWarehouse(PostgresServer.options(PostgresServer.port(), database), "shop")) {
            assertSameRows(one, other);
        }
        try (Stream<Path> files = Files.walk(folder.resolve("postgres"))) {
            assertThat(files.filter(Files::isRegularFile).filter(PostgresJobTest::holdsPassword))
                    .isEmpty();
        }
    }

    @Test
    void aLandingOnS3IsLoadedByAPasswordFromAFileThatNothingTells() throws IOException {
        ShopJob.fillSmall(SMALL_TABLE);
        String database = PostgresServer.newDatabase();
        String root = "s3://" + S3Server.newBucket() + "/staging";
        ShopJob job =
                new ShopJob(Files.createDirectories(folder.resolve("s3")), SMALL_TABLE, 2, root, S3Server.options());
        Path secret = Files.writeString(folder.resolve("db-password"), PostgresServer.PASSWORD + "\n");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        loadInto(job, database, "${file:" + secret + "}");
        List<String> told = new ArrayList<>();
        try (Telling telling = Telling.to(told)) {
            StoredJob.Ended ended = job.run();
            assertThat(ended.exitCode()).as(ended.output()).isZero();
            told.add(ended.output());
            telling.environment();
            for (String command : List.of("check", "resolve", "status", "plan")) {
                Trial.Ended looked = Trial.command(command, job.file().toString());
                told.add(looked.out() + looked.err());
                assertThat(looked.code()).as(looked.toString()).isZero();
            }
            // What a person may see of any process of this machine.
            told.addAll(ProcessHandle.allProcesses()
                    .flatMap(process -> process.info().commandLine().stream())
                    .toList());

            Files.writeString(secret, "");
            StoredJob.Ended empty = job.run("--again");
            assertThat(empty.exitCode()).isEqualTo(2);
            assertThat(empty.output())
                    .isEqualTo("Invalid secret: ${file:" + secret + "}: it is empty: write the secret to it\n");
            Files.writeString(secret, "wrong-" + PostgresServer.PASSWORD.substring(2));
            StoredJob.Ended wrong = job.run("--again");
            assertThat(wrong.exitCode()).isEqualTo(1);
            assertThat(wrong.output()).contains("check warehouse.postgres.user and password");
            told.add(wrong.output());
        }
        assertThat(told).hasSizeGreaterThan(30).anyMatch(text -> text.contains("SparkListenerJobStart"));
        assertThat(String.join("\n", told)).contains("spark.app.name", "Unit s00001-of-00002");
        assertThat(told).noneMatch(text -> text.contains(PostgresServer.PASSWORD.substring(2)));
        for (StoredFile file : job.storage().list("")) {
            assertThat(job.storage().find(file.path()).orElseThrow().utf8())
                    .as(file.path())
                    .doesNotContain(PostgresServer.PASSWORD);
        }
        try (Warehouse warehouse =
                new PostgresWarehouse(PostgresServer.options(PostgresServer.port(), database), "shop")) {
            assertThat(Queried.of(
                                    warehouse,
                                    "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customers),"
                                            + " (SELECT count(*) FROM orders__lines)")
                            .rows())
                    .containsExactly(List.of("20", "20", "40"));
        }
    }

    @Test
    void whatCannotBeLoadedEndsItsRunAndTheNextBeginsAnew() throws IOException {
        ShopJob.fillSmall(MISFIT_TABLE);
        DynamoDbLocal.client()
                .putItem(put -> put.tableName(MISFIT_TABLE)
                        .item(Map.of(
                                "PK", AttributeValue.fromS("CUSTOMER#1"),
                                "EntityType", AttributeValue.fromS("Customer"),
                                "remark", AttributeValue.fromS("no text of PostgreSQL's: \0"))));
        String database = PostgresServer.newDatabase();
        ShopJob job = new ShopJob(
                Files.createDirectories(folder.resolve("misfit")), MISFIT_TABLE, 1, "staging: spool: delete");
        job.setVariable("SHOP_PASSWORD", PostgresServer.PASSWORD);
        loadInto(job, database, "${env:SHOP_PASSWORD}");

        StoredJob.Ended misfit = job.run();
        assertThat(misfit.exitCode()).isEqualTo(1);
        assertThat(misfit.output())
                .contains(" into customers: row ", ": leave the column out or compute another, and run again");
        Files.writeString(
                job.file(),
                Files.readString(job.file()).replace("{name: customers}", "{name: customers, drop: [remark]}"));
        List<String> removed = new ArrayList<>();
        Effects vanishing = new Effects((number, effect) -> false, effect -> {
            if (effect.isOn("phases/prepare.json")) {
                job.storage().list("").stream()
                        .map(StoredFile::path)
                        .filter(path -> path.contains("customers") && path.endsWith(".parquet"))
                        .findFirst()
                        .ifPresent(removed::add);
                job.storage().delete(removed);
            }
        });
        StoredJob.Ended gone = job.run(Clock.systemUTC(), vanishing.storages(), Surroundings::warehouse);
        assertThat(gone.exitCode()).as(gone.output()).isEqualTo(1);
        assertThat(gone.output()).contains("A landing file is gone: ", removed.get(0), ": the next run extracts again");
        StoredJob.Ended again = job.run();
        assertThat(again.exitCode()).as(again.output()).isZero();
        assertThat(again.output()).contains("every row accounted for");
    }

    /** Runs that bring the same leave the warehouse asleep here. */
    private static void loadInto(ShopJob job, String database, String password) throws IOException {
        PostgresShopJob.loadInto(job, database, password);
        Files.writeString(job.file(), Files.readString(job.file()).replace(", unchanged: replace", ""));
    }

    /**
     * Compares all tables.
     *
     * @param one DuckDB
     * @param other PostgreSQL, or one of its family
     */
    static void assertSameRows(Warehouse one, Warehouse other) {
        List<String> tables = Queried.of(
                        other, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'shop'")
                .rows()
                .stream()
                .map(row -> row.get(0))
                .toList();
        assertThat(tables).hasSizeGreaterThan(5);
        for (String table : tables) {
            List<List<String>> columns = Queried.of(
                            other,
                            "SELECT column_name::text, data_type::text FROM information_schema.columns"
                                    + " WHERE table_schema = 'shop' AND table_name = '" + table
                                    + "' ORDER BY ordinal_position")
                    .rows();
            Queried expected = Queried.of(one, select(columns, table, "lower(hex(%s))"));
            Queried found = Queried.of(other, select(columns, table, "encode(%s, 'hex')"));
            assertThat(found.header()).as(table).isEqualTo(expected.header());
            assertThat(sorted(found)).as(table).isEqualTo(sorted(expected));
        }
    }

    /** @param hex an expression for a binary column's bytes */
    private static String select(List<List<String>> columns, String table, String hex) {
        return columns.stream()
                .map(column -> {
                    String name = SqlText.identifier(column.get(0));
                    return column.get(1).equals("bytea") ? hex.formatted(name) + " AS " + name : name;
                })
                .collect(Collectors.joining(", ", "SELECT ", " FROM " + SqlText.identifier(table)));
    }

    /** DuckDB leaves the zero out that PostgreSQL writes before a point. */
    private static List<String> sorted(Queried queried) {
        return queried.rows().stream()
                .map(row -> row.stream()
                        .map(value -> value.startsWith(".") ? "0" + value : value)
                        .toList()
                        .toString())
                .sorted()
                .toList();
    }

    private static boolean holdsPassword(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(PostgresServer.PASSWORD);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
