package dev.millrace.warehouse.duckdb;

/** Told after each effect; a test stops here to see that the next call goes on from it. */
interface Steps {
    Steps NONE = step -> {};

    void after(String step);
}
