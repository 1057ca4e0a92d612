package dev.millrace.landing;

import dev.millrace.function.JavaFunction;
import dev.millrace.function.JavaFunctions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.analysis.FunctionRegistry;
import org.apache.spark.sql.catalyst.analysis.Parameter;
import org.apache.spark.sql.catalyst.analysis.Star;
import org.apache.spark.sql.catalyst.analysis.UnresolvedAttribute;
import org.apache.spark.sql.catalyst.analysis.UnresolvedFunction;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Cast;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.expressions.Generator;
import org.apache.spark.sql.catalyst.expressions.LambdaFunction;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.PlanExpression;
import org.apache.spark.sql.catalyst.expressions.RuntimeReplaceable;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import org.apache.spark.sql.catalyst.expressions.UnresolvedNamedLambdaVariable;
import org.apache.spark.sql.catalyst.expressions.UnresolvedWindowExpression;
import org.apache.spark.sql.catalyst.expressions.WindowExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateFunction;
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.apache.spark.unsafe.types.UTF8String;
import scala.Option;

/** Spark's expression trees. Needs no session. */
final class SqlExpressions {
    /** Functions whose result depends on the moment, the place or chance, although Spark takes some as constant. */
    private static final Set<String> NOT_REPEATABLE = Set.of(
            "current_date",
            "curdate",
            "current_timestamp",
            "now",
            "localtimestamp",
            "current_time",
            "current_user",
            "user",
            "session_user",
            "current_catalog",
            "current_database",
            "current_schema",
            "current_timezone",
            "rand",
            "random",
            "randn",
            "uuid",
            "shuffle",
            "monotonically_increasing_id",
            "spark_partition_id",
            "input_file_name",
            "input_file_block_start",
            "input_file_block_length",
            "java_method",
            "reflect");

    /** Words that a cast to a date or timestamp takes for the moment of the query. */
    private static final Pattern MOMENT =
            Pattern.compile("\\s*(now|today|tomorrow|yesterday)\\b.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private static final Pattern MOMENT_LITERAL = Pattern.compile(
            "\\b(date|timestamp|timestamp_ltz|timestamp_ntz)\\s*['\"]\\s*(now|today|tomorrow|yesterday)\\b",
            Pattern.CASE_INSENSITIVE);

    private SqlExpressions() {}

    static Expression parse(String sql) {
        return new CatalystSqlParser().parseExpression(sql);
    }

