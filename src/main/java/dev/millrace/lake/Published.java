package dev.millrace.lake;

/**
 * What publishing has done to a table.
 *
 * @param rows that the commit brought, without duplicates
 * @param duplicates rows of the run that were left out because another row stands for them
 * @param replaced rows that left the table, because their source file was rewritten or the new row of their key stands
 *     for them
 * @param files that readers see now and did not before
 * @param at what readers see: {@code version 7} of a Delta table, or a folder
 * @param isRepeated whether an earlier attempt had done it
 */
public record Published(long rows, long duplicates, long replaced, int files, String at, boolean isRepeated) {}
