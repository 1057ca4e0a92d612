package dev.millrace.testing;

import dev.millrace.sample.ServerClassPath;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A process of ours with Snowflake's connector for Spark on its class path, as spark-submit would put it there. The driver
 * that comes with it, of version 3, is there in place of ours: the two share names of classes.
 */
public final class SparkSnowflakeProcess {
    private SparkSnowflakeProcess() {}

    /** The process of a class with arguments, in a zone with summer time. */
    public static ProcessBuilder builder(String main, String... arguments) {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(jar -> !Path.of(jar).getFileName().toString().startsWith("snowflake-jdbc-"))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .forEach(command::add);
        command.addAll(List.of(
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Duser.timezone=Pacific/Chatham",
                "-Daws.accessKeyId=test",
                "-Daws.secretAccessKey=test",
                "-cp",
                classPath
                        + File.pathSeparator
                        + ServerClassPath.of(Path.of(System.getProperty("millrace.home", ".")), "spark-snowflake"),
                main));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }
}
