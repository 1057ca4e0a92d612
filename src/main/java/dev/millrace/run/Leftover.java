package dev.millrace.run;

import dev.millrace.storage.StoredFile;

/**
 * A file that nothing needs any more.
 *
 * @param file below the staging storage
 * @param reason why nothing needs it, for a person
 */
public record Leftover(StoredFile file, String reason) {}
