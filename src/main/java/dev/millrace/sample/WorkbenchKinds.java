package dev.millrace.sample;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/** How a job can tell the facets of a Workbench table apart. */
public sealed interface WorkbenchKinds {
    /**
     * One attribute tells it.
     *
     * @param facets the facet of each of the attribute's values
     */
    record ByAttribute(String attribute, Map<String, String> facets) implements WorkbenchKinds {
        public ByAttribute {
            facets = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(facets));
        }
    }

    /**
     * The look of a key tells it.
     *
     * @param patterns for each facet a pattern that all its items match and no other item does
     */
    record ByKey(Map<String, KeyPattern> patterns) implements WorkbenchKinds {
        public ByKey {
            patterns = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(patterns));
        }
    }

    /** A text for the whole value of a key attribute; a star at its end stands for any characters. */
    record KeyPattern(String key, String glob) {}

    /** There are no facets, or nothing tells them apart: all items are of one kind. */
    record One() implements WorkbenchKinds {}

    /** The best rule that classifies every item of the table right. */
    static WorkbenchKinds of(WorkbenchModel.Table table) {
        if (table.facets().size() < 2) {
            return new One();
        }
        return Rules.byAttribute(table).or(() -> Rules.byKey(table)).orElseGet(One::new);
    }

    /** Finds the rules. */
    final class Rules {
        private static final String SEPARATORS = "#:|/-._";
        private static final Set<String> TELLING_NAMES =
                Set.of("type", "kind", "entity", "entitytype", "itemtype", "recordtype", "facet", "discriminator");

        private Rules() {}

        static Optional<WorkbenchKinds> byAttribute(WorkbenchModel.Table table) {
            // With one item per facet every attribute is constant: then only the name is evidence.
            boolean anyRepeats = table.facets().values().stream().anyMatch(items -> items.size() > 1);
            return attributes(table).stream()
                    .filter(name ->
                            table.keys().stream().noneMatch(key -> key.name().equals(name)))
                    .filter(name -> anyRepeats || isTelling(name))
                    .sorted(Comparator.comparing((String name) -> !isTelling(name)))
                    .flatMap(name -> facetsByValue(table, name).stream().map(facets -> new ByAttribute(name, facets)))
                    .map(WorkbenchKinds.class::cast)
                    .findFirst();
        }

        private static boolean isTelling(String name) {
            return TELLING_NAMES.contains(name.replace("_", "").replace("-", "").toLowerCase(Locale.ROOT));
        }

        private static Set<String> attributes(WorkbenchModel.Table table) {
            Set<String> names = new TreeSet<>();
            table.items().forEach(item -> names.addAll(item.keySet()));
            return names;
        }

        private static Optional<Map<String, String>> facetsByValue(WorkbenchModel.Table table, String attribute) {
            Map<String, String> facets = new LinkedHashMap<>();
            for (Map.Entry<String, List<Map<String, AttributeValue>>> facet :
                    table.facets().entrySet()) {
                Set<String> values = new LinkedHashSet<>();
                for (Map<String, AttributeValue> item : facet.getValue()) {
                    if (!item.containsKey(attribute) || item.get(attribute).type() != AttributeValue.Type.S) {
                        return Optional.empty();
                    }
                    values.add(item.get(attribute).s());
                }
                String value = values.iterator().next();
                if (values.size() > 1 || value.isEmpty() || facets.put(value, facet.getKey()) != null) {
                    return Optional.empty();
                }
            }
            long inFacets = table.items().stream()
                    .filter(item -> item.containsKey(attribute)
                            && facets.containsKey(item.get(attribute).s()))
                    .count();
            long expected = table.facets().values().stream()
                    .flatMap(List::stream)
                    .distinct()
                    .count();
            return inFacets == expected ? Optional.of(facets) : Optional.empty();
        }

        static Optional<WorkbenchKinds> byKey(WorkbenchModel.Table table) {
            List<Map<String, AttributeValue>> inFacets =
                    table.facets().values().stream().flatMap(List::stream).toList();
            if (inFacets.stream().distinct().count() < inFacets.size()) {
                // An item of two facets is of no one kind.
                return Optional.empty();
            }
            List<String> keys = new ArrayList<>();
            table.sortKey().ifPresent(key -> addText(key, keys));
            addText(table.partitionKey(), keys);
            Map<String, KeyPattern> patterns = new LinkedHashMap<>();
            for (Map.Entry<String, List<Map<String, AttributeValue>>> facet :
                    table.facets().entrySet()) {
                List<Map<String, AttributeValue>> own = facet.getValue();
                Optional<KeyPattern> pattern = keys.stream()
                        .flatMap(key -> candidates(key, own).stream())
                        .filter(candidate ->
                                table.items().stream().allMatch(item -> matches(candidate, item) == own.contains(item)))
                        .findFirst();
                if (pattern.isEmpty()) {
                    return Optional.empty();
                }
                patterns.put(facet.getKey(), pattern.get());
            }
            return Optional.of(new ByKey(patterns));
        }

        private static void addText(WorkbenchModel.Key key, List<String> keys) {
            if (key.type() == ScalarAttributeType.S) {
                keys.add(key.name());
            }
        }

        /** The common beginning cut behind each separator, shortest first, then the value if it is the same in all. */
        private static List<KeyPattern> candidates(String key, List<Map<String, AttributeValue>> items) {
            List<String> values = items.stream().map(item -> item.get(key).s()).toList();
            String prefix = values.stream().reduce(Rules::commonPrefix).orElseThrow();
            List<KeyPattern> candidates = new ArrayList<>();
            boolean hasWord = false;
            for (int i = 0; i < prefix.length() && prefix.charAt(i) != '*'; i++) {
                if (SEPARATORS.indexOf(prefix.charAt(i)) < 0) {
                    hasWord = true;
                } else if (hasWord) {
                    candidates.add(new KeyPattern(key, prefix.substring(0, i + 1) + "*"));
                }
            }
            if (values.stream().allMatch(prefix::equals) && !prefix.contains("*")) {
                candidates.add(new KeyPattern(key, prefix));
            }
            return candidates;
        }

        private static boolean matches(KeyPattern pattern, Map<String, AttributeValue> item) {
            String value = item.get(pattern.key()).s();
            String glob = pattern.glob();
            return glob.endsWith("*") ? value.startsWith(glob.substring(0, glob.length() - 1)) : value.equals(glob);
        }

        private static String commonPrefix(String one, String other) {
            int length = 0;
            while (length < Math.min(one.length(), other.length()) && one.charAt(length) == other.charAt(length)) {
                length++;
            }
            return one.substring(0, length);
        }
    }
}
