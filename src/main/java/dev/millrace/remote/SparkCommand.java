package dev.millrace.remote;

import dev.millrace.config.RemoteSettings.Code;
import dev.millrace.fault.Fault;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The arguments of {@code spark-submit} for a request. */
final class SparkCommand {
    private SparkCommand() {}

    /** The options before the jar. */
    static List<String> options(Code code, Request request) {
        List<String> options = new ArrayList<>(List.of("--class", request.mainClass()));
        if (!code.jars().isEmpty()) {
            options.addAll(List.of("--jars", String.join(",", code.jars())));
        }
        code.conf().forEach((name, value) -> options.addAll(List.of("--conf", name + "=" + value)));
        return options;
    }

    /** The entry point's own arguments, behind the jar. */
    static List<String> arguments(Request request) {
        List<String> arguments = new ArrayList<>();
        request.arguments().forEach((name, value) -> arguments.addAll(List.of(name, value)));
        return arguments;
    }

    /**
     * Refuses code that is not on storage.
     *
     * @param platform that needs it
     * @param exists whether there is a file of a uri
     */
    static void requireOnStorage(Platform platform, Code code, Predicate<String> exists) {
        List<String> files = new ArrayList<>(List.of(code.jar()));
        files.addAll(code.jars());
        files.stream()
                .filter(file -> file.startsWith("s3://") && !exists.test(file))
                .findFirst()
                .ifPresent(file -> {
                    throw Fault.user(platform + ": there is no " + file
                            + ": put the jar there, or correct remote in the job file");
                });
    }
}