    /** What Spark said, without the query it repeats below. */
    static String message(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        int query = message.indexOf("== SQL");
        String first = query > 0 ? message.substring(0, query) : message;
        int plan = first.indexOf(";\n'");
        return (plan > 0 ? first.substring(0, plan) : first).strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /**
     * Why a parsed expression cannot be a column of a row, as far as its form alone tells.
     *
     * @param functions names, in lower case, of the functions that it may call beside Spark's
     */
    static Optional<String> refusal(String sql, Expression expression, Set<String> functions) {
        if (MOMENT_LITERAL.matcher(sql).find()) {
            return Optional.of(notRepeatable(MOMENT_LITERAL
                    .matcher(sql)
                    .results()
                    .findFirst()
                    .orElseThrow()
                    .group()));
        }
        return firstRefusal(expression, functions);
    }

    private static Optional<String> firstRefusal(Expression expression, Set<String> functions) {
        Optional<String> own = ownRefusal(expression, functions);
        if (own.isPresent()) {
            return own;
        }
        for (Expression child : children(expression)) {
            Optional<String> refusal = firstRefusal(child, functions);
            if (refusal.isPresent()) {
                return refusal;
            }
        }
        return Optional.empty();
    }

    private static Optional<String> ownRefusal(Expression expression, Set<String> functions) {
        if (expression instanceof UnresolvedFunction call) {
            return refusedCall(
                    ScalaLists.list(call.nameParts()),
                    ScalaLists.list(call.arguments()).size(),
                    functions);
        }
        if (expression instanceof WindowExpression || expression instanceof UnresolvedWindowExpression) {
            return Optional.of("a window function sees other rows; a column is computed from its own row");
        }
        if (expression instanceof AggregateFunction || expression instanceof AggregateExpression) {
            return Optional.of(aggregate(expression.prettyName()));
        }
        if (expression instanceof Generator) {
            return Optional.of(generator(expression.prettyName()));
        }
        if (expression instanceof PlanExpression) {
            return Optional.of("a subquery sees other rows; a column is computed from its own row");
        }
        if (expression instanceof Star) {
            return Optional.of("* stands for all columns; name those that are meant");
        }
        if (expression instanceof Parameter) {
            return Optional.of("a parameter has no value here; write the value");
        }
        if (expression instanceof Alias alias) {
            return Optional.of("no alias here: the column has its name already; leave out \"as " + alias.name() + "\"");
        }
        return momentCast(expression);
    }

    private static Optional<String> momentCast(Expression expression) {
        if (expression instanceof Cast cast
                && isMoment(cast.dataType())
                && cast.child() instanceof Literal literal
                && literal.value() instanceof UTF8String text
                && MOMENT.matcher(text.toString()).matches()) {
            return Optional.of(notRepeatable("'" + text + "'"));
        }
        return Optional.empty();
    }

    private static boolean isMoment(DataType type) {
        return type instanceof DateType || type instanceof TimestampType || type instanceof TimestampNTZType;
    }

    private static Optional<String> refusedCall(List<String> nameParts, int arguments, Set<String> functions) {
        String name = nameParts.get(nameParts.size() - 1).toLowerCase(Locale.ROOT);
        if (nameParts.size() == 1 && functions.contains(name)) {
            return Optional.empty();
        }
        if (NOT_REPEATABLE.contains(name) || (name.equals("unix_timestamp") && arguments == 0)) {
            return Optional.of(notRepeatable(name));
        }
        Option<ExpressionInfo> known = nameParts.size() == 1
                ? FunctionRegistry.builtin().lookupFunction(new FunctionIdentifier(name))
                : Option.empty();
        if (known.isEmpty()) {
            String written = String.join(".", nameParts);
            return Optional.of("no function " + written + nearest(name, names(functions)));
        }
        return switch (String.valueOf(known.get().getGroup())) {
            case "agg_funcs" -> Optional.of(aggregate(name));
            case "window_funcs" ->
                Optional.of("the window function " + name + " sees other rows; a column is computed from its own row");
            case "generator_funcs" -> Optional.of(generator(name));
            default -> Optional.empty();
        };
    }

    private static String aggregate(String name) {
        return "the aggregate " + name + " sees other rows; a column is computed from its own row";
    }

    private static String generator(String name) {
        return name + " makes several rows of one; a column has one value per row";
    }

    private static String notRepeatable(String what) {
        return what + " gives another result when a unit is repeated; use a value of the row";
    }

    private static List<String> names(Set<String> functions) {
        List<String> names = new ArrayList<>(functions);
        for (FunctionIdentifier id : ScalaLists.list(FunctionRegistry.builtin().listFunction())) {
            names.add(id.funcName());
        }
        return names;
    }

    /** "; the nearest is x" where a known name is near enough to be meant, else nothing. */
    static String nearest(String name, Collection<String> known) {
        UTF8String wanted = UTF8String.fromString(name.toLowerCase(Locale.ROOT));
        String best = null;
        int bestDistance = Math.min(Math.max(2, name.length() / 3) + 1, name.length());
        for (String candidate : known.stream().sorted().toList()) {
            int distance = wanted.levenshteinDistance(UTF8String.fromString(candidate.toLowerCase(Locale.ROOT)));
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best == null ? "" : "; the nearest is " + best;
    }

    /** Calls back with each column that an expression names, as written; variables of lambdas are none. */
    static void eachColumn(Expression expression, Consumer<String> columns) {
        withColumns(expression, Set.of(), name -> {
            columns.accept(name);
            return Optional.empty();
        });
    }

    /** The expression over the fields of a struct column in place of columns; {@code field} knows their spelling. */
    static Expression overStruct(Expression expression, String struct, FieldLookup field) {
        return withColumns(expression, Set.of(), name -> Optional.of(List.of(struct, field.spelling(name))));
    }

    /** A field's name by the name an expression uses for it. */
    interface FieldLookup {
        String spelling(String written);
    }

    private interface Renaming {
        Optional<List<String>> of(String name);
    }

    private static Expression withColumns(Expression expression, Set<String> bound, Renaming renaming) {
        if (expression instanceof UnresolvedAttribute column) {
            return renamed(expression, ScalaLists.list(column.nameParts()), renaming);
        }
        if (expression instanceof UnresolvedNamedLambdaVariable variable) {
            // The parser takes every name in a lambda's body for a variable; those that no lambda binds are columns.
            List<String> parts = ScalaLists.list(variable.nameParts());
            boolean isBound = bound.contains(parts.get(0).toLowerCase(Locale.ROOT));
            return isBound ? expression : renamed(expression, parts, renaming);
        }
        Set<String> inner = bound;
        if (expression instanceof LambdaFunction lambda) {
            inner = new HashSet<>(bound);
            for (Object argument : ScalaLists.list(lambda.arguments())) {
                if (argument instanceof UnresolvedNamedLambdaVariable variable) {
                    inner.add(ScalaLists.list(variable.nameParts()).get(0).toLowerCase(Locale.ROOT));
                }
            }
        }
        Set<String> scope = inner;
        return expression.mapChildren(child -> withColumns(child, scope, renaming));
    }

    private static Expression renamed(Expression expression, List<String> nameParts, Renaming renaming) {
        Optional<List<String>> parts = renaming.of(String.join(".", nameParts));
        return parts.isEmpty() ? expression : new UnresolvedAttribute(ScalaLists.seq(parts.get()));
    }

    /** Whether a name without brackets means the moment or the place where no column has it. */
    static Optional<String> refusedName(String name) {
        return NOT_REPEATABLE.contains(name.toLowerCase(Locale.ROOT))
                ? Optional.of(notRepeatable(name))
                : Optional.empty();
    }

    /** Why an analysed selection of one expression cannot be a column of a row. */
    static Optional<String> refusal(Dataset<Row> selected, JavaFunctions functions) {
        LogicalPlan plan = selected.queryExecution().analyzed();
        if (!(plan instanceof Project project)
                || !ScalaLists.list(project.child().children()).isEmpty()) {
            return Optional.of("it sees other rows; a column is computed from its own row");
        }
        for (Object column : ScalaLists.list(project.projectList())) {
            Expression expression = (Expression) column;
            if (!expression.deterministic()) {
                return Optional.of(notRepeatable("it"));
            }
            Optional<String> moment = firstMomentCast(expression);
            if (moment.isPresent()) {
                return moment;
            }
            Optional<String> argument = firstWrongArgument(expression, functions);
            if (argument.isPresent()) {
                return argument;
            }
        }
        return Optional.empty();
    }

    /** Spark gives a Java function whatever the arguments are; of a wrong class they would fail on the first row. */
    private static Optional<String> firstWrongArgument(Expression expression, JavaFunctions functions) {
        if (expression instanceof ScalaUDF call && call.udfName().isDefined()) {
            Optional<String> own =
                    functions.find(call.udfName().get()).flatMap(function -> wrongArgument(function, children(call)));
            if (own.isPresent()) {
                return own;
            }
        }
        return children(expression).stream()
                .flatMap(child -> firstWrongArgument(child, functions).stream())
                .findFirst();
    }

    private static Optional<String> wrongArgument(JavaFunction function, List<Expression> given) {
        for (int i = 0; i < given.size(); i++) {
            DataType type = given.get(i).dataType();
            DataType taken = function.arguments().get(i);
            if (!type.equals(taken) && !(type instanceof NullType)) {
                return Optional.of("argument " + (i + 1) + " of " + function.name() + " is " + written(type)
                        + "; it takes " + written(taken) + ": cast it, cast(… as " + written(taken) + ")");
            }
        }
        return Optional.empty();
    }

    private static String written(DataType type) {
        return type.sql().toLowerCase(Locale.ROOT);
    }

    private static Optional<String> firstMomentCast(Expression expression) {
        Optional<String> own = momentCast(expression);
        if (own.isPresent()) {
            return own;
        }
        List<Expression> inner = new ArrayList<>(children(expression));
        if (expression instanceof RuntimeReplaceable function) {
            inner.add(function.replacement());
        }
        for (Expression child : inner) {
            Optional<String> moment = firstMomentCast(child);
            if (moment.isPresent()) {
                return moment;
            }
        }
        return Optional.empty();
    }

    private static List<Expression> children(Expression expression) {
        return ScalaLists.list(expression.children());
    }
}
