package dev.millrace.run;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class LocalRunTest extends RunContract {
    @TempDir
    private Path folder;

    @Override
    Storage staging() {
        return Storages.open(folder.toString(), StorageOptions.DEFAULT);
    }
}
