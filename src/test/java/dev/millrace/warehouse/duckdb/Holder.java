package dev.millrace.warehouse.duckdb;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** A process that has a database file open until it is killed. */
public final class Holder {
    private Holder() {}

    static Process start(Path file, String accessMode) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx100m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        file.toString(),
                        accessMode)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (process.getInputStream().read() != '.') {
            throw new IOException("The holder of " + file + " did not start");
        }
        return process;
    }

    public static void main(String[] args) throws SQLException, IOException {
        Properties settings = new Properties();
        settings.setProperty("access_mode", args[1]);
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + args[0], settings)) {
            System.out.print(connection.isClosed() ? "" : ".");
            System.out.flush();
            int input = System.in.read();
            System.out.print(input);
        }
    }
}
