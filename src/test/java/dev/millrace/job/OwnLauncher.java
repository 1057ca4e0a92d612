package dev.millrace.job;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** A {@code scripts/millrace} that starts the classes under test, in place of building them. */
final class OwnLauncher {
    private OwnLauncher() {}

    /** Writes it below a folder that is taken for Millrace's. */
    static void in(Path home) throws IOException {
        String start = String.join("' '", java(System.getProperty("java.class.path")));
        executable(
                Files.createDirectories(home.resolve("scripts")).resolve("millrace"),
                "#!/bin/sh\nexec '" + start + "' dev.millrace.job.Millrace \"$@\"\n");
    }

    /** How Java is started with a class path, but for the class and its arguments. */
    static List<String> java(String classPath) {
        List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens="))
                .toList();
        List<String> java = JobProcess.command(classPath, options, JobProcess.Manner.UNDISTURBED, List.of(), List.of());
        return java.subList(0, java.indexOf(JobProcess.class.getName()));
    }

    /** Writes a script. */
    static void executable(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
