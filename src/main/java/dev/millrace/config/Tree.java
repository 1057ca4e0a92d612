package dev.millrace.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What a YAML file says, each part with its place. Immutable. */
sealed interface Tree {
    /** File and line for messages; an option of the command line has no line. */
    record Place(String file, OptionalInt line) {}

    /** One value as it is written, references not yet replaced. */
    record Text(Place place, String raw) implements Tree {}

    /** A key without a value. */
    record Empty(Place place) implements Tree {}

    record Sequence(Place place, List<Tree> items) implements Tree {
        public Sequence {
            items = List.copyOf(items);
        }
    }

    /** Keys in the order of the file. The place is that of the key that holds it. */
    record Mapping(Place place, List<Entry> entries) implements Tree {
        public Mapping {
            entries = List.copyOf(entries);
        }

        Optional<Entry> entry(String key) {
            return entries.stream().filter(e -> e.key().equals(key)).findFirst();
        }

        /** What lies below the keys, one after the other. */
        Optional<Tree> find(String... keys) {
            Optional<Tree> found = Optional.of(this);
            for (String key : keys) {
                found = found.flatMap(tree -> tree instanceof Mapping m ? m.entry(key) : Optional.empty())
                        .map(Entry::value);
            }
            return found;
        }

        /** This mapping with one value replaced or added, and the mappings on the way to it. */
        Mapping with(List<String> keys, Tree value) {
            String key = keys.get(0);
            Tree replacement = value;
            if (keys.size() > 1) {
                Mapping below = find(key).orElse(null) instanceof Mapping m ? m : new Mapping(value.place(), List.of());
                replacement = below.with(keys.subList(1, keys.size()), value);
            }
            List<Entry> changed = new ArrayList<>();
            boolean found = false;
            for (Entry entry : entries) {
                boolean match = entry.key().equals(key);
                changed.add(match ? new Entry(key, entry.place(), replacement) : entry);
                found |= match;
            }
            if (!found) {
                changed.add(new Entry(key, value.place(), replacement));
            }
            return new Mapping(place, changed);
        }
    }

    /** A key of a mapping and its value. */
    record Entry(String key, Place place, Tree value) {}

    Place place();

    /** This tree over another one: mappings are merged, everything else of this one hides the other's. */
    default Tree over(Tree under) {
        if (!(this instanceof Mapping top && under instanceof Mapping bottom)) {
            return this;
        }
        List<Entry> merged = new ArrayList<>();
        for (Entry entry : top.entries()) {
            Tree value = bottom.entry(entry.key())
                    .map(other -> entry.value().over(other.value()))
                    .orElse(entry.value());
            merged.add(new Entry(entry.key(), entry.place(), value));
        }
        bottom.entries().stream().filter(e -> top.entry(e.key()).isEmpty()).forEach(merged::add);
        return new Mapping(top.place(), merged);
    }
}
