package dev.millrace.config;

import dev.millrace.fault.Fault;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a secret is: an environment variable, a file, or a key of the JSON that AWS Secrets Manager holds. Never the
 * secret itself, so it may be printed and stored; the secret is asked for when it is used.
 */
public final class SecretRef {
    /** As messages name them. */
    static final String FORMS = "${env:NAME}, ${file:/PATH} or ${secret:ID#key}";

    private static final Pattern FORM = Pattern.compile("\\$\\{(?:env:(?<env>" + References.NAME
            + ")|file:(?<file>/[^{}]+)|secret:(?<id>[^#{}]+)#(?<key>[^#{}]+))}");

    /** Asks AWS Secrets Manager, or what stands for it. */
    @FunctionalInterface
    public interface Store {
        /**
         * A text in a secret's JSON object.
         *
         * @param id name or ARN of the secret
         * @param key of the JSON object
         * @return empty where the secret or the key does not exist
         */
        Optional<String> find(String id, String key);
    }

    private final String reference;

    private SecretRef(String reference) {
        this.reference = reference;
    }

    /** Reads {@code ${env:NAME}}, {@code ${file:/PATH}} or {@code ${secret:ID#key}}; empty for anything else. */
    public static Optional<SecretRef> parse(String text) {
        return FORM.matcher(text).matches() ? Optional.of(new SecretRef(text)) : Optional.empty();
    }

    /** The environment variable that holds the secret, where one does. */
    public Optional<String> variable() {
        return Optional.ofNullable(matched().group("env"));
    }

    /** The secret. Where there is none, a USER fault names the reference. */
    public String resolve(Function<String, Optional<String>> environment, Store store) {
        Matcher parts = matched();
        if (parts.group("file") != null) {
            return SecretFile.read(Path.of(parts.group("file")));
        }
        Optional<String> secret =
                variable().map(environment).orElseGet(() -> store.find(parts.group("id"), parts.group("key")));
        return secret.orElseThrow(() -> Fault.user("No such secret: " + reference + ": is its name right?"));
    }

    private Matcher matched() {
        Matcher matcher = FORM.matcher(reference);
        if (!matcher.matches()) {
            throw new IllegalStateException("Invalid reference: " + reference);
        }
        return matcher;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SecretRef ref && ref.reference.equals(reference);
    }

    @Override
    public int hashCode() {
        return reference.hashCode();
    }

    /** The reference, as the job file writes it. */
    @Override
    public String toString() {
        return reference;
    }
}
