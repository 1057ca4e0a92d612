package dev.millrace.warehouse;

/**
 * What one upload of a table did.
 *
 * @param files loaded by this call
 * @param rows in them
 * @param bytes of them, as they lie in the landing
 * @param before files that an earlier call had loaded already
 */
public record Uploaded(int files, long rows, long bytes, int before) {}
