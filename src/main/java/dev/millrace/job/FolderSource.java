package dev.millrace.job;

import dev.millrace.config.FileSource;
import dev.millrace.files.ArrivalSearch;
import dev.millrace.files.Arrivals;
import dev.millrace.files.FileLedger;
import dev.millrace.files.FileUnits;
import dev.millrace.files.RecordFiles;
import dev.millrace.files.SourceFolder;
import dev.millrace.run.Commit;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunStore;
import dev.millrace.run.TableCounts;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A job's folder of files, of which each run reads what no run has read. */
final class FolderSource extends RecordsSource {
    private final FileSource settings;
    private final Selection selection;
    private final Surroundings around;
    private final SourceFolder folder;
    private final FileLedger ledger;
    private Optional<Arrivals> found = Optional.empty();

    private FolderSource(
            OpenJob open, FileSource settings, Selection selection, Surroundings around, SourceFolder folder) {
        super(open, settings.fileColumn());
        this.settings = settings;
        this.selection = selection;
        this.around = around;
        this.folder = folder;
        this.ledger = ledger(open);
    }

    static FolderSource open(OpenJob open, FileSource settings, Selection selection, Surroundings around) {
        return new FolderSource(open, settings, selection, around, folder(open, settings, around));
    }

    static SourceFolder folder(OpenJob open, FileSource settings, Surroundings around) {
        return new SourceFolder(
                around.storages()
                        .apply(
                                settings.at().base().uri(),
                                OpenJob.options(open.job().s3())),
                settings.at(),
                settings.names());
    }

    static FileLedger ledger(OpenJob open) {
        return new FileLedger(open.staging(), open.job().name(), open.store().ledger());
    }

    /** Lists the source when it is first asked. */
    Arrivals arrivals() {
        if (found.isEmpty()) {
            ArrivalSearch search = ArrivalSearch.of(settings, folder);
            Instant now = around.clock().instant();
            found = Optional.of(
                    selection.named().isEmpty()
                            ? search.find(ledger, now, selection.range(), selection.again())
                            : search.named(selection.named(), now));
        }
        return found.get();
    }

    @Override
    public boolean isEmpty() {
        boolean isEmpty = arrivals().isEmpty();
        if (isEmpty && arrivals().isWhole()) {
            ledger.rememberListing(arrivals().at());
        }
        return isEmpty;
    }

    @Override
    public List<PlannedUnit> units(RunStore run) {
        int tasks = Runtime.getRuntime().availableProcessors();
        return files(run).plan(settings, folder, arrivals(), tasks);
    }

    FileUnits files(RunStore run) {
        return new FileUnits(run.storage(), run.path("files/"));
    }

    @Override
    public Optional<String> difference(RunStore run) {
        return Optional.empty();
    }

    /** Files are their own spool. */
    @Override
    public boolean isSpooled(RunContext context) {
        return true;
    }

    @Override
    public SourceReading reading(RunContext context) {
        FileUnits units = files(context.run());
        return new FilesReading(
                context, new RecordFiles(folder.storage(), units, settings.format(), settings.limits()), this) {
            @Override
            public Commit commit(Map<String, TableCounts> counts) {
                return ledger.commit(
                        context.plan(), units, RecordFiles.rows(context.run().units(), PHASE), counts, Map.of());
            }

            @Override
            public void committed() {
                remember();
            }
        };
    }

    SourceFolder folder() {
        return folder;
    }

    /** After a commit: a listing of all folders need not be repeated soon. */
    private void remember() {
        found.filter(Arrivals::isWhole).ifPresent(whole -> ledger.rememberListing(whole.at()));
        ledger.compact();
    }
}
