package dev.millrace.job;

import dev.millrace.fault.Fault;
import dev.millrace.lake.folder.FolderRecord;
import dev.millrace.lake.folder.FolderRecord.Outcome;
import dev.millrace.lake.folder.FolderRecord.Partition;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Tells what came of the compaction of a folder. */
record FolderReport(PrintWriter out, PrintWriter err) {
    /** Partitions that the table shows; the record, where one is asked for, has all of them. */
    private static final int SHOWN = 20;

    /**
     * Prints a table, what failed, and the end. Returns the exit code.
     *
     * @param kept where the record lies, if anywhere
     */
    int print(FolderRecord record, Duration took, Optional<String> kept) {
        List<Partition> planned = of(record, Outcome.PLANNED);
        List<Partition> compacted = of(record, Outcome.COMPACTED);
        if (!planned.isEmpty()) {
            table(planned, true);
        } else if (!compacted.isEmpty()) {
            table(compacted, false);
        }
        out.println(ending(record, planned.size(), compacted.size()));
        if (!compacted.isEmpty()) {
            out.println("took    " + Figures.duration(took));
        }
        kept.ifPresent(place -> out.println("record  " + place));
        out.flush();
        for (Partition partition : record.partitions()) {
            if (!partition.message().isEmpty()) {
                err.println(label(partition.path()) + ": " + partition.message());
            }
        }
        err.flush();
        return exitCode(record);
    }

    private static List<Partition> of(FolderRecord record, Outcome outcome) {
        return record.partitions().stream()
                .filter(partition -> partition.outcome() == outcome)
                .toList();
    }

    private void table(List<Partition> partitions, boolean isPlan) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(
                isPlan
                        ? List.of("partition", "files", "bytes", "would be", "about", "rows", "by")
                        : List.of("partition", "files", "bytes", "now", "bytes", "rows", "by"));
        List<Partition> largestFirst = new ArrayList<>(partitions);
        largestFirst.sort(
                Comparator.comparingLong((Partition p) -> p.before().bytes()).reversed());
        List<Partition> shown = new ArrayList<>(largestFirst.subList(0, Math.min(SHOWN, partitions.size())));
        shown.sort(Comparator.comparing(Partition::path));
        shown.forEach(partition -> lines.add(line(
                label(partition.path()),
                partition.before(),
                partition.after(),
                partition.rewritten().isEmpty()
                        ? "pages"
                        : "rows: " + partition.rewritten().get(0))));
        if (partitions.size() > shown.size()) {
            List<Partition> others = largestFirst.subList(SHOWN, largestFirst.size());
            lines.add(line(Figures.count(others.size()) + " smaller ones", before(others), after(others), ""));
        }
        lines.add(line("total", before(partitions), after(partitions), ""));
        TextTable.print(lines, "", out);
        out.println();
    }

    private static FolderRecord.Figures before(List<Partition> partitions) {
        return partitions.stream().map(Partition::before).reduce(FolderRecord.Figures.NONE, FolderRecord.Figures::plus);
    }

    private static FolderRecord.Figures after(List<Partition> partitions) {
        return partitions.stream().map(Partition::after).reduce(FolderRecord.Figures.NONE, FolderRecord.Figures::plus);
    }

    private static List<String> line(String name, FolderRecord.Figures before, FolderRecord.Figures after, String by) {
        return List.of(
                name,
                Figures.count(before.files()),
                Figures.bytes(before.bytes()),
                Figures.count(after.files()),
                Figures.bytes(after.bytes()),
                after.rows() == 0 ? "" : Figures.count(after.rows()),
                by);
    }

    private String ending(FolderRecord record, int planned, int compacted) {
        List<String> parts = new ArrayList<>();
        if (planned > 0) {
            parts.add(partitions(planned) + " would be compacted");
        }
        if (compacted > 0) {
            parts.add(partitions(compacted) + " compacted");
        }
        FolderRecord.Untouched untouched = record.untouched();
        int failed = record.partitions().size() - planned - compacted;
        if (parts.isEmpty() && failed == 0) {
            return "nothing to do: " + files(untouched.files()) + " of " + record.folder() + ", "
                    + Figures.bytes(untouched.bytes()) + " in " + partitions(untouched.partitions())
                    + ", are as large as they can be";
        }
        if (untouched.partitions() > 0) {
            parts.add(partitions(untouched.partitions()) + " with nothing to do (" + files(untouched.files()) + ", "
                    + Figures.bytes(untouched.bytes()) + ")");
        }
        if (failed > 0) {
            parts.add(partitions(failed) + " not compacted");
        }
        return String.join(", ", parts);
    }

    private static String partitions(int count) {
        return count == 1 ? "1 partition" : Figures.count(count) + " partitions";
    }

    private static String files(int count) {
        return count == 1 ? "1 file" : Figures.count(count) + " files";
    }

    private static String label(String path) {
        return path.isEmpty() ? "." : path;
    }

    /** A refusal can be lifted by another choice of engine; a failure by nothing but putting it right. */
    private static int exitCode(FolderRecord record) {
        if (record.count(Outcome.FAILED) + record.count(Outcome.CONFLICT) > 0) {
            return Fault.Kind.WORLD.exitCode();
        }
        return record.count(Outcome.REFUSED) > 0 ? Fault.Kind.GATE.exitCode() : 0;
    }
}
