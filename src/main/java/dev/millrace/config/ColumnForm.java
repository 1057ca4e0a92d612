package dev.millrace.config;

import dev.millrace.config.TableSettings.Column;
import dev.millrace.config.TableSettings.GivenColumn;
import dev.millrace.table.ColumnType;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A column: the path of its value alone, or a map.
 *
 * @param path form of the path alone
 * @param section form of the map
 */
record ColumnForm(Scalar<AttributePath> path, Section<Column> section) implements Form<Column> {
    static final DeclaredType TEXT = new DeclaredType(ColumnType.STRING, DeclaredType.Reading.PLAIN);

    @Override
    public Optional<Column> read(Tree tree, String at, Reading reading) {
        return tree instanceof Tree.Text
                ? path.read(tree, at, reading).map(from -> new GivenColumn(from, TEXT))
                : section.read(tree, at, reading);
    }

    @Override
    public Object json(Column value) {
        return section.json(value);
    }

    @Override
    public Map<String, Object> schema() {
        return Map.of("anyOf", List.of(path.schema(), section.schema()));
    }

    @Override
    public String shape() {
        return path.shape() + ", or the keys below";
    }

    @Override
    public List<Row> rows(String at) {
        return section.rows(at);
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
