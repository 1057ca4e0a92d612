package dev.millrace.storage;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;

/** What a second process does to a storage in tests: root, act, path, arguments. */
final class StorageProcess {
    private StorageProcess() {}

    public static void main(String[] arguments) throws IOException {
        Storage storage = Storages.open(arguments[0], StorageOptions.DEFAULT);
        String path = arguments[2];
        switch (arguments[1]) {
            case "half-upload" -> {
                try (Upload upload = storage.create(path)) {
                    upload.stream().write("half".repeat(100_000).getBytes(UTF_8));
                    handshake();
                }
            }
            case "increment" -> {
                handshake();
                for (int i = Integer.parseInt(arguments[3]); i > 0; i--) {
                    StorageContract.increment(storage, path);
                }
            }
            default -> throw new IllegalArgumentException(arguments[1]);
        }
    }

    /** Says that it is here, and waits for a byte. */
    private static void handshake() throws IOException {
        System.out.write('h');
        System.out.flush();
        if (System.in.read() < 0) {
            throw new IOException("the test has gone");
        }
    }
}
