package dev.millrace.landing;

import dev.millrace.storage.StoredFile;
import java.io.Closeable;
import java.io.IOException;
import org.apache.spark.sql.catalyst.InternalRow;

/** One data file being written. Nothing is seen of it before {@link #finish}. */
interface DataFileWriter extends Closeable {
    /** Writes a table's struct. Returns about how many bytes it may have added to memory. */
    long write(InternalRow struct) throws IOException;

    /** Bytes held in memory, about. */
    long buffered();

    /** Moves what is held in memory to the file. */
    void flush() throws IOException;

    /** Bytes that have left memory. */
    long written();

    /** Writes all that tells rows; what follows only describes it. */
    void endRows() throws IOException;

    /** Makes the file durable and visible; rows have ended. */
    StoredFile finish() throws IOException;

    /** Without an earlier {@link #finish}: drops the file. */
    @Override
    void close();
}
