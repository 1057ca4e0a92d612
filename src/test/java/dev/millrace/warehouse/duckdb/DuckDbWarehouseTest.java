package dev.millrace.warehouse.duckdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import dev.millrace.testing.SharedSpark;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Queried;
import dev.millrace.warehouse.RemoteLike;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.WarehouseContract;
import dev.millrace.warehouse.WarehouseEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The contract on a DuckDB file, and what is special about files. */
@ExtendWith(SharedSpark.class)
class DuckDbWarehouseTest extends WarehouseContract {
    /** A file in the test's folder. */
    public static final class Engine implements WarehouseEngine {
        @Override
        public Warehouse open(Path folder, Steps steps) {
            return new DuckDbWarehouse(folder.resolve("warehouse.duckdb"), SCHEMA, DuckDbOptions.DEFAULT, steps);
        }
    }

    @Override
    protected WarehouseEngine engine() {
        return new Engine();
    }

    @Override
    protected String hex(String column) {
        return "hex(" + column + ")";
    }

    private Path database() {
        return folder.resolve("warehouse.duckdb");
    }

    private Path versions() {
        return folder.resolve("warehouse.duckdb.versions");
    }

    private List<String> names(Path of) {
        try (Stream<Path> entries = Files.list(of)) {
            return entries.map(p -> p.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void execute(Path file, String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private void run(Warehouse on, int k) {
        Load load = Landing.load(k);
        on.prepare(load);
        for (LandedTable table : landing.landed(k, 2)) {
            on.upload(load, table, landing.storage(), file -> {});
        }
        on.replace(load);
        on.dropPrevious(1);
    }

    @Override
    protected int leastEffects() {
        return 10;
    }

    @Override
    protected void assertNothingLeftBut(int live, int previous) {
        assertThat(names(versions()))
                .filteredOn(name -> !name.endsWith(".rolled-back"))
                .containsExactly(Landing.runId(previous) + ".duckdb", Landing.runId(live) + ".duckdb", "lock");
    }

    @Test
    void thatARunWasRolledBackIsKnownAsLongAsAVersionBeforeItIsKept() {
        replaceBy(1);
        replaceBy(2);
        warehouse.rollback();
        replaceBy(3);
        assertThat(names(versions()))
                .contains(Landing.runId(2) + ".rolled-back")
                .doesNotContain(Landing.runId(2) + ".duckdb");
        Fault refused = fault(() -> upload(Landing.load(2), landing.landed(2, 1)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.GATE);
        assertThat(refused).hasMessageContaining(" was live and was rolled back; live stays run " + Landing.runId(3));
        replaceBy(4);
        assertThat(names(versions()))
                .contains(Landing.runId(2) + ".rolled-back")
                .doesNotContain(Landing.runId(2) + ".duckdb");
        warehouse.dropPrevious(1);
        warehouse.prepare(Landing.load(5));
        assertThat(names(versions())).noneMatch(name -> name.endsWith(".rolled-back"));
    }

    @Test
    void aFileThatMillraceDidNotMakeIsLeftAsItIs() throws IOException, SQLException {
        Path other = folder.resolve("other.duckdb");
        execute(other, "CREATE TABLE mine (a INTEGER)");
        List<byte[]> contents = List.of(
                bytes(""), bytes("an important letter, longer than a header".repeat(500)), Files.readAllBytes(other));
        for (byte[] content : contents) {
            Files.write(database(), content);
            List<Runnable> acts = List.of(
                    () -> warehouse.live(),
                    () -> warehouse.previous(),
                    () -> warehouse.prepare(Landing.load(1)),
                    () -> warehouse.replace(Landing.load(1)),
                    () -> warehouse.rollback(),
                    () -> warehouse.dropPrevious(0),
                    () -> Queried.of(warehouse, "SELECT 1"));
            for (Runnable act : acts) {
                Fault refused = fault(act);
                assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
                assertThat(refused)
                        .hasMessage(
                                "Invalid warehouse " + database() + ": the file is there, but Millrace did not make "
                                        + "it, and it is left as it is: choose another path, or move it away");
            }
            assertThat(Files.readAllBytes(database())).isEqualTo(content);
            assertThat(versions()).doesNotExist();
        }
    }

    @Test
    void aFileOfANewerFormatIsRefused() throws SQLException {
        replaceBy(1);
        execute(database(), "UPDATE _millrace.version SET format = 2");
        Fault refused = fault(() -> warehouse.live());
        assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
        assertThat(refused).hasMessageContaining("format 2 was written by a newer Millrace; this one knows up to 1");
    }

    @Test
    void whoHoldsTheFileOpenToWriteIsNamed() throws IOException, InterruptedException {
        replaceBy(1);
        Process holder = Holder.start(database(), "READ_WRITE");
        try {
            Fault refused = fault(() -> warehouse.live());
            assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused)
                    .hasMessage("Cannot read: another process holds " + database()
                            + ": close it, or open it read-only, and run again");
        } finally {
            holder.destroyForcibly().waitFor();
        }
        warehouse.prepare(Landing.load(2));
        Path staging = versions().resolve(Landing.runId(2) + ".duckdb");
        Process loader = Holder.start(staging, "READ_WRITE");
        try {
            Fault refused = fault(() -> upload(Landing.load(2), landing.written(2, 1)));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
            assertThat(refused).hasMessageContaining("another process holds " + staging);
            // A run at work is no leftover.
            warehouse.prepare(Landing.load(3));
            assertThat(staging).exists();
        } finally {
            loader.destroyForcibly().waitFor();
        }
        warehouse.prepare(Landing.load(3));
        assertThat(staging).doesNotExist();
    }

    @Test
    void aLogBesideLiveIsNotAppliedToTheNextVersion() throws IOException {
        replaceBy(1);
        warehouse.prepare(Landing.load(2));
        upload(Landing.load(2), landing.written(2, 1));
        Path log = folder.resolve("warehouse.duckdb.wal");
        Files.write(log, new byte[0]);
        Fault refused = fault(() -> warehouse.replace(Landing.load(2)));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.WORLD);
        assertThat(refused).hasMessageContaining("another program wrote to it and left " + log);
        Files.delete(log);
        assertThat(warehouse.live()).contains(version(1));
        warehouse.replace(Landing.load(2));
        assertThat(consistent()).containsExactly("2 2 10", "2 2 10");
    }

    @Test
    void aReaderKeepsTheFileItOpened() throws SQLException {
        replaceBy(1);
        replaceBy(2);
        try (Connection reader = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = reader.createStatement()) {
            statement.execute("ATTACH '" + database() + "' AS w (READ_ONLY)");
            replaceBy(3);
            warehouse.dropPrevious(0);
            try (ResultSet row = statement.executeQuery("SELECT min(version), max(version) FROM w.shop.orders")) {
                row.next();
                assertThat(row.getLong(1)).isEqualTo(2);
                assertThat(row.getLong(2)).isEqualTo(2);
            }
        }
        assertThat(consistent()).containsExactly("3 3 10", "3 3 10");
    }

    @Test
    void aVersionThatAnotherProcessReadsIsDroppedAllTheSame() throws IOException, InterruptedException {
        replaceBy(1);
        replaceBy(2);
        Process reader = Holder.start(versions().resolve(Landing.runId(1) + ".duckdb"), "READ_ONLY");
        try {
            warehouse.dropPrevious(0);
            assertThat(warehouse.previous()).isEmpty();
            assertThat(names(versions())).containsExactly(Landing.runId(2) + ".duckdb", "lock");
        } finally {
            reader.destroyForcibly().waitFor();
        }
    }

    @Test
    void filesOfARemoteStorageAreDownloadedAndRemoved() throws IOException {
        Load load = Landing.load(1);
        warehouse.prepare(load);
        RemoteLike remote = new RemoteLike(landing.storage());
        for (LandedTable table : landing.written(1, 20)) {
            warehouse.upload(load, table, remote, file -> {});
        }
        warehouse.replace(load);
        assertThat(consistent()).containsExactly("1 1 200", "1 1 200");
        assertThat(names(versions())).containsExactly(Landing.runId(1) + ".duckdb", "lock");
        assertThat(names(folder)).containsExactly("staging", "warehouse.duckdb", "warehouse.duckdb.versions");
    }

    @Test
    void aSymbolicLinkKeepsItsPlace() throws IOException {
        Files.createDirectories(folder.resolve("disk"));
        Path target = folder.resolve("disk").resolve("it's [live].duckdb");
        Warehouse direct = new DuckDbWarehouse(target, WarehouseEngine.SCHEMA, DuckDbOptions.DEFAULT);
        landing.write(1, 2);
        landing.write(2, 2);
        run(direct, 1);
        Files.createSymbolicLink(folder.resolve("link.duckdb"), target);
        Warehouse linked =
                new DuckDbWarehouse(folder.resolve("link.duckdb"), WarehouseEngine.SCHEMA, DuckDbOptions.DEFAULT);
        run(linked, 2);
        assertThat(folder.resolve("link.duckdb")).isSymbolicLink();
        assertThat(direct.live()).contains(version(2));
        Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nowhere"));
        assertThat(fault(() -> new DuckDbWarehouse(folder.resolve("dangling"), "shop", DuckDbOptions.DEFAULT)))
                .hasMessage("Invalid warehouse " + folder.resolve("dangling") + ": a symbolic link that leads nowhere");
    }

    @Test
    void reservedSchemasAreRefused() {
        assertThat(fault(() -> new DuckDbWarehouse(database(), "_Millrace", DuckDbOptions.DEFAULT)))
                .hasMessage("Invalid warehouse schema: _Millrace: the name is taken, choose another");
    }

    @Test
    void aQueryReachesNoOtherFile() throws IOException {
        replaceBy(1);
        Path secret = Files.writeString(folder.resolve("secret.csv"), "a\n1\n");
        for (String sql : List.of(
                "SELECT * FROM read_csv('" + secret + "')",
                "SELECT * FROM '" + secret + "'",
                "SELECT 1) TO '" + secret + "' --")) {
            Fault refused = fault(() -> Queried.of(warehouse, sql));
            assertThat(refused.kind()).isEqualTo(Fault.Kind.USER);
        }
        assertThat(secret).hasContent("a\n1\n");
    }

    @Test
    void filesThatSparkWroteKeepEveryValue(SparkSession spark) throws IOException {
        TableDefinition table = new TableDefinition(
                "t",
                List.of(
                        new Column("id", ColumnType.BIGINT, true),
                        new Column("big", ColumnType.decimal(38, 10), true),
                        new Column("small", ColumnType.decimal(9, 2), true),
                        new Column("data", ColumnType.BINARY, true),
                        new Column("day", ColumnType.DATE, true),
                        new Column("moment", ColumnType.TIMESTAMP, true)),
                List.of());
        String select = "SELECT CAST(9007199254740993 AS BIGINT) AS id,"
                + " CAST('-1234567890123456789012345678.0123456789' AS DECIMAL(38,10)) AS big,"
                + " CAST('-1234567.89' AS DECIMAL(9,2)) AS small, unhex('00FF') AS data, DATE'0001-01-01' AS day,"
                + " TIMESTAMP'%s' AS moment";
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        List<DataFile> files = new ArrayList<>();
        List<String> types = List.of("TIMESTAMP_MICROS", "INT96");
        for (String type : types) {
            String moment = type.equals("INT96") ? "1999-12-31 23:59:59.999999" : "0001-01-01 00:00:00.000001";
            Path out = folder.resolve("staging").resolve(type);
            spark.conf().set("spark.sql.parquet.outputTimestampType", type);
            // By default Spark refuses such old days, or shifts them to another calendar.
            spark.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
            spark.sql(select.formatted(moment)).coalesce(1).write().parquet(out.toString());
            spark.conf().unset("spark.sql.parquet.datetimeRebaseModeInWrite");
            spark.conf().unset("spark.sql.parquet.outputTimestampType");
            String name = names(out).stream()
                    .filter(n -> n.endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
            files.add(landing.file("t", type + "/" + name, 1));
        }
        upload(load, List.of(Landing.table(table, FileFormat.PARQUET, Codec.SNAPPY, files)));
        warehouse.replace(load);
        assertThat(Queried.of(warehouse, "SELECT moment, id, big, small, hex(data), day FROM t ORDER BY 1")
                        .rows())
                .containsExactly(
                        List.of(
                                "0001-01-01 00:00:00.000001",
                                "9007199254740993",
                                "-1234567890123456789012345678.0123456789",
                                "-1234567.89",
                                "00FF",
                                "0001-01-01"),
                        List.of(
                                "1999-12-31 23:59:59.999999",
                                "9007199254740993",
                                "-1234567890123456789012345678.0123456789",
                                "-1234567.89",
                                "00FF",
                                "0001-01-01"));
    }

    /** The value itself is for nobody who reads logs. */
    @Test
    void aValueThatDoesNotFitIsNamedByRowAndColumnAndNotShown() {
        TableDefinition table = new TableDefinition(
                "t",
                List.of(
                        new Column("id", ColumnType.BIGINT, false),
                        new Column("it's \"text\"", ColumnType.STRING, true),
                        new Column("price", ColumnType.decimal(5, 2), true),
                        new Column("day", ColumnType.DATE, true),
                        new Column("data", ColumnType.BINARY, true)),
                List.of("id"));
        Load load = Landing.load(1, List.of(table));
        warehouse.prepare(load);
        List<List<String>> misfits = List.of(
                List.of("secret,,,,", "column id holds what is no bigint"),
                List.of("1.5,,,,", "column id holds what is no bigint"),
                List.of(",\"secret\",,,", "column id has no value"),
                List.of("7,,1.005,,", "column price holds what is no decimal(5,2)"),
                List.of("7,,1000,,", "column price holds what is no decimal(5,2)"),
                List.of("7,,,secret,", "column day holds what is no date"),
                List.of("7,,,,se?cret", "column data holds what is no binary"));
        for (int i = 0; i < misfits.size(); i++) {
            String rows = "1,\"a\nb\",1.00,2026-11-27,AP8=\n".repeat(3000)
                    + misfits.get(i).get(0) + "\n" + "x,,,,\n".repeat(3000);
            DataFile file =
                    landing.file("t", i + ".csv", 6001, bytes("id,\"it's \"\"text\"\"\",price,day,data\n" + rows));
            assertMisfit(
                    load,
                    Landing.table(table, FileFormat.CSV, Codec.NONE, List.of(file)),
                    misfits.get(i).get(1));
        }
        TableDefinition ids = new TableDefinition("t", table.columns().subList(0, 1), List.of("id"));
        Load idsOnly = Landing.load(2, List.of(ids));
        warehouse.prepare(idsOnly);
        DataFile file = landing.parquet(
                "t",
                "t.parquet",
                6000,
                "SELECT CASE range WHEN 3000 THEN NULL ELSE range END::BIGINT AS id FROM range(6000)");
        assertMisfit(
                idsOnly, Landing.table(ids, FileFormat.PARQUET, Codec.ZSTD, List.of(file)), "column id has no value");
    }

    private void assertMisfit(Load load, LandedTable table, String misfit) {
        Fault refused = fault(() -> warehouse.upload(load, table, landing.storage(), f -> {}));
        assertThat(refused.kind()).isEqualTo(Fault.Kind.SPOILED);
        assertThat(refused)
                .hasMessage("Cannot load "
                        + landing.storage().uri(table.files().get(0).path()) + " into t: row 3001, " + misfit
                        + ": leave the column out or compute another, and run again");
    }

    @Test
    void batchesAreLimitedInFilesAndBytes() {
        List<DataFile> files = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            files.add(new DataFile("t", "f" + i, i < 2 ? 200L << 20 : 10, 1, "e"));
        }
        List<List<DataFile>> batches = FileLoader.batches(files);
        assertThat(batches).extracting(List::size).containsExactly(1, 256, 256, 87);
        assertThat(batches.stream().flatMap(List::stream)).containsExactlyElementsOf(files);
        assertThat(FileLoader.batches(List.of())).isEmpty();
    }
}
