package dev.millrace;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.SimpleConditionEvent.violated;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The rules of the house for the rooms below a root package. */
final class HouseRules {
    private static final Pattern ROOM = Pattern.compile("^\\| `([\\w.]+)` \\|[^|]*\\|([^|]*)\\|$", Pattern.MULTILINE);
    private static final Pattern BAD_NAME = Pattern.compile(".*(Util|Utils|Helper|Helpers|Manager|Common)");

    // Ways to read or change what belongs to the process, by class.
    private static final Map<String, Set<String>> PROCESS_STATE = Map.of(
            "java.lang.System",
                    Set.of(
                            "getenv",
                            "getProperty",
                            "getProperties",
                            "setProperty",
                            "setProperties",
                            "clearProperty",
                            "exit"),
            "java.lang.Runtime", Set.of("exit", "halt"),
            "java.lang.Boolean", Set.of("getBoolean"),
            "java.lang.Integer", Set.of("getInteger"),
            "java.lang.Long", Set.of("getLong"));

    private final String root;
    private final Map<String, Set<String>> rooms;

    /**
     * Rules for a root package.
     *
     * @param rooms by name, with the rooms that each may use
     */
    HouseRules(String root, Map<String, Set<String>> rooms) {
        this.root = root;
        this.rooms = rooms;
    }

    /** The rooms of the table in {@code docs/house.md}, top room first. */
    static Map<String, Set<String>> rooms(String page) {
        List<String> names = ROOM.matcher(page).results().map(r -> r.group(1)).toList();
        Map<String, Set<String>> rooms = new LinkedHashMap<>();
        Matcher line = ROOM.matcher(page);
        while (line.find()) {
            String uses = line.group(2).strip();
            Set<String> used = switch (uses) {
                case "–" -> Set.of();
                case "all below" -> new LinkedHashSet<>(names.subList(names.indexOf(line.group(1)) + 1, names.size()));
                default -> new LinkedHashSet<>(Arrays.asList(uses.split(",\\s*", -1)));
            };
            rooms.put(line.group(1), used);
        }
        return rooms;
    }

    /** Every class lives in a room and uses only its own and those that its room may use. */
    ArchRule usesOnlyItsRooms() {
        return classes()
                .that(inTheHouse())
                .should(new ArchCondition<JavaClass>("use only the rooms that docs/house.md allows") {
                    @Override
                    public void check(JavaClass used, ConditionEvents events) {
                        Optional<String> room = room(used);
                        if (room.isEmpty()) {
                            events.add(violated(used, used.getName() + " lives in no room of docs/house.md"));
                            return;
                        }
                        for (Dependency dependency : used.getDirectDependenciesFromSelf()) {
                            JavaClass target = dependency.getTargetClass().getBaseComponentType();
                            if (!inTheHouse().test(target) || room(target).equals(room)) {
                                continue;
                            }
                            if (!room(target)
                                    .map(rooms.get(room.get())::contains)
                                    .orElse(false)) {
                                events.add(violated(used, dependency.getDescription()));
                            }
                        }
                    }
                })
                .allowEmptyShould(true);
    }

    ArchRule hasNoCycles() {
        return slices().matching(root + ".(*)..").should().beFreeOfCycles().allowEmptyShould(true);
    }

    /** Environment, system properties and the process's end are for the entry points. */
    ArchRule leavesTheProcessAlone() {
        return noClasses()
                .that(belowJob())
                .should()
                .accessTargetWhere(new DescribedPredicate<JavaAccess<?>>("is of the process's state") {
                    @Override
                    public boolean test(JavaAccess<?> access) {
                        String owner = access.getTargetOwner().getName();
                        // The room that starts processes holds what runs in them, which may end itself.
                        boolean endsItself = access.getName().equals("halt")
                                && resideInAPackage(root + ".sample..").test(access.getOriginOwner());
                        return !endsItself
                                && PROCESS_STATE.getOrDefault(owner, Set.of()).contains(access.getName());
                    }
                })
                .allowEmptyShould(true);
    }

    ArchRule hasNoStaticsThatChange() {
        return fields().that()
                .areDeclaredInClassesThat(belowJob())
                .and()
                .haveModifier(JavaModifier.STATIC)
                .and()
                .doNotHaveModifier(JavaModifier.SYNTHETIC)
                .should()
                .beFinal()
                .allowEmptyShould(true);
    }

    ArchRule startsProcessesInSampleAlone() {
        return noClasses()
                .that(inTheHouse())
                .and(DescribedPredicate.not(resideInAPackage(root + ".sample..")))
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.ProcessBuilder")
                .orShould()
                .callMethodWhere(new DescribedPredicate<JavaAccess<?>>("starts a process") {
                    @Override
                    public boolean test(JavaAccess<?> access) {
                        return access.getTargetOwner().getName().equals("java.lang.Runtime")
                                && access.getName().equals("exec");
                    }
                })
                .allowEmptyShould(true);
    }

    ArchRule namesThingsOfTheDomain() {
        return noClasses()
                .that(inTheHouse())
                .should()
                .haveNameMatching(BAD_NAME.pattern())
                .allowEmptyShould(true);
    }

    /** One class at most speaks Scala's collections, so that it can be found and replaced. */
    ArchRule speaksScalaInOneClass() {
        return classes()
                .that(inTheHouse())
                .should(new ArchCondition<JavaClass>("leave Scala's collections to one class") {
                    private final Set<String> speakers = new TreeSet<>();

                    @Override
                    public void check(JavaClass speaker, ConditionEvents events) {
                        boolean speaks = speaker.getDirectDependenciesFromSelf().stream()
                                .map(d -> d.getTargetClass().getPackageName())
                                .anyMatch(p -> p.startsWith("scala.collection") || p.startsWith("scala.jdk"));
                        if (speaks) {
                            speakers.add(topLevel(speaker).getName());
                        }
                    }

                    @Override
                    public void finish(ConditionEvents events) {
                        if (speakers.size() > 1) {
                            events.add(violated(
                                    speakers,
                                    "Scala's collections in " + String.join(", ", speakers) + ", not in one class"));
                        }
                    }
                })
                .allowEmptyShould(true);
    }

    private static JavaClass topLevel(JavaClass nested) {
        return nested.getEnclosingClass().map(HouseRules::topLevel).orElse(nested);
    }

    private DescribedPredicate<JavaClass> inTheHouse() {
        return resideInAPackage(root + "..");
    }

    private DescribedPredicate<JavaClass> belowJob() {
        return inTheHouse()
                .and(DescribedPredicate.not(resideInAPackage(root + ".job..")))
                .as("below job");
    }

    private Optional<String> room(JavaClass inhabitant) {
        String path = inhabitant.getPackageName().substring(root.length());
        return rooms.keySet().stream()
                .filter(room -> path.equals("." + room) || path.startsWith("." + room + "."))
                // A room within a room has rules of its own.
                .max(Comparator.comparing(String::length));
    }
}
