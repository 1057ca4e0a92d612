package dev.millrace.lake.parquet;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A file's footer.
 *
 * @param version of the format, as its writer names it
 * @param notes key-value pairs
 * @param createdBy the writer
 * @param columnOrders the list of column orders as bytes; empty where there is none
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, never changed.
record FileMeta(
        int version,
        Schema schema,
        long rows,
        List<RowGroupMeta> rowGroups,
        Map<String, String> notes,
        Optional<String> createdBy,
        byte[] columnOrders) {}
