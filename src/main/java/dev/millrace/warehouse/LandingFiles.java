package dev.millrace.warehouse;

import dev.millrace.fault.Fault;
import dev.millrace.landing.LandedTable;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import dev.millrace.table.Column;
import dev.millrace.table.TableDefinition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A table's landing files, which are loaded as its manifest describes them or not at all.
 *
 * @param table as the manifest describes it
 * @param staging where the files lie
 */
public record LandingFiles(LandedTable table, Storage staging) {
    /**
     * Compares the landing with what the load prepared.
     *
     * @throws Fault USER for a table in partitions, whose files lack columns; WORLD for other columns than the load's
     */
    public void requireLoadable(Load load) {
        if (!table.partitions().isEmpty()) {
            throw Fault.user("Invalid lake.partition-by: table " + table.name() + " is landed in partitions, which the"
                    + " warehouse does not load; use a job of its own for one of both");
        }
        TableDefinition wanted = load.table(table.name())
                .orElseThrow(() -> new IllegalArgumentException(
                        "Invalid upload: table " + table.name() + " is none of the load's"));
        if (!shape(wanted).equals(shape(table.definition()))) {
            throw Fault.world("The landing of " + table.name() + " has other columns than run " + load.run()
                    + " prepared: " + shape(table.definition()) + " against " + shape(wanted) + ": prepare again");
        }
    }

    /** Names and types, in their order. */
    static String shape(TableDefinition table) {
        return table.columns().stream()
                .map(c -> c.name() + " " + c.type() + (c.nullable() ? "" : " not null"))
                .collect(Collectors.joining(", ", table.name() + "(", ")"));
    }

    /**
     * The manifest's files that are not loaded yet.
     *
     * @param before files that are loaded, as their manifest described them then
     * @param loaded told of each of them that is in the manifest still
     * @throws Fault SPOILED when the manifest says something else about one of them, or names it no more
     */
    public List<DataFile> missing(Collection<DataFile> before, Consumer<DataFile> loaded) {
        Map<String, DataFile> ledger =
                new TreeMap<>(before.stream().collect(Collectors.toMap(DataFile::path, Function.identity())));
        List<DataFile> missing = new ArrayList<>();
        for (DataFile file : table.files()) {
            DataFile known = ledger.remove(file.path());
            if (known == null) {
                missing.add(file);
            } else {
                requireSame(known, file);
                loaded.accept(file);
            }
        }
        if (!ledger.isEmpty()) {
            throw Fault.spoiled("The manifest of " + table.name() + " changed: "
                    + ledger.keySet().iterator().next()
                    + " was loaded and is no longer named: the next run begins anew");
        }
        return missing;
    }

    /**
     * Refuses to add files to what readers have.
     *
     * @throws Fault SPOILED that names the first of them
     */
    public static void requireNone(List<DataFile> missing, Load load) {
        if (!missing.isEmpty()) {
            throw Fault.spoiled("Cannot upload " + missing.get(0).path() + ": run " + load.run()
                    + " is live already without it: the next run begins anew");
        }
    }

    /** What a call did that loaded files of the table. */
    public Uploaded uploaded(List<DataFile> missing) {
        return new Uploaded(
                missing.size(),
                missing.stream().mapToLong(DataFile::rows).sum(),
                missing.stream().mapToLong(DataFile::bytes).sum(),
                table.files().size() - missing.size());
    }

    /**
     * Files that are loaded together, in their order.
     *
     * @param mostFiles of a batch
     * @param mostBytes of a batch, unless one file is larger
     */
    public static List<List<DataFile>> batches(List<DataFile> files, int mostFiles, long mostBytes) {
        List<List<DataFile>> batches = new ArrayList<>();
        long bytes = 0;
        for (DataFile file : files) {
            if (batches.isEmpty()
                    || bytes + file.bytes() > mostBytes
                    || batches.get(batches.size() - 1).size() == mostFiles) {
                batches.add(new ArrayList<>());
                bytes = 0;
            }
            batches.get(batches.size() - 1).add(file);
            bytes += file.bytes();
        }
        return batches;
    }

    private void requireSame(DataFile before, DataFile now) {
        if (before.bytes() != now.bytes()
                || before.rows() != now.rows()
                || !before.etag().equals(now.etag())) {
            throw Fault.spoiled("The manifest of " + table.name() + " changed: " + now.path() + " was loaded with "
                    + describe(before) + ", now it has " + describe(now) + ": the next run begins anew");
        }
    }

    private static String describe(DataFile file) {
        return file.bytes() + " bytes, " + file.rows() + " rows, etag " + file.etag();
    }

    /** As messages name a file. */
    public String uri(DataFile file) {
        return staging.uri(file.path());
    }

    /** As messages begin of a file that is not loaded. */
    public String cannotLoad(DataFile file) {
        return "Cannot load " + uri(file) + " into " + table.name();
    }

    /** A file as it is stored, which is the one that the manifest describes. */
    public StoredFile require(DataFile file) {
        StoredFile stored = staging.stat(file.path())
                .orElseThrow(() -> Fault.spoiled("A landing file is gone: " + uri(file) + ", " + file.rows()
                        + " rows of " + table.name() + ": the next run extracts again"));
        if (stored.bytes() != file.bytes()) {
            throw changed(file, " has " + stored.bytes() + " bytes, the manifest says " + file.bytes());
        }
        if (!stored.etag().equals(file.etag())) {
            throw changed(file, " has etag " + stored.etag() + ", the manifest says " + file.etag());
        }
        return stored;
    }

    /** Throws a SPOILED fault that names the file, unless it has as many rows as the manifest says. */
    public void requireRows(DataFile file, long rows) {
        if (rows != file.rows()) {
            throw changed(file, " has " + rows + " rows, the manifest says " + file.rows());
        }
    }

    /**
     * A column that is not as the manifest says.
     *
     * @param found the column's type in the file, or {@code missing}
     */
    public Fault otherColumn(DataFile file, Column column, String found) {
        return changed(file, ": column " + column.name() + " is " + found + ", the manifest says " + column.type());
    }

    /**
     * A file that is not as the manifest says.
     *
     * @param how it differs, to follow its name
     */
    public Fault changed(DataFile file, String how) {
        return Fault.spoiled("Not the file of the manifest: " + uri(file) + how + ": the next run extracts again");
    }
}
