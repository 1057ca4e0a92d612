package dev.millrace.lake.parquet;

import dev.millrace.lake.parquet.PageCheck.ColumnCheck;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads a file for its {@link PageCheck}. */
final class FileCheck implements ChunkWalk.Pages, AutoCloseable {
    /** Row groups of more bytes are read chunk by chunk. */
    private static final long LARGEST_READ = 32 << 20;

    private static final String DOING = "Cannot read back";

    private final SourceFile file;
    private final Map<Integer, PageCodec> codecs = new HashMap<>();
    private final ChunkWalk walk = new ChunkWalk(DOING, "it is not as it was written; run again");
    private final DataPage page = new DataPage();
    private final SourceDictionary dictionary = new SourceDictionary();
    private final PageValues values = new PageValues();

    // Of the chunk at hand.
    private LeafColumn column = LeafColumn.NONE;
    private ColumnSum sum = new ColumnSum();
    private PageCodec codec = PageCodec.NONE;
    private boolean hasDictionary;

    FileCheck(MergeSource source) {
        file = SourceFile.open(source, new FooterParser(), new Bytes(1 << 16), DOING, SourceFile.WHOLE_BYTES);
    }

    PageCheck read() {
        List<LeafColumn> leaves = file.meta().schema().leaves();
        List<ColumnSum> sums = new ArrayList<>();
        leaves.forEach(leaf -> sums.add(new ColumnSum()));
        for (int i = 0; i < file.meta().rowGroups().size(); i++) {
            if (file.meta().rowGroups().get(i).rows() > 0) {
                file.keepAlone();
                SourceGroup group = file.group(i, LARGEST_READ);
                for (int c = 0; c < leaves.size(); c++) {
                    read(group.chunk(c), leaves.get(c), sums.get(c));
                }
            }
        }
        List<ColumnCheck> checks = new ArrayList<>();
        for (int c = 0; c < leaves.size(); c++) {
            checks.add(sums.get(c).check(leaves.get(c)));
        }
        return new PageCheck(file.meta().rows(), checks);
    }

    private void read(SourceChunk of, LeafColumn leaf, ColumnSum into) {
        column = leaf;
        sum = into;
        codec = codecs.computeIfAbsent(of.meta().codec(), number -> PageCodec.of(number, 1));
        hasDictionary = false;
        page.begin(leaf, codec);
        walk.walk(of, leaf, this);
    }

    @Override
    public void dictionary(PageHeader header, byte[] bytes, int body) {
        dictionary.read(column, header, bytes, body, codec);
        hasDictionary = true;
    }

    @Override
    public int data(PageHeader header, byte[] bytes, int body) {
        page.open(header, bytes, body);
        Levels levels = page.levels();
        sum.add(levels, sumOfValues(header, levels));
        return levels.rows();
    }

    private long sumOfValues(PageHeader header, Levels levels) {
        int encoding = header.encoding();
        if (Encoding.isDictionary(encoding)) {
            if (!hasDictionary) {
                throw new CorruptBytes("it has no dictionary before it");
            }
            return dictionary.sum(values.indices(page), levels.present());
        }
        if (column.type() == PhysicalType.BOOLEAN) {
            return PageValues.sum(values.booleans(page, encoding), levels.present());
        }
        return encoding == Encoding.PLAIN ? page.sumOfPlainValues() : values.sum(column, page, encoding);
    }

    @Override
    public void close() {
        codecs.values().forEach(PageCodec::close);
    }
}
