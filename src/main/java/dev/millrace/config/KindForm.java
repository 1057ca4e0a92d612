package dev.millrace.config;

import dev.millrace.config.SchemaSettings.KindAttribute;
import dev.millrace.config.SchemaSettings.KindRule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What tells an item's kind: the name of an attribute, or a map.
 *
 * @param attribute form of the name alone
 * @param section form of the map
 */
record KindForm(Scalar<String> attribute, Section<KindRule> section) implements Form<KindRule> {
    @Override
    public Optional<KindRule> read(Tree tree, String path, Reading reading) {
        return tree instanceof Tree.Mapping
                ? section.read(tree, path, reading)
                : attribute.read(tree, path, reading).map(KindAttribute::new);
    }

    @Override
    public Object json(KindRule value) {
        return section.json(value);
    }

    @Override
    public Map<String, Object> schema() {
        return Map.of("anyOf", List.of(attribute.schema(), section.schema()));
    }

    @Override
    public String shape() {
        return attribute.shape() + ", or the keys below";
    }

    @Override
    public List<Row> rows(String path) {
        return section.rows(path);
    }

    @Override
    public Optional<Form<?>> below(String key) {
        return section.below(key);
    }

    @Override
    public String unknown(String key) {
        return section.unknown(key);
    }
}
