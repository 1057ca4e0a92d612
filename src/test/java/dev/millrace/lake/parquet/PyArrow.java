package dev.millrace.lake.parquet;

import dev.millrace.testing.Processes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** PyPI's pyarrow as writer and reader, where {@code scripts/install-test-tools} has installed it. */
final class PyArrow {
    private static final Path PYTHON =
            Path.of(System.getProperty("millrace.home"), "target", "pyarrow", "bin", "python");

    private static final String REWRITE = """
            import sys
            import pyarrow.parquet as parquet
            codec, version, page, split, checksum, *files = sys.argv[1:]
            for file in files:
                table = parquet.read_table(file)
                parquet.write_table(table, file, compression=codec, data_page_version=version,
                    data_page_size=int(page), use_dictionary=split != 'plain', write_page_checksum=checksum == 'yes',
                    write_page_index=checksum == 'yes', row_group_size=1000 if split == 'groups' else None)
            """;
    private static final String READ = """
            import sys
            import pyarrow.parquet as parquet
            for file in sys.argv[1:]:
                table = parquet.read_table(file, page_checksum_verification=True)
                for row in zip(*[column.to_pylist() for column in table.columns]):
                    print(repr(row))
            """;

    private PyArrow() {}

    static boolean isInstalled() {
        return Files.isExecutable(PYTHON);
    }

    /** Writes files again, with settings of its own, all alike but for the columns. */
    static void rewrite(SplittableRandom random, List<Path> files) {
        run(
                REWRITE,
                List.of(
                        List.of("snappy", "zstd", "none").get(random.nextInt(3)),
                        random.nextBoolean() ? "1.0" : "2.0",
                        List.of("200", "20000", "1000000").get(random.nextInt(3)),
                        List.of("plain", "groups", "default").get(random.nextInt(3)),
                        random.nextBoolean() ? "yes" : "no"),
                files);
    }

    /** What it sees of files: a text a row, in order. */
    static List<String> rows(List<Path> files) {
        return run(READ, List.of(), files).lines().toList();
    }

    private static String run(String script, List<String> settings, List<Path> files) {
        List<String> command = new ArrayList<>(List.of(PYTHON.toString(), "-c", script));
        command.addAll(settings);
        files.forEach(file -> command.add(file.toString()));
        Processes.Ended ended = Processes.run(new ProcessBuilder(command));
        if (ended.exitCode() != 0) {
            throw new IllegalStateException(ended.output());
        }
        return ended.output();
    }
}
