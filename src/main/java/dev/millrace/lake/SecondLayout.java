package dev.millrace.lake;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.landing.LandingTable;
import dev.millrace.run.DataFile;
import dev.millrace.run.UnitCommits;
import dev.millrace.storage.Storage;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** The rows that a run landed once more, in folders by other columns: published as a table of its own. */
public final class SecondLayout {
    /** Label of the phase. */
    public static final String PHASE = "layout";

    private SecondLayout() {}

    /**
     * Writes the layout. May be stopped anywhere and repeated, and done twice at once.
     *
     * @param table as it was landed or compacted
     * @param staging the storage that has its files
     * @param folder where they lie
     * @param layoutFolder where the new ones go, with a trailing slash: another one for each layout
     * @param commits of the run
     * @param partitionBy columns that name the folders; none for one folder
     * @param unitBytes about how much of the table a task takes
     */
    public static LandedTable write(
            SparkSession spark,
            LandedTable table,
            Storage staging,
            String folder,
            String layoutFolder,
            UnitCommits commits,
            List<String> partitionBy,
            long unitBytes) {
        TableFiles files = TableFiles.landed(staging, folder, table);
        LandingTable layout = LandingTable.main(
                        new TableDefinition(
                                table.name(), files.all(), table.definition().key()),
                        List.of(),
                        layoutFolder)
                .partitionedBy(partitionBy);
        Rewrite rewrite = new Rewrite(
                table.name(),
                staging,
                layoutFolder,
                partitionBy,
                table.codec(),
                table.schemaVersion(),
                commits,
                PHASE,
                false);
        List<DataFile> written = new ArrayList<>();
        rewrite.run(spark, files, groups(table, layoutFolder, unitBytes), Optional.empty())
                .forEach(unit -> written.addAll(unit.files()));
        written.sort(Comparator.comparing(DataFile::path));
        LandedTable landed = new LandedTable(
                layout.landed(),
                table.format(),
                table.codec(),
                written,
                table.counts(),
                table.schemaVersion(),
                layout.partitions());
        if (landed.rows() != table.rows()) {
            throw Fault.world("Table " + table.name() + ": " + table.rows() + " rows became " + landed.rows()
                    + " in the layout by " + partitionBy + ": this is a defect, please report it");
        }
        return landed;
    }

    /** Neighbours together, as many as make a unit. */
    private static List<Group> groups(LandedTable table, String layoutFolder, long unitBytes) {
        List<Group> groups = new ArrayList<>();
        List<DataFile> together = new ArrayList<>();
        long bytes = 0;
        for (DataFile file : table.files()) {
            if (bytes >= unitBytes) {
                groups.add(Group.of(layoutFolder, together));
                together = new ArrayList<>();
                bytes = 0;
            }
            together.add(file);
            bytes += file.bytes();
        }
        if (!together.isEmpty()) {
            groups.add(Group.of(layoutFolder, together));
        }
        return groups;
    }
}
