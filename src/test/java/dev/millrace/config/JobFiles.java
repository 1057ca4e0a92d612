package dev.millrace.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Job files in a temporary folder, and what they are read with. */
final class JobFiles {
    static final Path JOB = Path.of("jobs/test.yaml");
    static final String SMALLEST = """
            job: test
            source:
              dynamodb:
                table: items
            staging:
              at: staging
            """;

    /** Finds nothing wrong with expressions that use only declared functions; knows no class of the package nowhere. */
    static final Expressions JUDGE = new Expressions() {
        @Override
        public Optional<String> mistake(String sql, Map<String, String> functions) {
            return Optional.of(sql)
                    .filter(s -> s.startsWith("call_"))
                    .filter(s -> !functions.containsKey(s))
                    .map(s -> "no function " + s + " among " + functions.keySet());
        }

        @Override
        public Optional<String> functionMistake(String name, String type) {
            return type.startsWith("nowhere.") ? Optional.of("no class " + type) : Optional.empty();
        }
    };

    private final Path base;
    private final Map<String, String> sets = new LinkedHashMap<>();
    private final Map<String, String> variables = new HashMap<>();
    private Optional<Path> envFile = Optional.empty();

    JobFiles(Path base) {
        this.base = base;
    }

    JobFiles write(String path, String content) {
        try {
            Path file = base.resolve(path);
            Files.createDirectories(file.getParent());
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    JobFiles job(String content) {
        return write(JOB.toString(), content);
    }

    JobFiles env(String content) {
        envFile = Optional.of(Path.of("conf/prod.yaml"));
        return content.isEmpty() ? this : write("conf/prod.yaml", content);
    }

    JobFiles set(String key, String value) {
        sets.put(key, value);
        return this;
    }

    JobFiles variable(String name, String value) {
        variables.put(name, value);
        return this;
    }

    Job load() {
        return JobFile.load(JOB, envFile, sets, base, name -> Optional.ofNullable(variables.get(name)), JUDGE);
    }

    List<String> mistakes() {
        return mistakesIn(JOB);
    }

    List<String> mistakesIn(Path file) {
        return JobFile.mistakes(file, envFile, sets, base, name -> Optional.ofNullable(variables.get(name)), JUDGE)
                .stream()
                .map(Mistake::toString)
                .toList();
    }
}
