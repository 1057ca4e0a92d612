package dev.millrace.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.config.Tree.Place;
import dev.millrace.fault.Fault;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Reads job files.
 *
 * <p>What {@code --set} gives lies over the job file, the job file over the file of the environment. A set value is
 * taken literally where a key takes one text, as YAML elsewhere.
 */
public final class JobFile {
    private static final int ROOT_LINE = 1;

    private final Path file;
    private final Optional<Path> envFile;
    private final Map<String, String> sets;
    private final Path base;
    private final Function<String, Optional<String>> environment;
    private final Expressions expressions;
    private final List<Mistake> mistakes = new ArrayList<>();

    private JobFile(
            Path file,
            Optional<Path> envFile,
            Map<String, String> sets,
            Path base,
            Function<String, Optional<String>> environment,
            Expressions expressions) {
        this.file = file;
        this.envFile = envFile;
        this.sets = sets;
        this.base = base;
        this.environment = environment;
        this.expressions = expressions;
    }

    /**
     * The job as resolved.
     *
     * @param file the job file; messages name it as it is given
     * @param envFile defaults that lie under it
     * @param sets values by dotted key; a name without a dot that is no key is an argument
     * @param base what relative paths start from, also those of the files
     * @param environment looks up an environment variable
     * @param expressions judges Spark SQL and functions
     * @throws Fault of kind USER with all mistakes, one a line
     */
    public static Job load(
            Path file,
            Optional<Path> envFile,
            Map<String, String> sets,
            Path base,
            Function<String, Optional<String>> environment,
            Expressions expressions) {
        JobFile reading = new JobFile(file, envFile, sets, base, environment, expressions);
        return reading.checked(reading.read());
    }

    /**
     * The job of a file that does not lie on the local disk.
     *
     * @param name as which messages name the text; the other parameters are as in {@link #load}
     * @throws Fault of kind USER with all mistakes, one a line
     */
    public static Job ofText(
            String name,
            String text,
            Optional<Path> envFile,
            Map<String, String> sets,
            Path base,
            Function<String, Optional<String>> environment,
            Expressions expressions) {
        JobFile reading = new JobFile(Path.of(name), envFile, sets, base, environment, expressions);
        Optional<Tree> under = envFile.flatMap(path -> reading.parsed(path, "environment file"));
        return reading.checked(YamlText.parse(name, text, reading.mistakes).flatMap(tree -> reading.read(tree, under)));
    }

    private Job checked(Optional<Job> job) {
        if (!mistakes.isEmpty()) {
            throw Fault.user(sorted().stream().map(Mistake::toString).toList());
        }
        return job.orElseThrow(() -> new IllegalStateException("Neither a job nor a mistake in " + file));
    }

    /**
     * The job that {@link #toJson} wrote, by this version or an earlier one: keys that were not known then have their
     * defaults.
     *
     * @param name as which messages name the text; the other parameters are as in {@link #load}
     * @throws Fault of kind USER with all mistakes, one a line
     */
    public static Job fromJson(
            String name,
            String json,
            Path base,
            Function<String, Optional<String>> environment,
            Expressions expressions) {
        JobFile reading = new JobFile(Path.of(name), Optional.empty(), Map.of(), base, environment, expressions);
        return reading.checked(
                YamlText.parse(name, json, reading.mistakes).flatMap(tree -> reading.read(tree, Optional.empty())));
    }

    /** All mistakes, in the order of file and line; none means that {@link #load} succeeds. Parameters are as there. */
    public static List<Mistake> mistakes(
            Path file,
            Optional<Path> envFile,
            Map<String, String> sets,
            Path base,
            Function<String, Optional<String>> environment,
            Expressions expressions) {
        JobFile reading = new JobFile(file, envFile, sets, base, environment, expressions);
        reading.read();
        return reading.sorted();
    }

    /**
     * The job as JSON with the keys of the job file, all defaults written out and secrets as references: equal jobs have
     * equal text.
     */
    public static String toJson(Job job) {
        return json(JobKeys.ROOT.json(job));
    }

    /** Indented JSON that ends with a line feed. */
    static String json(Object value) {
        DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
        DefaultPrettyPrinter printer =
                new DefaultPrettyPrinter().withObjectIndenter(indenter).withArrayIndenter(indenter);
        try {
            return new ObjectMapper().writer(printer).writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot write as JSON: " + value, e);
        }
    }

    private Optional<Job> read() {
        Optional<Tree> job = parsed(file, "job file");
        Optional<Tree> under = envFile.flatMap(path -> parsed(path, "environment file"));
        return job.flatMap(tree -> read(tree, under));
    }

