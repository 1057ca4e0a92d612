package dev.millrace.warehouse.duckdb;

import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.WarehouseContract;
import dev.millrace.warehouse.WarehouseEngine;
import java.nio.file.Path;

/** The contract on a DuckDB file. */
class DuckDbWarehouseTest extends WarehouseContract {
    /** A file in the test's folder. */
    public static final class Engine implements WarehouseEngine {
        @Override
        public Warehouse open(Path folder) {
            return new DuckDbWarehouse(folder.resolve("warehouse.duckdb"), SCHEMA, DuckDbOptions.DEFAULT);
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
}
