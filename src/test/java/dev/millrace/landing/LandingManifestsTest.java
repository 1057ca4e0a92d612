package dev.millrace.landing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.run.DataFile;
import dev.millrace.run.TableCounts;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Codec;
import dev.millrace.table.FileFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LandingManifestsTest {
    private static final String CUSTOMERS = "shop/customers/snapshot=" + Shop.RUN + "/manifests/landing/";
    private static final String ORDERS = "shop/orders/snapshot=" + Shop.RUN + "/manifests/landing/";

    @TempDir
    Path root;

    private Storage storage;
    private LandingPlan plan;

    @BeforeEach
    void landTwoUnits() throws IOException {
        storage = Shop.storage(root);
        MemoryCommits commits = MemoryCommits.fresh().withInput("u0", 2).withInput("u1", 1);
        plan = Shop.plan(root, FileFormat.PARQUET, Codec.ZSTD, commits, "u0", "u1");
        land("u1", "c3");
        land("u0", "c1", "c2");
    }

    private void land(String unit, String... customers) throws IOException {
        UnitWriter writer = new UnitWriter(plan, unit);
        for (String id : customers) {
            InternalRow struct = new GenericInternalRow(new Object[] {UTF8String.fromString(id), null});
            writer.write(new GenericInternalRow(new Object[] {2, 0, null, null, struct, null}));
        }
        writer.commit();
    }

    @Test
    void namesEveryFileOfEveryTableAlsoOfEmptyOnes() {
        List<LandedTable> tables = LandingManifests.write(plan, plan.units());

        assertThat(tables.stream().map(LandedTable::name))
                .containsExactly("orders", "lines", "customers", "_quarantine");
        LandedTable customers = LandingManifests.read(storage, CUSTOMERS);
        assertThat(customers).isEqualTo(tables.get(2));
        assertThat(customers.rows()).isEqualTo(3);
        assertThat(customers.counts()).isEqualTo(new TableCounts(3, 3, 0, 0, 0, 0));
        assertThat(customers.files().stream().map(DataFile::path)).hasSize(2).isSorted();
        assertThat(customers.definition()).isEqualTo(Shop.CUSTOMERS);
        assertThat(customers.schemaVersion()).isEqualTo(3);
        LandedTable orders = LandingManifests.read(storage, ORDERS);
        assertThat(orders.files()).isEmpty();
        assertThat(orders.definition().columns()).last().extracting("name").isEqualTo("_rest");
    }

    @Test
    void isReadByOthers() throws SQLException {
        LandingManifests.write(plan, plan.units());

        // DuckDB else takes the folder's snapshot=… for a column.
        String data = "read_parquet('" + root + "/" + CUSTOMERS + "manifest-data.parquet', hive_partitioning = false)";
        List<DataFile> files = LandingManifests.read(storage, CUSTOMERS).files();
        assertThat(Shop.duckdb("select concat_ws(' ', uri, size, n_record, etag) from " + data))
                .isEqualTo(files.stream()
                        .map(file ->
                                storage.uri(file.path()) + " " + file.bytes() + " " + file.rows() + " " + file.etag())
                        .toList());
        assertThat(Shop.duckdb("select column_name || ' ' || column_type from (describe select * from " + data + ")"))
                .containsExactly("uri VARCHAR", "size BIGINT", "n_record BIGINT", "etag VARCHAR");
        assertThat(Shop.duckdb("select n_record || ' ' || n_file || ' ' || manifest from read_json('" + root + "/"
                        + CUSTOMERS + "manifest-summary.json')"))
                .containsExactly("3 2 " + storage.uri(CUSTOMERS + "manifest-data.parquet"));
    }

    @Test
    void changesNothingWhenRepeated() {
        List<LandedTable> first = LandingManifests.write(plan, plan.units());
        List<StoredFile> files = storage.list("shop/");

        assertThat(LandingManifests.write(plan, plan.units())).isEqualTo(first);
        assertThat(storage.list("shop/")).isEqualTo(files);
    }

    @Test
    void takesUpAnAttemptThatDiedBeforeItsSummary() {
        List<LandedTable> first = LandingManifests.write(plan, plan.units());
        storage.delete(List.of(CUSTOMERS + "manifest-summary.json"));
        assertThat(LandingManifests.find(storage, CUSTOMERS)).isEmpty();

        assertThat(LandingManifests.write(plan, plan.units())).isEqualTo(first);
        assertThat(LandingManifests.read(storage, CUSTOMERS)).isEqualTo(first.get(2));
    }

    @Test
    void waitsForAllUnitsAndKnowsThemAll() {
        assertThatThrownBy(() -> LandingManifests.write(plan, List.of("u0", "u1", "u2")))
                .isInstanceOf(Fault.class)
                .hasMessage("Phase extract is not done: 1 of 3 units are not committed, the first is u2");
        assertThatThrownBy(() -> LandingManifests.write(plan, List.of("u0")))
                .isInstanceOf(Fault.class)
                .hasMessage("Phase extract has a commit of unit u1, which is none of the run's 1 units");
        assertThat(LandingManifests.find(storage, CUSTOMERS)).isEmpty();
    }

    @Test
    void refusesDataThatItsSummaryDoesNotDescribe() {
        LandingManifests.write(plan, plan.units());
        String data = CUSTOMERS + "manifest-data.parquet";
        storage.put(
                data,
                storage.find(ORDERS + "manifest-data.parquet").orElseThrow().content());

        assertThatThrownBy(() -> LandingManifests.read(storage, CUSTOMERS))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Landing manifest " + storage.uri(data) + " has etag ")
                .hasMessageEndingWith(": one of both was changed");
        assertThatThrownBy(() -> LandingManifests.write(plan, plan.units()))
                .isInstanceOf(Fault.class)
                .hasMessage("Other files are in " + storage.uri(data) + ": it lists 0, the units have 2");
    }

    @Test
    void refusesASummaryWhoseFiguresAreWrong() {
        LandingManifests.write(plan, plan.units());
        String summary = CUSTOMERS + "manifest-summary.json";
        String text = storage.find(summary).orElseThrow().utf8();
        storage.put(
                summary, text.replace("\"n_record\" : 3", "\"n_record\" : 4").getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> LandingManifests.read(storage, CUSTOMERS))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("4 rows and 3 counted");

        storage.put(summary, "{".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> LandingManifests.read(storage, CUSTOMERS))
                .isInstanceOf(Fault.class)
                .hasMessageStartingWith("Landing manifest " + storage.uri(summary) + " cannot be read: ");
    }
}
