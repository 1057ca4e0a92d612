package dev.millrace.lake.parquet;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What another process does in tests: merges files, the last argument, and checks the result. Prints its rows. */
final class MergeProcess {
    private MergeProcess() {}

    public static void main(String[] arguments) {
        List<Path> files = new ArrayList<>();
        for (String argument : arguments) {
            files.add(Path.of(argument));
        }
        Path merged = files.remove(files.size() - 1);
        MergeOutcome.MergeReport report = FuzzRound.merge(files, merged, MergeOptions.DEFAULT);
        report.sources().difference(PageCheck.read(FuzzRound.source(merged))).ifPresent(difference -> {
            throw new IllegalStateException(difference);
        });
        System.out.println("rows " + report.rows());
    }
}
