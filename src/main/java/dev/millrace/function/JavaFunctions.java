package dev.millrace.function;

import dev.millrace.fault.Fault;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry;

/** The Java functions that a job's expressions may call: those of this room, and those that the job file declares. */
public final class JavaFunctions {
    /** The functions of this room, which every job may call. */
    public static final JavaFunctions OURS = new JavaFunctions(List.of(
            JavaFunction.of("normalized_method_signature", NormalizedMethodSignature.class),
            JavaFunction.of("normalized_url", NormalizedUrl.class)));

    private static final String NAME = "[A-Za-z_][A-Za-z0-9_]*";

    private final Map<String, JavaFunction> byName;

    private JavaFunctions(Collection<JavaFunction> functions) {
        byName = new TreeMap<>();
        functions.forEach(function -> byName.put(function.name(), function));
    }

    /**
     * Ours and the declared ones.
     *
     * @param declared names of classes by function name; they are loaded as Spark loads those of {@code --jars}
     * @throws Fault of kind USER with the mistakes of all
     */
    public static JavaFunctions of(Map<String, String> declared) {
        List<JavaFunction> functions = new ArrayList<>(OURS.byName.values());
        List<String> mistakes = new ArrayList<>();
        Set<String> names = new TreeSet<>();
        declared.forEach((name, type) -> {
            try {
                if (!names.add(name.toLowerCase(Locale.ROOT))) {
                    throw Fault.user("the name is declared twice; case does not count");
                }
                functions.add(declared(name, type));
            } catch (Fault mistake) {
                mistakes.add("Invalid function " + name + ": " + mistake.getMessage());
            }
        });
        if (!mistakes.isEmpty()) {
            throw Fault.user(mistakes);
        }
        return new JavaFunctions(functions);
    }

    /** Why a class cannot be a function of that name; empty when it can. */
    public static Optional<String> mistake(String name, String type) {
        try {
            declared(name, type);
            return Optional.empty();
        } catch (Fault mistake) {
            return Optional.of(mistake.getMessage());
        }
    }

    private static JavaFunction declared(String name, String type) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (!name.matches(NAME)) {
            throw Fault.user("the name must be letters, digits and _, not " + name);
        }
        if (FunctionRegistry.builtin().functionExists(new FunctionIdentifier(lower))) {
            throw Fault.user("Spark has a function of that name; choose another");
        }
        if (OURS.byName.containsKey(lower)) {
            throw Fault.user("Millrace has a function of that name; choose another");
        }
        return JavaFunction.of(lower, load(type));
    }

    private static Class<?> load(String type) {
        try {
            return Class.forName(type, false, Thread.currentThread().getContextClassLoader());
        } catch (ClassNotFoundException e) {
            throw Fault.user(
                    "class " + type + " is not there: start with its jar, spark-submit --jars functions.jar or "
                            + "MILLRACE_JARS=functions.jar scripts/millrace");
        } catch (LinkageError e) {
            throw Fault.user("class " + type + " cannot be loaded: " + e
                    + ": compile it for Java 17, and start with all " + "jars that it needs");
        }
    }

    /** The names that expressions may call, in lower case. */
    public Set<String> names() {
        return Set.copyOf(byName.keySet());
    }

    public Optional<JavaFunction> find(String name) {
        return Optional.ofNullable(byName.get(name.toLowerCase(Locale.ROOT)));
    }

    /** Makes a session know all of them by their names. */
    public void register(SparkSession spark) {
        FunctionRegistry known = spark.sessionState().functionRegistry();
        byName.forEach((name, function) -> {
            // Those of a job may be others than those of the session's last job; ours never are.
            if (!OURS.byName.containsKey(name) || !known.functionExists(new FunctionIdentifier(name))) {
                function.register(spark);
            }
        });
    }
}
