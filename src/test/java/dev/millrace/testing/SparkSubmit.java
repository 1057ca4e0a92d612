package dev.millrace.testing;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Starts the shaded jar as users do: by the {@code spark-submit} that {@code scripts/install-test-tools} installs, or,
 * where it is not, by the same class of Spark from Maven's jars. Neither sees our classes but those of the jar.
 */
public final class SparkSubmit {
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));
    private static final Path INSTALLED = installed("spark-submit");

    // What the jar brings itself, relocated: not to be found under its own name either; and what Spark alone has not.
    private static final List<String> OURS = List.of(
            "/software/amazon/",
            "/info/picocli/",
            "/org/yaml/",
            "/httpcomponents/",
            "/target/",
            "/hadoop-aws/",
            "/com/amazonaws/");

    private SparkSubmit() {}

    /** {@code target/millrace.jar}, which exists once Maven has packaged. */
    public static Path jar() {
        return HOME.resolve("target/millrace.jar");
    }

    /** A command of the Spark that {@code scripts/install-test-tools} installs; not there where it is not. */
    static Path installed(String command) {
        return HOME.resolve("target/pyspark/bin").resolve(command);
    }

    /** The DuckDB driver's jar, for {@code --jars}. */
    public static String duckDbJar() {
        return jars("duckdb_jdbc");
    }

    /** Jars of our class path whose paths hold these names, for {@code --jars}. */
    public static String jars(String... names) {
        List<String> jars = new ArrayList<>();
        for (String name : names) {
            List<String> found = Arrays.stream(
                            System.getProperty("java.class.path").split(File.pathSeparator, -1))
                    .filter(jar -> jar.contains(name))
                    .toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException(name + " is not on the class path");
            }
            jars.addAll(found);
        }
        return String.join(",", jars);
    }

    /** Whether a real {@code spark-submit} is used. */
    public static boolean isInstalled() {
        return Files.isExecutable(INSTALLED);
    }

    /** Runs {@code spark-submit} in a folder with arguments as for a shell, from {@code --class} on. */
    public static Processes.Ended run(Path folder, List<String> arguments) {
        return run(folder, arguments, isInstalled());
    }

    /** As {@link #run(Path, List)}, with variables in its environment. */
    public static Processes.Ended run(Path folder, List<String> arguments, Map<String, String> environment) {
        return run(folder, arguments, isInstalled(), environment);
    }

    /** As {@link #run(Path, List)}, by the installed {@code spark-submit} or by Maven's jars. */
    public static Processes.Ended run(Path folder, List<String> arguments, boolean installed) {
        return run(folder, arguments, installed, Map.of());
    }

    private static Processes.Ended run(
            Path folder, List<String> arguments, boolean installed, Map<String, String> environment) {
        List<String> command = new ArrayList<>();
        if (installed) {
            command.add(INSTALLED.toString());
        } else {
            command.addAll(java());
            command.addAll(List.of("-cp", sparkClassPath(), "org.apache.spark.deploy.SparkSubmit"));
        }
        command.addAll(arguments);
        ProcessBuilder process = process(folder, command);
        process.environment().putAll(environment);
        return Processes.run(process);
    }

    /** Runs Java with Spark's jars, {@link #jar} and nothing else of ours on the class path. */
    public static Processes.Ended runJava(Path folder, List<String> arguments) {
        List<String> command = java();
        command.addAll(List.of("-cp", sparkClassPath() + File.pathSeparator + jar()));
        command.addAll(arguments);
        return Processes.run(process(folder, command));
    }

    /** A process that finds the installed Spark, and no other. */
    static ProcessBuilder process(Path folder, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        Map<String, String> environment = builder.environment();
        environment.remove("SPARK_HOME");
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("SPARK_LOCAL_IP", "127.0.0.1");
        environment.put("PATH", INSTALLED.getParent() + File.pathSeparator + environment.get("PATH"));
        return builder;
    }

    private static List<String> java() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(command::add);
        command.addAll(List.of("-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        return command;
    }

    private static String sparkClassPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> entry.endsWith(".jar") && OURS.stream().noneMatch(entry::contains))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
