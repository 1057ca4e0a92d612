package dev.millrace.lake.parquet;

import java.util.List;

/** A row group of the output; its chunks are added as they are written. */
record WrittenGroup(long rows, List<PlacedChunk> chunks) {}
