package dev.millrace.config;

import java.util.Map;
import java.util.Optional;

/** A Spark SQL expression: text, judged by whoever knows Spark. */
record SqlForm() implements Form<String> {
    @Override
    public Optional<String> read(Tree tree, String path, Reading reading) {
        Optional<String> sql = Scalars.SQL.read(tree, path, reading);
        sql.flatMap(reading::mistakeIn).ifPresent(reason -> reading.mistake(tree, path, reason));
        return sql;
    }

    @Override
    public Object json(String value) {
        return Scalars.SQL.json(value);
    }

    @Override
    public Map<String, Object> schema() {
        return Scalars.SQL.schema();
    }

    @Override
    public String shape() {
        return Scalars.SQL.shape();
    }

    @Override
    public boolean isText() {
        return true;
    }
}
