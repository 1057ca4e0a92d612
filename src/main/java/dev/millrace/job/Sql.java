package dev.millrace.job;

import dev.millrace.warehouse.QueryRows;
import dev.millrace.warehouse.Warehouse;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Asks the live warehouse. */
@Command(
        name = "sql",
        description = "Runs a select on the live warehouse: sql JOB \"select ...\".",
        mixinStandardHelpOptions = true)
final class Sql implements Callable<Integer> {
    private static final int LIMIT = 1_000;

    @Mixin
    private Arguments arguments = new Arguments();

    @Parameters(index = "1", paramLabel = "QUERY", description = "One select; tables need no schema name.")
    private String query = "";

    @Option(names = "--csv", description = "All rows as CSV instead of a table of the first " + LIMIT + ".")
    private boolean csv;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        PrintWriter out = command.commandLine().getOut();
        OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
        try (Warehouse warehouse = open.openWarehouse()) {
            if (csv) {
                warehouse.query(query, "", new CsvRows(out));
            } else {
                TableRows rows = new TableRows();
                warehouse.query(query, "NULL", rows);
                rows.print(out);
            }
        }
        out.flush();
        return 0;
    }

    private static final class CsvRows implements QueryRows {
        private final PrintWriter out;

        CsvRows(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void header(List<String> columns) {
            row(columns);
        }

        @Override
        public boolean row(List<String> values) {
            out.println(CsvText.row(values));
            return true;
        }
    }

    private static final class TableRows implements QueryRows {
        private final List<List<String>> lines = new ArrayList<>();
        private boolean more;

        @Override
        public void header(List<String> columns) {
            lines.add(columns);
        }

        @Override
        public boolean row(List<String> values) {
            more = lines.size() > LIMIT;
            if (!more) {
                lines.add(values.stream().map(v -> v.replace("\n", "\\n")).toList());
            }
            return !more;
        }

        void print(PrintWriter out) {
            TextTable.print(lines, "", out);
            int rows = lines.size() - 1;
            out.println("(" + Figures.count(rows) + (rows == 1 ? " row" : " rows")
                    + (more ? ", there are more: add --csv for all" : "") + ")");
        }
    }
}
