package dev.millrace.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.catalog.CatalogTable.Layout;
import dev.millrace.table.Column;
import dev.millrace.table.ColumnType;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AthenaDdlTest {
    private static final List<Column> COLUMNS = List.of(
            new Column("id", ColumnType.STRING, false),
            new Column("amount", ColumnType.decimal(18, 2), true),
            new Column("at", ColumnType.TIMESTAMP, true),
            new Column("_rest", ColumnType.JSON, true));
    private static final Column DAY = new Column("record_date", ColumnType.DATE, true);
    private static final Column STACK = new Column("stack", ColumnType.STRING, true);
    private static final String AT = "s3://acme/lake/access_record/";

    @Test
    void projectsThePartitionsThatAreThere() {
        CatalogTable table = CatalogTable.parquet(
                "access_record",
                Layout.FOLDERS,
                COLUMNS,
                List.of(DAY, STACK),
                AT,
                List.of(
                        List.of(Optional.of("2026-11-21"), Optional.of("prod")),
                        List.of(Optional.of("2026-11-20"), Optional.of("it's dev")),
                        List.of(Optional.empty(), Optional.of("prod"))));

        assertThat(AthenaDdl.create("lake", table)).isEqualTo("""
                        -- No projection reaches rows whose partition is null (__HIVE_DEFAULT_PARTITION__) or has characters that its folder escapes.
                        CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.`access_record` (
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
                        LOCATION 's3://acme/lake/access_record/'
                        TBLPROPERTIES (
                          'projection.enabled' = 'true',
                          'projection.record_date.format' = 'yyyy-MM-dd',
                          'projection.record_date.range' = '2026-11-20,NOW+1DAY',
                          'projection.record_date.type' = 'date',
                          'projection.stack.type' = 'enum',
                          'projection.stack.values' = 'it''s dev,prod',
                          'storage.location.template' = 's3://acme/lake/access_record/record_date=${record_date}/stack=${stack}/'
                        );
                        """);
    }

    @Test
    void asksForValuesThatCannotBeListed() {
        CatalogTable table = CatalogTable.parquet(
                "t", Layout.FOLDERS, COLUMNS, List.of(STACK), AT, List.of(List.of(Optional.of("a, b"))));

        assertThat(AthenaDdl.create(table)).contains("'projection.stack.type' = 'injected'");
        assertThat(table.reachesAll()).isTrue();
    }

    @Test
    void saysNothingOfPartitionsWhereThereAreNone() {
        assertThat(AthenaDdl.create(CatalogTable.parquet("t", Layout.VERSIONED, COLUMNS, List.of(), AT, List.of())))
                .endsWith("STORED AS PARQUET\nLOCATION 's3://acme/lake/access_record/';\n");
    }

    @Test
    void leavesADeltaTableToItsLog() {
        assertThat(AthenaDdl.create(CatalogTable.delta("t", COLUMNS, List.of(DAY), "s3://lake/t/")))
                .isEqualTo("""
                        CREATE EXTERNAL TABLE IF NOT EXISTS `t`
                        LOCATION 's3://lake/t/'
                        TBLPROPERTIES ('table_type' = 'DELTA');
                        """);
    }
}
