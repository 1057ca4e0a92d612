package dev.millrace.warehouse.redshift;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.PostgresServer;
import dev.millrace.warehouse.Landing;
import dev.millrace.warehouse.Steps;
import dev.millrace.warehouse.Warehouse;
import dev.millrace.warehouse.WarehouseContract;
import dev.millrace.warehouse.WarehouseEngine;
import dev.millrace.warehouse.sql.VersionTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The contract through Redshift's driver, on a PostgreSQL server behind a {@link RedshiftFront}. */
class RedshiftWarehouseTest extends WarehouseContract {
    /** A database of its own for each folder, which says where it is. */
    public static final class Engine implements WarehouseEngine {
        @Override
        public Warehouse open(Path folder, Steps steps) {
            return new RedshiftWarehouse(options(folder), SCHEMA, steps);
        }

        static RedshiftOptions options(Path folder) {
            Path place = folder.resolve("redshift");
            try {
                if (!Files.exists(place)) {
                    Files.writeString(place, RedshiftFront.front().port() + " " + RedshiftFront.newDatabase());
                }
                String[] words = Files.readString(place).split(" ", -1);
                return RedshiftFront.options(Integer.parseInt(words[0]), words[1]);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    protected WarehouseEngine engine() {
        return new Engine();
    }

    @Override
    protected String hex(String column) {
        return "upper(encode(" + column + ", 'hex'))";
    }

    @Override
    protected boolean holdsNul() {
        return false;
    }

    @Override
    protected int longestText() {
        return TableLayout.MOST_TEXT_BYTES - 1;
    }

    @Override
    protected int leastEffects() {
        return 7;
    }

    private String database() {
        return Engine.options(folder).server().database();
    }

    @Override
    protected void assertNothingLeftBut(int live, int previous) {
        assertThat(schemas())
                .containsExactly("_millrace", "shop", VersionTable.namespace("shop", Landing.runId(previous)));
    }

    private List<String> schemas() {
        try (Connection connection = PostgresServer.connect(database(), RedshiftFront.USER);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'"
                        + " AND nspname NOT IN ('public', 'information_schema') ORDER BY 1")) {
            List<String> names = new ArrayList<>();
            while (result.next()) {
                names.add(result.getString(1));
            }
            return names;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
