package dev.millrace.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What was read for the keys of one section, and what its checks look at. */
final class Values {
    private final Tree.Mapping mapping;
    private final String path;
    private final Reading reading;
    private final Map<Key<?, ?>, Object> values = new HashMap<>();
    private boolean valid = true;

    Values(Tree.Mapping mapping, String path, Reading reading) {
        this.mapping = mapping;
        this.path = path;
        this.reading = reading;
    }

    void put(Key<?, ?> key, Object value) {
        values.put(key, value);
    }

    /** The value of a key that has one in every valid section. */
    <T> T get(Key<?, T> key) {
        return find(key).orElseThrow(() -> new IllegalStateException("No value for " + path + "." + key.name()));
    }

    /** The value of a key, where a valid one was given or there is a default. */
    @SuppressWarnings("unchecked") // only put() fills the map, with what the key's own form read
    <T> Optional<T> find(Key<?, T> key) {
        return Optional.ofNullable((T) values.get(key));
    }

    /** Whether the key stands there, with a valid value or not. */
    boolean isGiven(Key<?, ?> key) {
        return mapping.entry(key.name()).isPresent();
    }

    void mistake(Key<?, ?> key, String message) {
        valid = false;
        String keyPath = Reading.below(path, key.name());
        mapping.entry(key.name())
                .ifPresentOrElse(
                        entry -> {
                            if (key.form() instanceof SecretForm) {
                                reading.mistake(entry.value().place(), keyPath, "", message);
                            } else {
                                reading.mistake(entry.value(), keyPath, message);
                            }
                        },
                        () -> reading.mistake(mapping.place(), keyPath, "", message));
    }

    void mistake(Tree at, String atPath, String message) {
        valid = false;
        reading.mistake(at, atPath, message);
    }

    void mistake(String message) {
        valid = false;
        reading.mistake(mapping.place(), path, "", message);
    }

    void invalid() {
        valid = false;
    }

    boolean isValid() {
        return valid;
    }

    Reading reading() {
        return reading;
    }
}
