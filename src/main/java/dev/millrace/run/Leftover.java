package dev.millrace.run;

import dev.millrace.storage.StoredFile;

/**
 * A file that nothing needs any more.
 *
 * @param file below the staging storage
 * @param reason why nothing needs it, for a person
 * @param finished whether it was written to its end: if not, readers of the storage do not see it
 */
public record Leftover(StoredFile file, String reason, boolean finished) {}
