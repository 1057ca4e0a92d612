package dev.millrace.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A path, taken as the names on its way.
 *
 * @param path form of the text
 */
record PathForm(Scalar<AttributePath> path) implements Form<List<String>> {
    @Override
    public Optional<List<String>> read(Tree tree, String at, Reading reading) {
        return path.read(tree, at, reading).map(AttributePath::names);
    }

    @Override
    public Object json(List<String> names) {
        return path.json(new AttributePath(names));
    }

    @Override
    public Map<String, Object> schema() {
        return path.schema();
    }

    @Override
    public String shape() {
        return path.shape();
    }

    @Override
    public boolean isText() {
        return true;
    }
}
