package dev.millrace.lake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.landing.LandedTable;
import dev.millrace.run.TableCounts;
import dev.millrace.storage.Storage;
import dev.millrace.table.Codec;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import dev.millrace.table.FileFormat;
import dev.millrace.table.TableDefinition;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AthenaDdlTest {
    private static final TableDefinition COLUMNS = new TableDefinition(
            "access_record",
            List.of(
                    new Column("id", ColumnType.STRING, false),
                    new Column("amount", ColumnType.decimal(18, 2), true),
                    new Column("at", ColumnType.TIMESTAMP, true),
                    new Column("_rest", ColumnType.JSON, true)),
            List.of());

    @TempDir
    Path root;

    private static LandedTable table(Column... partitions) {
        return new LandedTable(
                COLUMNS, FileFormat.PARQUET, Codec.ZSTD, List.of(), TableCounts.NONE, 1, List.of(partitions));
    }

    @Test
    void projectsThePartitionsThatAreThere() {
        Storage lake = Accesses.open(root.toString());
        for (String path : List.of(
                "record_date=2026-11-21/stack=prod/b",
                "record_date=2026-11-20/stack=it%27s dev/a",
                "record_date=__HIVE_DEFAULT_PARTITION__/stack=prod/c")) {
            lake.put("access_record/" + path + ".parquet", new byte[1]);
        }
        lake.put("access_record/_published/0000000001.json", new byte[1]);

        AthenaDdl.putParquet(
                lake,
                table(new Column("record_date", ColumnType.DATE, true), new Column("stack", ColumnType.STRING, true)),
                "access_record/");

        String location = lake.uri("access_record/");
        assertThat(lake.find("access_record.athena.sql").orElseThrow().utf8()).isEqualTo("""
                        -- No projection reaches rows whose partition is null (__HIVE_DEFAULT_PARTITION__) or has characters that its folder escapes.
                        CREATE EXTERNAL TABLE IF NOT EXISTS `access_record` (
                          `id` string,
                          `amount` decimal(18,2),
                          `at` timestamp,
                          `_rest` string
                        )
                        PARTITIONED BY (
                          `record_date` date,
                          `stack` string
                        )
                        STORED AS PARQUET
                        LOCATION 'LAKE'
                        TBLPROPERTIES (
                          'projection.enabled' = 'true',
                          'projection.record_date.type' = 'date',
                          'projection.record_date.format' = 'yyyy-MM-dd',
                          'projection.record_date.range' = '2026-11-20,NOW+1DAY',
                          'projection.stack.type' = 'enum',
                          'projection.stack.values' = 'it''s dev,prod',
                          'storage.location.template' = 'LAKErecord_date=${record_date}/stack=${stack}/'
                        );
                        """.replace("LAKE", location));
    }

    @Test
    void asksForValuesThatCannotBeListed() {
        Column stack = new Column("stack", ColumnType.STRING, true);

        assertThat(AthenaDdl.parquet(table(stack), "s3://lake/t/", List.of(List.of(java.util.Optional.of("a, b")))))
                .contains("'projection.stack.type' = 'injected'");
    }

    @Test
    void leavesADeltaTableToItsLog() {
        assertThat(AthenaDdl.delta("t", "s3://lake/t/")).isEqualTo("""
                        CREATE EXTERNAL TABLE IF NOT EXISTS `t`
                        LOCATION 's3://lake/t/'
                        TBLPROPERTIES ('table_type' = 'DELTA');
                        """);
    }
}
