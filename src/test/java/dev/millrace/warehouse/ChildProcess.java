package dev.millrace.warehouse;

import dev.millrace.landing.LandedTable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A second process on the same warehouse. */
public final class ChildProcess {
    static final String CONSISTENT =
            "SELECT (SELECT min(version) || ' ' || max(version) || ' ' || count(*) FROM orders),"
                    + " (SELECT min(version) || ' ' || max(version) || ' ' || CAST(count(*) / 2 AS BIGINT) FROM lines)";

    private ChildProcess() {}

    /** Starts {@code action} with its numbers; its errors go to this process's. */
    static Process start(Class<? extends WarehouseEngine> engine, Path folder, String action, int... numbers)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx200m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                ChildProcess.class.getName(),
                engine.getName(),
                folder.toString(),
                action));
        for (int number : numbers) {
            command.add(Integer.toString(number));
        }
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** What a process prints. */
    static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    public static void main(String[] args) throws ReflectiveOperationException, IOException {
        Path folder = Path.of(args[1]);
        try (Warehouse warehouse = open(args[0], folder)) {
            Landing landing = new Landing(folder.resolve("staging"));
            say("ready");
            switch (args[2]) {
                case "upload" -> upload(warehouse, landing, Integer.parseInt(args[3]), Integer.parseInt(args[4]));
                case "replace" -> replace(warehouse, landing, Integer.parseInt(args[3]), Integer.parseInt(args[4]));
                case "read" -> read(warehouse);
                default -> throw new IllegalArgumentException(args[2]);
            }
        }
    }

    private static Warehouse open(String engine, Path folder) throws ReflectiveOperationException {
        try {
            return Class.forName(engine)
                    .asSubclass(WarehouseEngine.class)
                    .getDeclaredConstructor()
                    .newInstance()
                    .open(folder);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static void upload(Warehouse warehouse, Landing landing, int k, int files) {
        Load load = Landing.load(k);
        warehouse.prepare(load);
        for (LandedTable table : landing.landed(k, files)) {
            warehouse.upload(load, table, landing.storage(), file -> say(file.path()));
        }
    }

    private static void replace(Warehouse warehouse, Landing landing, int from, int to) {
        for (int k = from; k <= to; k++) {
            Load load = Landing.load(k);
            warehouse.prepare(load);
            for (LandedTable table : landing.landed(k, 1)) {
                warehouse.upload(load, table, landing.storage(), file -> {});
            }
            say("replacing " + k);
            warehouse.replace(load);
            warehouse.dropPrevious(1);
        }
    }

    /** Reads until its input ends, then tells what it saw. */
    private static void read(Warehouse warehouse) throws IOException {
        int reads = 0;
        int mixed = 0;
        Set<String> seen = new TreeSet<>();
        while (System.in.available() == 0) {
            List<String> row = Queried.of(warehouse, CONSISTENT).rows().get(0);
            reads++;
            seen.add(row.get(0));
            String version = row.get(0).split(" ", -1)[0];
            mixed += row.get(0).equals(row.get(1)) && row.get(0).equals(version + " " + version + " 10") ? 0 : 1;
            if (reads == 1) {
                say("reading");
            }
            // The other process shall get on with its replacements.
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        say(reads + " reads, " + mixed + " mixed, " + seen.size() + " versions");
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
