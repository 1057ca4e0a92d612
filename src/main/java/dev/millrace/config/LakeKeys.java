package dev.millrace.config;

import dev.millrace.config.CompactionSettings.Engine;
import dev.millrace.config.LakeSettings.Layout;
import dev.millrace.config.LakeSettings.Publish;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/** The keys of {@code lake}. */
final class LakeKeys {
    private LakeKeys() {}

    private static final Key<LakeSettings, Location> AT =
            Key.required("at", Scalars.FOLDER, LakeSettings::at, "The folder of the tables, one folder each.");
    private static final Key<LakeSettings, Publish> PUBLISH = Key.derived(
            "publish",
            Scalar.oneOf(Publish.values()),
            "`delta`; `versioned` for a source that is read whole by every run",
            r -> Optional.of(SourceKeys.isReadWhole(r) ? "versioned" : "delta"),
            LakeSettings::publish,
            "How readers come to see new files: by a commit of a Delta table, one by one in plain folders, or by a"
                    + " pointer to a new folder.");
    private static final Key<LakeSettings, List<String>> PARTITION_BY = Key.list(
            "partition-by",
            new ListForm<>(Scalars.COLUMN, "[record_date]"),
            LakeSettings::partitionBy,
            "The columns whose values name the folders of a table's files, from the outermost; tables without one of"
                    + " them are not partitioned by it.");
    private static final Key<LakeSettings, ByteSize> FILE_SIZE = Key.of(
            "file-size",
            Scalars.SIZE,
            "128MB",
            LakeSettings::fileSize,
            "About how big files are made before they are published.");
    private static final Key<LakeSettings, Integer> KEEP = Key.of(
            "keep-versions",
            Scalars.KEPT_VERSIONS,
            "7",
            LakeSettings::versions,
            "The versions of a table that are kept with `publish: versioned`.");

    private static final Key<Layout, List<String>> LAYOUT_BY = Key.required(
            "partition-by",
            new ListForm<>(Scalars.COLUMN, "[stack, record_date]"),
            Layout::partitionBy,
            "The columns of this layout, which stands beside the table under its name and `_by_` with the columns.");
    private static final Section<Layout> LAYOUT = Section.<Layout>of(
                    List.of(LAYOUT_BY), v -> new Layout(v.get(LAYOUT_BY)))
            .checked(v -> {
                if (v.find(LAYOUT_BY).filter(List::isEmpty).isPresent()) {
                    v.mistake(LAYOUT_BY, "must name a column");
                }
            });
    private static final Key<LakeSettings, List<Layout>> ALSO = Key.list(
            "also",
            new ListForm<>(LAYOUT, "[{partition-by: [stack, record_date]}]"),
            LakeSettings::also,
            "Other layouts that the same rows are written in, in the same commit of the job.");

    private static final Key<CompactionSettings, Engine> ENGINE = Key.of(
            "engine",
            Scalar.oneOf(Engine.values()),
            "auto",
            CompactionSettings::engine,
            "What makes few files of many: `pages` merges pages and refuses the run where that cannot be done, `rewrite`"
                    + " reads and writes rows by Spark, `auto` rewrites only what pages cannot make.");
    private static final Key<CompactionSettings, List<String>> SORT_BY = Key.list(
            "sort-by",
            new ListForm<>(Scalars.COLUMN, "[user_id]"),
            CompactionSettings::sortBy,
            "The columns by which the rows of each compacted file are sorted, which rewrites it; tables without one of"
                    + " them are not sorted by it.");
    private static final Section<CompactionSettings> COMPACTION = Section.<CompactionSettings>of(
                    List.of(ENGINE, SORT_BY), v -> new CompactionSettings(v.get(ENGINE), v.get(SORT_BY)))
            .checked(v -> {
                boolean sorts = v.find(SORT_BY).filter(by -> !by.isEmpty()).isPresent();
                if (sorts && v.find(ENGINE).filter(Engine.PAGES::equals).isPresent()) {
                    v.mistake(SORT_BY, "sorts rows, which engine: pages does not: remove one of them");
                }
            });
    private static final Key<LakeSettings, CompactionSettings> COMPACTION_KEY = Key.map(
            "compaction", COMPACTION, LakeSettings::compaction, "How files are compacted before they are published.");

    private static final Key<CatalogSettings, String> DATABASE = Key.required(
            "database",
            Scalars.DATABASE,
            CatalogSettings::database,
            "The database of the tables; made where it is missing.");
    private static final Key<CatalogSettings, String> CATALOG_REGION = Key.optional(
            "region",
            Scalars.REGION,
            CatalogSettings::region,
            "The catalog's region; left out, the one that the AWS SDK finds in its environment.");
    private static final Key<CatalogSettings, URI> CATALOG_ENDPOINT =
            Key.optional("endpoint", Scalars.ADDRESS, CatalogSettings::endpoint, "Where Glue answers, if not at AWS.");
    private static final Section<CatalogSettings> CATALOG = Section.of(
            List.of(DATABASE, CATALOG_REGION, CATALOG_ENDPOINT),
            v -> new CatalogSettings(v.get(DATABASE), v.find(CATALOG_REGION), v.find(CATALOG_ENDPOINT)));
    private static final Key<LakeSettings, CatalogSettings> CATALOG_KEY = Key.optional(
            "catalog",
            CATALOG,
            LakeSettings::catalog,
            "The Glue Data Catalog that each run registers the tables in once they are published, for Athena and"
                    + " others; left out, none.");

    static final Section<LakeSettings> SECTION = Section.<LakeSettings>of(
                    List.of(AT, PUBLISH, PARTITION_BY, FILE_SIZE, KEEP, ALSO, COMPACTION_KEY, CATALOG_KEY),
                    v -> new LakeSettings(
                            v.get(AT),
                            v.get(PUBLISH),
                            v.get(PARTITION_BY),
                            v.get(FILE_SIZE),
                            v.get(KEEP),
                            v.get(ALSO),
                            v.get(COMPACTION_KEY),
                            v.find(CATALOG_KEY)))
            .checked(LakeKeys::check);

    private static void check(Values v) {
        if (v.isGiven(KEEP)
                && !KEEP.isDefault(v.find(KEEP), v.reading())
                && v.find(PUBLISH).filter(p -> p != Publish.VERSIONED).isPresent()) {
            v.mistake(KEEP, "has no effect without publish: versioned: add that, or remove keep-versions");
        }
        List<String> main = v.find(PARTITION_BY).orElse(List.of());
        if (v.find(ALSO).orElse(List.of()).contains(new Layout(main))) {
            v.mistake(ALSO, "has the layout of partition-by too: remove one of them");
        }
        if (v.isGiven(CATALOG_KEY)
                && v.find(AT).filter(at -> !at.uri().startsWith("s3://")).isPresent()) {
            v.mistake(CATALOG_KEY, "is for tables on S3, where its readers find them: put lake.at on S3, or remove it");
        }
    }
}
