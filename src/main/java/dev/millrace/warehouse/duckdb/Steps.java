package dev.millrace.warehouse.duckdb;

/** Told after each effect on the warehouse's files, by a short name: to trace them, or to stop there. */
public interface Steps {
    void after(String step);
}
