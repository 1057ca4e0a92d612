/** The lake: landed files compacted, freed of duplicates, and made visible to readers. */
package dev.millrace.lake;
