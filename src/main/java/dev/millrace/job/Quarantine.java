package dev.millrace.job;

import dev.millrace.config.FileSource;
import dev.millrace.config.SnapshotSource;
import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingManifests;
import dev.millrace.landing.LandingTable;
import dev.millrace.landing.QuarantinedItems;
import dev.millrace.run.Commit;
import dev.millrace.run.RunId;
import dev.millrace.run.RunStore;
import dev.millrace.storage.Storage;
import dev.millrace.table.Column;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a job did not understand: shown, and taken back once it does. */
@Command(
        name = "quarantine",
        description = "The items that a run could not understand: show them, or try them again.",
        synopsisSubcommandLabel = "show | retry",
        subcommands = {Quarantine.Show.class, Quarantine.Retry.class},
        mixinStandardHelpOptions = true)
final class Quarantine extends CommandGroup {
    @Command(
            name = "show",
            description = "Shows the items in quarantine of the last run that landed, or of --run, with the reason.",
            mixinStandardHelpOptions = true)
    static final class Show implements Callable<Integer> {
        private static final int LIMIT = 50;
        private static final int ITEM_LENGTH = 60;

        @Mixin
        private Arguments arguments = new Arguments();

        @Option(
                names = "--csv",
                description = "All items, whole, as CSV instead of a table of the first " + LIMIT + ".")
        private boolean csv;

        @Spec
        private CommandSpec command;

        @Override
        public Integer call() {
            PrintWriter out = command.commandLine().getOut();
            OpenJob open = OpenJob.load(arguments, Surroundings.ofProcess());
            RunId run =
                    arguments.run().orElseGet(() -> Handover.lastCommit(open).run());
            LandedTable quarantine = quarantine(open, open.store().run(run));
            List<String> all =
                    quarantine.definition().columns().stream().map(Column::name).toList();
            if (csv) {
                out.println(CsvText.row(all));
                QuarantinedItems.read(open.staging(), quarantine, all, row -> {
                    out.println(CsvText.row(row));
                    return true;
                });
            } else {
                print(open, quarantine, all, run, out);
            }
            out.flush();
            return 0;
        }

        private static LandedTable quarantine(OpenJob open, RunStore run) {
            String folder = LandedRun.quarantineFolder(open.job().name(), run.id());
            Optional<LandedTable> found = LandingManifests.find(open.staging(), LandingManifests.folder(folder));
            return found.orElseThrow(() -> Fault.user(
                    run.findPlan().isEmpty()
                            ? "Unknown run: " + run.id() + ": job " + open.job().name() + " has none of that name"
                            : "Run " + run.id()
                                    + " has no quarantine to show: it has not landed, or its files are gone "
                                    + "by staging.keep"));
        }

        private void print(OpenJob open, LandedTable quarantine, List<String> columns, RunId run, PrintWriter out) {
            long all = quarantine.rows();
            if (all == 0) {
                out.println("run " + run + ": nothing is in quarantine");
                return;
            }
            // The last column has the bytes of what is no text.
            List<String> titles = columns.subList(0, columns.size() - 1).stream()
                    .map(name -> name.equals(LandingTable.KIND_TABLE) ? "table" : name)
                    .toList();
            List<List<String>> lines = new ArrayList<>(List.of(titles));
            QuarantinedItems.read(open.staging(), quarantine, columns, row -> {
                lines.add(shown(row));
                return lines.size() <= LIMIT;
            });
            out.println("run " + run + ": " + Figures.count(all) + (all == 1 ? " item" : " items") + " in quarantine");
            out.println();
            TextTable.print(lines, "", out);
            if (all > LIMIT) {
                out.println("(the first " + LIMIT + "; add --csv for all)");
            }
            out.println();
            out.println("When the data-schema understands them: scripts/millrace quarantine retry " + arguments.job());
        }

        /** One line: values whose bytes are no text are shown as base64, and what is not kept as nothing. */
        private static List<String> shown(List<String> row) {
            String item = row.get(row.size() - 2);
            String kept = item.isEmpty() ? row.get(row.size() - 1) : item;
            List<String> line = new ArrayList<>(row.subList(0, row.size() - 2));
            line.add(kept.length() <= ITEM_LENGTH ? kept : kept.substring(0, ITEM_LENGTH) + "…");
            return line.stream()
                    .map(value -> value.replaceAll("\\p{Cntrl}", " "))
                    .toList();
        }
    }

    @Command(
            name = "retry",
            description =
                    "Makes rows anew of the items that the last run has read, by the newest data-schema; reads no "
                            + "table. Of files: reads those again that the last run, or --run, has in quarantine.",
            mixinStandardHelpOptions = true)
    static final class Retry implements Callable<Integer> {
        @Mixin
        private Arguments arguments = new Arguments();

        @Override
        public Integer call() {
            return run(arguments, Surroundings.ofProcess(), System.out);
        }

        static int run(Arguments arguments, Surroundings around, PrintStream out) {
            OpenJob open = OpenJob.load(arguments, around);
            if (open.job().source() instanceof FileSource files) {
                return run(open, files, arguments.run(), around, out);
            }
            if (open.job().source() instanceof SnapshotSource) {
                throw Fault.user(
                        "Cannot retry: every run reads the snapshot whole: start one, by scripts/millrace local "
                                + open.file());
            }
            if (arguments.run().isPresent()) {
                throw Fault.user("Invalid --run: " + arguments.run().get()
                        + ": retry takes the items of the last run that landed");
            }
            Optional<RunStore> unfinished = open.store().unfinished();
            if (unfinished.isPresent() && unfinished.get().plan().input().isEmpty()) {
                throw Fault.user("Run " + unfinished.get().id() + " is unfinished, and newer than what could be tried "
                        + "again: finish it first, by scripts/millrace local " + open.file());
            }
            Commit last = Handover.lastCommit(open);
            if (unfinished.isEmpty() && Handover.quarantined(last) == 0) {
                out.println("nothing to retry: run " + last.run() + " has quarantined nothing");
                out.flush();
                return 0;
            }
            return RunReport.again(open, () -> Handover.ofLast(open, around), around, out);
        }

        /** Reads those files again that a run has set something of apart; what it made of them is replaced. */
        private static int run(
                OpenJob open, FileSource settings, Optional<RunId> named, Surroundings around, PrintStream out) {
            RunId run = named.orElseGet(() -> Handover.lastCommit(open).run());
            Storage storage = FolderSource.folder(open, settings, around).storage();
            Set<String> paths = new TreeSet<>();
            QuarantinedItems.read(
                    open.staging(), Show.quarantine(open, open.store().run(run)), List.of("file"), row -> {
                        paths.add(storage.pathOf(row.get(0)));
                        return true;
                    });
            if (paths.isEmpty()) {
                out.println("nothing to retry: run " + run + " has quarantined nothing");
                out.flush();
                return 0;
            }
            return RunReport.run(open, Selection.ofFiles(List.copyOf(paths)), around, out);
        }
    }
}
