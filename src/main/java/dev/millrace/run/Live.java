package dev.millrace.run;

import java.util.Optional;

/**
 * What a run has made live in its job's warehouse.
 *
 * @param run that replaced the warehouse
 * @param commit its number in the ledger
 * @param through number of the last run that brought the same and so left it as it is; {@code commit} where none has
 * @param content fingerprint of the tables, their types and rows
 * @param place the warehouse, with all settings by which it is loaded
 * @param mark how a change of it can be seen without asking it; empty where it cannot
 */
public record Live(RunId run, long commit, long through, String content, String place, Optional<String> mark) {
    Live through(long later) {
        return new Live(run, commit, later, content, place, mark);
    }

    boolean isAt(String otherPlace, Optional<String> otherMark) {
        return place.equals(otherPlace) && mark.equals(otherMark);
    }
}
