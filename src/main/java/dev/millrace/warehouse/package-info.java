/** Loading a run's landing into a warehouse: prepare, upload, gate, replace, rollback; the same for every engine. */
package dev.millrace.warehouse;
