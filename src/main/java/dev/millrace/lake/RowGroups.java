package dev.millrace.lake;

import dev.millrace.lake.parquet.FileShape;
import dev.millrace.lake.parquet.FileShape.GroupShape;
import dev.millrace.lake.parquet.MergeSource;
import dev.millrace.run.DataFile;
import dev.millrace.storage.Storage;
import java.util.List;

/** Tells where a file can be cut. Asked only for files that lie on the border of two outputs. */
@FunctionalInterface
public interface RowGroups {
    /** The row groups of a file in their order, by its footer. */
    List<GroupShape> of(DataFile file);

    /** Those of files of a storage. */
    static RowGroups in(Storage storage) {
        return file -> FileShape.read(MergeSource.of(storage, file.stored())).groups();
    }
}
