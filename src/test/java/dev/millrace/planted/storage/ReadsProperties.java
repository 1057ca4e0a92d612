package dev.millrace.planted.storage;

import java.util.function.UnaryOperator;

/** Reads system properties without a visible call. */
final class ReadsProperties {
    UnaryOperator<String> properties() {
        return System::getProperty;
    }
}
