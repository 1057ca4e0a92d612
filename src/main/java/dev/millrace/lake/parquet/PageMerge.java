package dev.millrace.lake.parquet;

import dev.millrace.fault.Fault;
import dev.millrace.lake.parquet.MergeOutcome.MergeReport;
import dev.millrace.lake.parquet.MergeOutcome.Merged;
import dev.millrace.lake.parquet.MergeOutcome.Reason;
import dev.millrace.lake.parquet.MergeOutcome.Refused;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Merges files, or slices of them, into one, in their order: rows of the first come first. Each slice is read once. What is
 * held in memory are the sources of one row group of the output, and one of its columns.
 */
public final class PageMerge implements AutoCloseable {
    private final MergeOptions options;
    private final int wholeBytes;
    private final FileOutput output;
    private final FooterParser footers = new FooterParser();

    /** The sources of the row group at hand. */
    private final Bytes memory = new Bytes(1 << 20);

    private final ChunkMerge chunkMerge;
    private final Map<Integer, PageCodec> codecs = new HashMap<>();

    private final List<SourceGroup> pending = new ArrayList<>();
    private long pendingRows;
    private long pendingBytes;

    private Optional<SourceFile> first = Optional.empty();
    private Optional<MergedNotes> notes = Optional.empty();
    private List<ColumnTally> columns = List.of();
    private boolean hasOrders = true;
    private int files;
    private long sourceRows;

    private PageMerge(OutputStream out, MergeOptions options, int wholeBytes) {
        this.options = options;
        this.wholeBytes = wholeBytes;
        output = new FileOutput(out);
        chunkMerge = new ChunkMerge(options, output);
    }

    /**
     * Writes a file of the rows of others.
     *
     * @param slices at least one
     * @param out takes the file's bytes; what it took is of no use unless they are merged
     * @throws Fault of kind WORLD that names file, column and page, for a source that is no whole Parquet file, cannot be
     *     read, or has not the row groups of its slice
     */
    public static MergeOutcome merge(List<MergeSlice> slices, OutputStream out, MergeOptions options) {
        return merge(slices, out, options, SourceFile.WHOLE_BYTES);
    }

    /** @param wholeBytes larger files are read in parts */
    static MergeOutcome merge(List<MergeSlice> slices, OutputStream out, MergeOptions options, int wholeBytes) {
        if (slices.isEmpty()) {
            throw new IllegalArgumentException("Nothing to merge");
        }
        try (PageMerge merge = new PageMerge(out, options, wholeBytes)) {
            slices.forEach(merge::add);
            return new Merged(merge.end());
        } catch (Refusal refusal) {
            return new Refused(refusal.reason(), refusal.getMessage());
        }
    }

    private void add(MergeSlice slice) {
        int before = memory.size();
        SourceFile file = SourceFile.open(slice.source(), footers, memory, "Cannot merge", wholeBytes);
        if (first.isEmpty()) {
            begin(file);
        } else {
            requireSameSchema(file);
            notes.orElseThrow().add(file.name(), file.meta());
        }
        files++;
        boolean isTaken = false;
        int groups = file.meta().rowGroups().size();
        boolean isMissing = slice.from() >= Math.max(groups, 1);
        if (isMissing || (slice.to() != MergeSlice.END && slice.to() > groups)) {
            throw Fault.world("Cannot merge row groups " + slice.from() + " to " + slice.to() + " of " + file.name()
                    + ": it has " + groups + "; it has changed since this was planned");
        }
        for (int i = slice.from(); i < Math.min(slice.to(), groups); i++) {
            RowGroupMeta group = file.meta().rowGroups().get(i);
            if (group.rows() == 0) {
                continue;
            }
            requireSameCodecs(file, group);
            boolean hasRoom = pendingRows + group.rows() <= options.groupRows()
                    && pendingBytes + group.bytes() <= options.groupBytes();
            if (!hasRoom && !pending.isEmpty()) {
                mergePending();
                file.keepAlone();
                before = 0;
            }
            isTaken = true;
            pending.add(file.group(i, options.groupBytes()));
            pendingRows += group.rows();
            pendingBytes += group.bytes();
            sourceRows += group.rows();
        }
        if (!isTaken) {
            memory.cutTo(before);
        }
    }

    private void begin(SourceFile file) {
        first = Optional.of(file);
        notes = Optional.of(new MergedNotes(file.name(), file.meta()));
        columns = new ArrayList<>();
        for (LeafColumn leaf : file.meta().schema().leaves()) {
            columns.add(new ColumnTally(leaf));
        }
    }

    private void requireSameSchema(SourceFile file) {
        FileMeta here = first.orElseThrow().meta();
        Optional<String> difference = here.schema().difference(file.meta().schema());
        if (difference.isPresent()) {
            throw new Refusal(
                    Reason.SCHEMA,
                    "schema differs in column " + difference.get() + ": "
                            + first.get().name() + " and " + file.name());
        }
        hasOrders &= Arrays.equals(here.columnOrders(), file.meta().columnOrders());
    }

    private void requireSameCodecs(SourceFile file, RowGroupMeta group) {
        for (int i = 0; i < columns.size(); i++) {
            int codec = group.chunks().get(i).codec();
            ColumnTally column = columns.get(i);
            if (column.codec().isEmpty()) {
                column.takeCodec(codec);
                codecs.computeIfAbsent(codec, number -> PageCodec.of(number, options.zstdLevel()));
            } else if (column.codec().getAsInt() != codec) {
                throw new Refusal(
                        Reason.CODEC,
                        "codecs differ in column " + column.column().path() + ": "
                                + PageCodec.name(column.codec().getAsInt()) + " before, " + PageCodec.name(codec)
                                + " in " + file.name());
            }
        }
    }

    private void mergePending() {
        if (pending.isEmpty()) {
            return;
        }
        output.beginGroup(pendingRows);
        for (int i = 0; i < columns.size(); i++) {
            ColumnTally column = columns.get(i);
            chunkMerge.begin(column, codecs.get(column.codec().orElseThrow()));
            for (SourceGroup group : pending) {
                chunkMerge.add(group.chunk(i));
            }
            chunkMerge.end();
        }
        pending.clear();
        pendingRows = 0;
        pendingBytes = 0;
    }

    private MergeReport end() {
        mergePending();
        FileMeta meta = first.orElseThrow().meta();
        MergedNotes merged = notes.orElseThrow();
        output.end(new Footer(
                meta.version(),
                meta.schema(),
                merged.notes(),
                merged.createdBy(),
                hasOrders ? meta.columnOrders() : new byte[0]));
        return new MergeReport(
                files,
                output.rowGroups(),
                output.rows(),
                output.bytes(),
                columns.stream().map(ColumnTally::report).toList(),
                new PageCheck(
                        sourceRows,
                        columns.stream()
                                .map(column -> column.sources().check(column.column()))
                                .toList()));
    }

    @Override
    public void close() {
        codecs.values().forEach(PageCodec::close);
    }
}
