package dev.millrace.schema;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.millrace.schema.EntityColumn.Role;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where a table's columns are: those that are fixed by their places, −1 for one that the table has not, and those that
 * hold values by the paths of the values.
 *
 * @param columns how many there are
 * @param keys places of what child rows carry too
 * @param indexes places of the row's index in its list, behind those of the lists above
 * @param root of the paths
 * @param given whether the job file gives the columns
 * @param keepsRest whether what has no column is kept
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record RowLayout(
        int columns,
        int[] keys,
        int[] indexes,
        int rest,
        int file,
        int rowId,
        PathNode root,
        boolean given,
        boolean keepsRest) {
    /** Those of all tables of a plan, a list's node with the layout of its child table. */
    static List<RowLayout> of(ShredPlan plan) {
        List<RowLayout> layouts = new ArrayList<>();
        plan.tables().forEach(table -> layouts.add(of(table, plan.notation())));
        for (int child = 0; child < layouts.size(); child++) {
            ShredPlan.Table planned = plan.tables().get(child);
            if (!planned.isMain()) {
                PathNode list = at(
                        layouts.get(planned.parent()).root(), planned.source().path());
                list.shape = planned.source().container();
                list.table = child;
                list.element = layouts.get(child).root();
            }
        }
        return layouts;
    }

    @SuppressWarnings("EnumOrdinal") // the place in an array that is for it
    private static RowLayout of(ShredPlan.Table planned, Notation notation) {
        List<EntityColumn> columns = planned.source().columns();
        List<Integer> keys = new ArrayList<>();
        List<Integer> indexes = new ArrayList<>();
        int rest = -1;
        int file = -1;
        int rowId = -1;
        PathNode root = new PathNode(new byte[0], new byte[0], null);
        root.shape = SourceType.M;
        for (int i = 0; i < columns.size(); i++) {
            EntityColumn column = columns.get(i);
            switch (column.role()) {
                case PARENT_KEY -> keys.add(i);
                case INDEX -> indexes.add(i);
                case REST -> rest = i;
                case FILE -> file = i;
                case ROW_ID -> {
                    keys.add(i);
                    rowId = i;
                }
                case GIVEN -> {
                    PathNode node = at(root, column.path());
                    Conversion[] conversions = Conversion.toGiven(column, i);
                    node.given = Arrays.copyOf(node.given, node.given.length + 1);
                    node.given[node.given.length - 1] = conversions;
                    node.covered |= conversions[SourceType.M.ordinal()] != null;
                }
                case KEY, VALUE -> {
                    if (column.role() == Role.KEY) {
                        keys.add(i);
                    }
                    PathNode node = at(root, column.path());
                    node.shape = column.source();
                    node.column = i;
                    node.key = column.role() == Role.KEY;
                    node.conversion = new Conversion(column, i, notation);
                }
            }
        }
        return new RowLayout(
                columns.size(),
                array(keys),
                array(indexes),
                rest,
                file,
                rowId,
                root,
                planned.isGiven(),
                planned.keepsRest());
    }

    private static int[] array(List<Integer> places) {
        return places.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The node of a path; the maps on the way to it become maps. */
    private static PathNode at(PathNode root, List<String> path) {
        PathNode node = root;
        for (String name : path) {
            byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
            PathNode next = node.fields.find(utf8, 0, utf8.length);
            if (next == null) {
                node.shape = SourceType.M;
                next = new PathNode(pointer(node.pointer, name), utf8, node);
                node.fields.put(utf8, next);
            }
            node = next;
        }
        return node;
    }

    /** JSON text of a pointer with one more step, without quotes. */
    static byte[] pointer(byte[] parent, String name) {
        String step = "/" + name.replace("~", "~0").replace("/", "~1");
        byte[] json = JsonStringEncoder.getInstance().quoteAsUTF8(step);
        byte[] pointer = Arrays.copyOf(parent, parent.length + json.length);
        System.arraycopy(json, 0, pointer, parent.length, json.length);
        return pointer;
    }
}
