package dev.millrace.config;

import dev.millrace.config.Tree.Place;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Turns one YAML document into a tree. Values stay text as written: 1e3 and 007 are not numbers yet. */
final class YamlText {
    private static final Set<Tag> PLAIN =
            Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.TIMESTAMP, Tag.MERGE, Tag.SEQ, Tag.MAP);

    private final String file;
    private final OptionalInt noLine;
    private final List<Mistake> mistakes;
    /** Aliases share their anchor's tree, so that text which names itself over and over stays small. */
    private final IdentityHashMap<Node, Optional<Tree>> seen = new IdentityHashMap<>();

    /** Nodes that are being converted; none of them may turn up in itself. SnakeYAML's nodes are equal by identity. */
    private final Set<Node> open = new HashSet<>();

    private YamlText(String file, OptionalInt noLine, List<Mistake> mistakes) {
        this.file = file;
        this.noLine = noLine;
        this.mistakes = mistakes;
    }

    /** The document in a file; empty where it cannot be read at all, which is then among the mistakes. */
    static Optional<Tree> parse(String file, String text, List<Mistake> mistakes) {
        return new YamlText(file, OptionalInt.of(1), mistakes).parse(text, "");
    }

    /** The value of an option, which has a name and no lines. */
    static Optional<Tree> parseOption(String option, String path, String text, List<Mistake> mistakes) {
        return new YamlText(option, OptionalInt.empty(), mistakes).parse(text, path);
    }

    private Optional<Tree> parse(String text, String path) {
        Node root;
        try {
            root = new Yaml(new LoaderOptions()).compose(new StringReader(text));
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
            String line = text.lines().skip(mark.getLine()).findFirst().orElse("");
            String hint = line.contains("${") ? ": inside { } and [ ] a reference needs quotes, \"${env:NAME}\"" : "";
            mistake(place(mark), "", "not valid YAML: " + e.getProblem() + hint);
            return Optional.empty();
        } catch (YAMLException e) {
            mistake(
                    new Place(file, noLine),
                    "",
                    "not valid YAML: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            return Optional.empty();
        }
        if (root == null) {
            mistake(new Place(file, noLine), "", "is empty: jobs/shop.yaml is an example to start from");
            return Optional.empty();
        }
        return convert(root, new Place(file, noLine), path);
    }

    private Optional<Tree> convert(Node node, Place holder, String path) {
        Optional<Tree> known = seen.get(node);
        if (known != null) {
            return known;
        }
        if (!open.add(node)) {
            mistake(holder, path, "holds itself by its alias: write it out");
            return Optional.empty();
        }
        Optional<Tree> tree = convertNew(node, holder, path);
        open.remove(node);
        seen.put(node, tree);
        return tree;
    }

    private Optional<Tree> convertNew(Node node, Place holder, String path) {
        if (!PLAIN.contains(node.getTag())) {
            mistake(place(node.getStartMark()), path, "has the tag " + node.getTag() + ": tags are not used here");
            return Optional.empty();
        }
        if (node instanceof ScalarNode scalar) {
            Place place = place(scalar.getStartMark());
            return Optional.of(
                    scalar.getTag().equals(Tag.NULL) ? new Tree.Empty(place) : new Tree.Text(place, scalar.getValue()));
        }
        if (node instanceof SequenceNode sequence) {
            List<Tree> items = new ArrayList<>();
            for (Node item : sequence.getValue()) {
                convert(item, place(item.getStartMark()), path).ifPresent(items::add);
            }
            return Optional.of(new Tree.Sequence(holder, items));
        }
        return Optional.of(mapping((MappingNode) node, holder, path));
    }

    private Tree mapping(MappingNode node, Place holder, String path) {
        List<Tree.Entry> entries = new ArrayList<>();
        Map<String, Place> places = new HashMap<>();
        for (NodeTuple tuple : node.getValue()) {
            Place place = place(tuple.getKeyNode().getStartMark());
            if (!(tuple.getKeyNode() instanceof ScalarNode name)) {
                mistake(place, path, "has a key that is a list or map: a key must be text");
                continue;
            }
            String key = name.getValue();
            String keyPath = Reading.below(path, key);
            Place first = places.putIfAbsent(key, place);
            if (first != null) {
                String where = first.line().isPresent()
                        ? ", first in line " + first.line().getAsInt()
                        : "";
                mistake(place, keyPath, "is given twice" + where + ": remove one");
                continue;
            }
            convert(tuple.getValueNode(), place, keyPath)
                    .ifPresent(value -> entries.add(new Tree.Entry(key, place, value)));
        }
        return new Tree.Mapping(holder, entries);
    }

    private Place place(Mark mark) {
        return new Place(file, noLine.isPresent() ? OptionalInt.of(mark.getLine() + 1) : noLine);
    }

    private void mistake(Place place, String path, String message) {
        mistakes.add(new Mistake(place.file(), place.line(), path, "", message));
    }
}
