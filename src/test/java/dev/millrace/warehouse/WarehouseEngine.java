package dev.millrace.warehouse;

import java.nio.file.Path;

/** Opens the warehouse under test; has a constructor without arguments, so that another process can do the same. */
public interface WarehouseEngine {
    /** The schema that the warehouse is opened with. */
    String SCHEMA = "shop";

    /**
     * A warehouse that is empty when the folder is new.
     *
     * @param folder of the test, for engines that keep files; others derive a name from it
     * @param steps told of each effect
     */
    Warehouse open(Path folder, Steps steps);

    /** The same, where nobody is told. */
    default Warehouse open(Path folder) {
        return open(folder, step -> {});
    }
}
