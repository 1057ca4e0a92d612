package dev.millrace.lake;

import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.table.Column;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * What a publication does to the files of a table.
 *
 * @param fresh files in staging with the rows of the run
 * @param replacements files of the table, and those in staging that stand for them
 * @param rows of the run that become visible
 * @param duplicates rows of the run that are left out
 * @param replaced rows of the table that go
 */
record Change(List<DataFile> fresh, List<Rewrite.Rewritten> replacements, long rows, long duplicates, long replaced) {
    Change {
        fresh = List.copyOf(fresh);
        replacements = List.copyOf(replacements);
    }

    /** All files in staging whose rows become visible. */
    List<DataFile> added() {
        List<DataFile> added = new ArrayList<>(fresh);
        replacements.forEach(one -> added.addAll(one.written()));
        return added;
    }

    /** Whether a publication has to know what the table has. */
    static boolean needsPresent(Publication publication) {
        return !publication.rewritten().isEmpty()
                || publication
                        .deduplication()
                        .filter(rule -> rule.against() == Deduplication.Against.TABLE)
                        .isPresent();
    }

    /**
     * Finds the duplicates and the rows that others stand for, and writes the files again that hold them.
     *
     * @param target the table as it is
     * @param present its files; none need be given for a publication that is not compared with them
     * @param purpose what else decides, such as the version of the table
     */
    static Change plan(
            SparkSession spark, Publication publication, TableFiles target, List<DataFile> present, String purpose) {
        LandedTable table = publication.table();
        TableFiles landed = TableFiles.landed(publication.staging(), publication.folder(), table);
        List<DataFile> fresh = table.files();
        long duplicates = 0;
        long replaced = 0;
        List<Rewrite.Rewritten> replacements = List.of();
        SparkSession session = Rewrite.session(spark);
        Optional<Duplicates> finder = publication
                .deduplication()
                .filter(rule -> !table.files().isEmpty())
                .map(rule -> new Duplicates(session, rule, landed.all(), landed.partitions()));
        Optional<Deduplication> againstTable =
                publication.deduplication().filter(rule -> rule.against() == Deduplication.Against.TABLE);
        if (finder.isPresent()) {
            Dataset<Row> drops = finder.get().withinRun(landed, fresh);
            List<DataFile> inRange =
                    againstTable.isPresent() && againstTable.get().keep() == Deduplication.Keep.FIRST
                            ? finder.get().inRange(landed.partitions(), present, fresh)
                            : List.of();
            if (!inRange.isEmpty()) {
                drops = drops.union(finder.get().alsoIn(landed, fresh, target, inRange, publication.rewritten()))
                        .distinct();
            }
            Rewrite.Remainder unique = rewrite(publication, landed.partitions())
                    .without(drops, landed, fresh, purpose + " without duplicates");
            fresh = unique.files();
            duplicates = unique.dropped();
        }
        Optional<Dataset<Row>> gone = goneFromTable(session, publication, target, present, landed, fresh, finder);
        if (gone.isPresent()) {
            Rewrite.Remainder rest = rewrite(publication, target.partitions())
                    .without(gone.get(), target, present, purpose + " of commit " + publication.n());
            replacements = rest.rewritten();
            replaced = rest.dropped();
        }
        long rows = fresh.stream().mapToLong(DataFile::rows).sum();
        return new Change(fresh, replacements, rows, duplicates, replaced);
    }

    /** Places of the table's rows that new ones stand for. */
    private static Optional<Dataset<Row>> goneFromTable(
            SparkSession session,
            Publication publication,
            TableFiles target,
            List<DataFile> present,
            TableFiles landed,
            List<DataFile> fresh,
            Optional<Duplicates> finder) {
        Optional<Dataset<Row>> gone = Optional.empty();
        boolean hasFile = target.all().stream().anyMatch(column -> column.name().equals(Publication.FILE));
        if (!publication.rewritten().isEmpty() && !present.isEmpty() && hasFile) {
            gone = Optional.of(
                    target.read(session, present.stream().map(DataFile::path).toList())
                            .filter(functions.col(Publication.FILE).isInCollection(publication.rewritten()))
                            .select(TableFiles.PATH, TableFiles.ROW));
        }
        boolean givesWay = publication
                .deduplication()
                .filter(rule -> rule.against() == Deduplication.Against.TABLE && rule.keep() == Deduplication.Keep.LAST)
                .isPresent();
        if (givesWay && finder.isPresent() && !fresh.isEmpty()) {
            List<DataFile> inRange = finder.get().inRange(target.partitions(), present, fresh);
            if (!inRange.isEmpty()) {
                Dataset<Row> older = finder.get().alsoIn(target, inRange, landed, fresh, java.util.Set.of());
                gone = Optional.of(
                        gone.map(rows -> rows.union(older).distinct()).orElse(older));
            }
        }
        return gone;
    }

    private static Rewrite rewrite(Publication publication, List<Column> partitions) {
        LandedTable table = publication.table();
        return new Rewrite(
                table.name(),
                publication.staging(),
                publication.folder(),
                partitions.stream().map(Column::name).toList(),
                table.codec(),
                table.schemaVersion(),
                publication.commits(),
                "publish",
                true);
    }
}
