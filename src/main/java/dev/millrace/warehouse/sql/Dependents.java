package dev.millrace.warehouse.sql;

import dev.millrace.fault.Fault;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What people built on the tables of the live schema. Such things follow the tables and not their names, so a swap would
 * leave them with what was live before.
 *
 * @param views in other schemas, which can be made anew on the tables that follow
 * @param others as a person names them; they cannot
 */
public record Dependents(List<View> views, List<String> others) {
    /**
     * A view.
     *
     * @param name with its schema, as statements write it
     * @param options in brackets, or empty
     * @param select its query, with names in full
     */
    public record View(String name, String options, String select) {}

    public Dependents {
        views = List.copyOf(views);
        others = List.copyOf(others);
    }

    /**
     * Refuses what would be left behind.
     *
     * @param who is to replace live, as messages name it
     * @param recreatesViews whether views are made anew instead
     * @throws Fault GATE with all of them, one a line
     */
    public void require(String who, boolean recreatesViews) {
        List<String> refused = recreatesViews
                ? others
                : Stream.concat(views.stream().map(v -> "view " + v.name()), others.stream())
                        .toList();
        if (!refused.isEmpty()) {
            throw Fault.gate(
                    "The gate refused " + who + "; live is as it was: these depend on live tables, and would stay"
                            + " with the old ones: drop them, or move them elsewhere:" + System.lineSeparator()
                            + String.join(System.lineSeparator(), refused));
        }
    }

    /** Makes the views anew, on the tables that have the names now; rights on them stay. */
    public void recreate(SqlSession session, String who) throws SQLException {
        for (View view : views) {
            String options = Optional.of(view.options())
                    .filter(o -> !o.isEmpty())
                    .map(o -> " WITH (" + o + ")")
                    .orElse("");
            try {
                session.execute("CREATE OR REPLACE VIEW " + view.name() + options + " AS " + view.select());
            } catch (SQLException e) {
                throw Fault.gate("The gate refused " + who + "; live is as it was: the view " + view.name()
                        + " cannot be made anew on its tables: " + session.message(e)
                        + ": change the view, or drop it");
            }
        }
    }
}
