package dev.millrace.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.TreeSet;

/** The first key, in alphabetical order, by which two resolved job files differ. */
record JobDifference(String key, String was, String now) {
    static Optional<JobDifference> between(String was, String now) {
        return was.equals(now) ? Optional.empty() : between("", Json.tree(was), Json.tree(now));
    }

    private static Optional<JobDifference> between(String key, JsonNode was, JsonNode now) {
        if (was.equals(now)) {
            return Optional.empty();
        }
        if (was.isObject() && now.isObject()) {
            TreeSet<String> names = new TreeSet<>();
            was.fieldNames().forEachRemaining(names::add);
            now.fieldNames().forEachRemaining(names::add);
            return names.stream()
                    .map(name -> between(key.isEmpty() ? name : key + "." + name, was.path(name), now.path(name)))
                    .flatMap(Optional::stream)
                    .findFirst();
        }
        return Optional.of(new JobDifference(key.isEmpty() ? "(all)" : key, shown(was), shown(now)));
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "not set" : value.toString();
    }

    @Override
    public String toString() {
        return key + ": was " + was + ", now " + now;
    }
}
