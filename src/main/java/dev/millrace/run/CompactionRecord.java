package dev.millrace.run;

import java.util.Map;

/**
 * What compaction did to a table in a run.
 *
 * @param filesBefore all files as they were landed
 * @param bytesBefore of them
 * @param filesAfter all files of the table after it
 * @param bytesAfter of them
 * @param rows in them, before and after
 * @param merged files made by merging pages
 * @param rewritten files made by reading and writing rows, by the reason
 */
public record CompactionRecord(
        long filesBefore,
        long bytesBefore,
        long filesAfter,
        long bytesAfter,
        long rows,
        long merged,
        Map<String, Long> rewritten) {
    public CompactionRecord {
        rewritten = Map.copyOf(rewritten);
    }
}
