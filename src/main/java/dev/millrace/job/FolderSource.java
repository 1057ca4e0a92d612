package dev.millrace.job;

import dev.millrace.config.FileSource;
import dev.millrace.config.Job;
import dev.millrace.config.TableSettings;
import dev.millrace.fault.Fault;
import dev.millrace.files.ArrivalSearch;
import dev.millrace.files.Arrivals;
import dev.millrace.files.FileLedger;
import dev.millrace.files.FileUnits;
import dev.millrace.files.FilesSource;
import dev.millrace.files.SourceFolder;
import dev.millrace.run.PlannedUnit;
import dev.millrace.run.RunStore;
import dev.millrace.schema.CensusTaker;
import dev.millrace.schema.DataSchema;
import dev.millrace.schema.KindRule;
import dev.millrace.schema.Notation;
import dev.millrace.schema.ShredPlan;
import dev.millrace.table.TableDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A job's folder of files, of which each run reads what no run has read. */
final class FolderSource implements JobSource {
    private final OpenJob open;
    private final FileSource settings;
    private final Selection selection;
    private final Surroundings around;
    private final SourceFolder folder;
    private final FileLedger ledger;
    private Optional<Arrivals> found = Optional.empty();

    private FolderSource(
            OpenJob open, FileSource settings, Selection selection, Surroundings around, SourceFolder folder) {
        this.open = open;
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
    public Optional<String> difference(PlannedUnit unit) {
        return Optional.empty();
    }

    /** Files are their own spool. */
    @Override
    public boolean isSpooled(RunContext context) {
        return true;
    }

    @Override
    public Optional<DataSchema> given() {
        return given(open.job());
    }

    /** The data-schema of a job whose file gives the columns of all tables. */
    static Optional<DataSchema> given(Job job) {
        boolean isGiven = job.source() instanceof FileSource
                && !job.tables().isEmpty()
                && job.tables().values().stream().allMatch(TableSettings::isGiven);
        return isGiven ? Optional.of(DataSchema.ofRecords()) : Optional.empty();
    }

    @Override
    public DataSchema unknown() {
        return DataSchema.ofRecords();
    }

    @Override
    public ShredPlan shredding(DataSchema schema, RunStore run) {
        ShredPlan plan = ShredPlan.ofRecords(schema, kindRule(), open.job().tables(), settings.fileColumn());
        requireNoChildren(plan);
        return plan;
    }

    /** Rows of child tables do not tell whether the row that they belong to was removed as a duplicate. */
    private void requireNoChildren(ShredPlan plan) {
        for (ShredPlan.Table table : plan.tables()) {
            if (!table.isMain() && open.job().table(table.kind()).deduplicate().isPresent()) {
                throw Fault.user("tables." + table.kind()
                        + ".deduplicate: the records have lists, whose rows are in table "
                        + table.definition().name() + " and would stay: give the columns, or set schema.lists: json");
            }
        }
    }

    @Override
    public TableDefinition quarantine() {
        return FilesSource.QUARANTINE;
    }

    private KindRule kindRule() {
        return TableSource.kindRule(open.job());
    }

    @Override
    public CensusTaker.Settings census(RunStore run) {
        Job job = open.job();
        return new CensusTaker.Settings(
                kindRule(),
                ShredPlan.redactions(job.tables()),
                List.of(),
                job.schema().sample().fraction(),
                ShredPlan.Expiry.NEVER,
                Notation.PLAIN);
    }

    @Override
    public List<String> kindMistakes(String file) {
        List<String> mistakes = new ArrayList<>();
        if (kindRule() instanceof KindRule.Single && open.job().tables().size() > 1) {
            mistakes.add(file + ": tables: the records are all of one kind, and "
                    + open.job().tables().size() + " are named: leave one, or set schema.kind");
        }
        return mistakes;
    }

    @Override
    public SourceReading reading(RunContext context) {
        return new FolderReading(context, this);
    }

    FileSource settings() {
        return settings;
    }

    SourceFolder folder() {
        return folder;
    }

    FileLedger ledger() {
        return ledger;
    }

    /** After a commit: a listing of all folders need not be repeated soon. */
    void remember() {
        found.filter(Arrivals::isWhole).ifPresent(whole -> ledger.rememberListing(whole.at()));
        ledger.compact();
    }

    @Override
    public void close() {}
}
