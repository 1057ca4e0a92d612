package dev.millrace.config;

import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A secret, given by reference only. No message holds what was written: it may be the secret.
 *
 * @param valid tells whether a secret that the environment holds can be one
 * @param rule of the message where it cannot
 */
record SecretForm(Predicate<String> valid, String rule) implements Form<SecretRef> {
    @Override
    public Optional<SecretRef> read(Tree tree, String path, Reading reading) {
        Optional<SecretRef> reference = tree instanceof Tree.Text text ? SecretRef.parse(text.raw()) : Optional.empty();
        if (reference.isEmpty()) {
            reading.mistake(tree.place(), path, "", "must be " + SecretRef.FORMS + ": secrets are never written here");
            return reference;
        }
        Optional<String> variable = reference.get().variable();
        if (variable.isEmpty()) {
            return reference;
        }
        Optional<String> held = reading.references().variable(variable.get());
        if (held.isEmpty()) {
            reading.mistake(
                    tree,
                    path,
                    "no environment variable " + variable.get() + ": set it to the secret, or say where the secret is: "
                            + SecretRef.FORMS);
            return Optional.empty();
        }
        if (!valid.test(held.get())) {
            reading.mistake(tree, path, rule);
            return Optional.empty();
        }
        return reference;
    }

    @Override
    public Object json(SecretRef value) {
        return value.toString();
    }

    @Override
    public Map<String, Object> schema() {
        return Scalar.text("\\$\\{(env:[^{}]+|file:/[^{}]+|secret:[^#{}]+#[^#{}]+)\\}");
    }

    @Override
    public String shape() {
        return "secret: `${env:NAME}`, `${file:/PATH}` or `${secret:ID#key}`";
    }

    @Override
    public boolean isText() {
        return true;
    }
}
