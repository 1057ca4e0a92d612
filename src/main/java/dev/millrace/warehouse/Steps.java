package dev.millrace.warehouse;

/** Told after each effect on a warehouse, by a short name: to trace them, or to stop there. */
public interface Steps {
    void after(String step);
}
