package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lists of what is used, which {@code scripts/check-vulnerabilities} reads, are those that Maven resolves. */
class LocksTest {
    private static final String HEAD = """
            # What Maven resolves, in the form of Gradle's lock files. Written by LocksTest with -Dmillrace.regenerate=true.
            """;

    @ParameterizedTest
    @CsvSource({"bundled, compile|runtime", "provided, provided"})
    void theListIsWhatMavenResolves(String name, String scopes) throws IOException {
        Path lock = Path.of("conf", "locks", name + ".lock");
        String resolved = resolved(scopes).stream()
                .map(artifact -> artifact + "=" + name + "\n")
                .collect(Collectors.joining("", HEAD, "empty=\n"));
        if (Boolean.getBoolean("millrace.regenerate")) {
            Files.writeString(lock, resolved);
        }
        assertThat(Files.readString(lock)).isEqualTo(resolved);
    }

    /** Group, artifact and version of what the build wrote as {@code group:artifact:type[:classifier]:version:scope}. */
    private static List<String> resolved(String scopes) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("target", "resolved.txt"))) {
            // What Maven colours follows the scope.
            return lines.map(line -> line.strip().split(" |\u001b", -1)[0].split(":", -1))
                    .filter(parts -> parts.length >= 5 && parts[parts.length - 1].matches(scopes))
                    .map(parts -> parts[0] + ":" + parts[1] + ":" + parts[parts.length - 2])
                    .distinct()
                    .sorted()
                    .toList();
        }
    }
}
