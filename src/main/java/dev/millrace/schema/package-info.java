/** What a source's items look like, learnt from the items, and how an item becomes rows. */
package dev.millrace.schema;