    private Optional<Job> read(Tree job, Optional<Tree> under) {
        Optional<Tree.Mapping> jobKeys = mapping(job, file);
        Optional<Tree.Mapping> envKeys = under.flatMap(tree -> mapping(tree, envFile.orElseThrow()));
        if (jobKeys.isEmpty() || envKeys.isPresent() != envFile.isPresent()) {
            return Optional.empty();
        }
        Tree.Mapping tree = jobKeys.get();
        if (envKeys.isPresent() && tree.over(envKeys.get()) instanceof Tree.Mapping merged) {
            tree = merged;
        }
        Map<String, String> arguments = new HashMap<>();
        for (Map.Entry<String, String> set : sets.entrySet()) {
            tree = withSet(tree, set.getKey(), set.getValue(), arguments);
        }
        Set<String> used = References.argumentsIn(tree);
        arguments.keySet().stream().filter(name -> !used.contains(name)).forEach(this::unused);
        return JobKeys.ROOT.read(
                tree, "", new Reading(tree, base, new References(environment, arguments), expressions, mistakes));
    }

    private Tree.Mapping withSet(Tree.Mapping tree, String key, String value, Map<String, String> arguments) {
        List<String> names = AttributePath.parse(key).map(AttributePath::names).orElse(List.of(key));
        Place place = new Place("--set " + key, OptionalInt.empty());
        Form<?> form = JobKeys.ROOT;
        String above = "";
        for (String name : names) {
            Optional<Form<?>> below = form.below(name);
            if (below.isEmpty() && names.size() == 1) {
                arguments.put(key, value);
                return tree;
            }
            if (below.isEmpty()) {
                mistakes.add(
                        new Mistake(place.file(), place.line(), Reading.below(above, name), "", form.unknown(name)));
                return tree;
            }
            above = Reading.below(above, name);
            form = below.get();
        }
        boolean literal = form.isText() || !(value.startsWith("{") || value.startsWith("["));
        Optional<Tree> given = literal
                ? Optional.of(new Tree.Text(place, value))
                : YamlText.parseOption(place.file(), key, value, mistakes);
        return given.map(t -> tree.with(names, t)).orElse(tree);
    }

    private void unused(String name) {
        String remedy = Nearest.to(
                        name, JobKeys.ROOT.rows("").stream().map(Form.Row::key).toList())
                .map(near -> "did you mean " + near + "?")
                .orElse("remove it, or use it there");
        mistakes.add(new Mistake(
                "--set " + name,
                OptionalInt.empty(),
                name,
                "",
                "no such key, and ${arg:" + name + "} is not in " + file + ": " + remedy));
    }

    private Optional<Tree> parsed(Path path, String what) {
        Path absolute = base.resolve(path);
        if (!Files.exists(absolute)) {
            mistakes.add(missing(path, absolute, what));
            return Optional.empty();
        }
        if (Files.isDirectory(absolute)) {
            mistakes.add(whole(path, "is a folder: give a file in it"));
            return Optional.empty();
        }
        try {
            return YamlText.parse(path.toString(), Files.readString(absolute), mistakes);
        } catch (CharacterCodingException e) {
            mistakes.add(whole(path, "is not UTF-8 text: save it as UTF-8"));
        } catch (IOException e) {
            mistakes.add(whole(path, "cannot be read: " + e));
        }
        return Optional.empty();
    }

    private Optional<Tree.Mapping> mapping(Tree tree, Path path) {
        if (tree instanceof Tree.Mapping mapping) {
            return Optional.of(mapping);
        }
        mistakes.add(whole(path, "must be a map of keys: jobs/shop.yaml is an example to start from"));
        return Optional.empty();
    }

    private static Mistake whole(Path path, String message) {
        return new Mistake(path.toString(), OptionalInt.of(ROOT_LINE), "", "", message);
    }

    private static Mistake missing(Path path, Path absolute, String what) {
        List<String> names = new ArrayList<>();
        Path folder = absolute.toAbsolutePath().getParent();
        if (folder != null && Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                files.map(f -> String.valueOf(f.getFileName()))
                        .filter(name -> name.endsWith(".yaml") || name.endsWith(".yml"))
                        .sorted()
                        .forEach(names::add);
            } catch (IOException e) {
                names.clear(); // A folder that cannot be listed has no names to propose.
            }
        }
        String name = String.valueOf(path.getFileName());
        String remedy = Optional.of(name + ".yaml")
                .filter(names::contains)
                .or(() -> Nearest.to(name, names))
                .map(near -> "did you mean " + path.resolveSibling(near) + "?")
                .orElse(
                        names.isEmpty()
                                ? "give the path of one, for example jobs/shop.yaml"
                                : "there are " + String.join(", ", names));
        return new Mistake("No " + what, OptionalInt.empty(), "", path.toString(), remedy);
    }

    private List<Mistake> sorted() {
        Comparator<Mistake> byFile = Comparator.comparingInt(mistake -> {
            if (mistake.file().equals(file.toString())) {
                return 0;
            }
            return envFile.map(Path::toString).filter(mistake.file()::equals).isPresent() ? 1 : 2;
        });
        return mistakes.stream()
                .sorted(byFile.thenComparingInt(mistake -> mistake.line().orElse(0)))
                .toList();
    }
}
