package dev.millrace.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** The script that AWS Glue starts, compiled as Glue does, beside a stub of the signatures of Glue's own library. */
public final class GlueScript {
    private static final Path HOME = Path.of(System.getProperty("millrace.home"));
    private static final Path STUB = HOME.resolve("src/test/resources/glue/Glue.scala");

    /** The object in the script. */
    public static final String MAIN = "Millrace";

    private GlueScript() {}

    /** Compiles it with our jar on the class path. Returns a jar of script and stub. */
    public static Path compiled(Path folder) throws IOException {
        Path classes = Files.createDirectories(folder.resolve("glue-classes"));
        List<String> arguments = List.of(
                "-d",
                classes.toString(),
                "-Xfatal-warnings",
                "-deprecation",
                "-classpath",
                SparkSubmit.jar() + System.getProperty("path.separator") + System.getProperty("java.class.path"),
                HOME.resolve("scripts/glue/Millrace.scala").toString(),
                STUB.toString());
        if (!scala.tools.nsc.Main.process(arguments.toArray(String[]::new))) {
            throw new IllegalStateException("scripts/glue/Millrace.scala does not compile");
        }
        Path jar = folder.resolve("glue-script.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out);
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, entries);
                entries.closeEntry();
            }
        }
        return jar;
    }
}
