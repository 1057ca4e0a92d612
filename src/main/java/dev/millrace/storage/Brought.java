package dev.millrace.storage;

import dev.millrace.fault.Fault;

/** The rule for a file that is where {@link Storage#bring} would put it. */
final class Brought {
    private Brought() {}

    static StoredFile requireSame(Storage storage, StoredFile there, StoredFile here) {
        if (there.bytes() != here.bytes()) {
            throw Fault.world("Another file is at " + storage.uri(here.path()) + ": it has " + here.bytes()
                    + " bytes, the one to be brought has " + there.bytes());
        }
        return here;
    }
}
