package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of {@code docs/house.md} hold for every class; and each of them finds the violation planted for it. */
class HouseTest {
    private static final String PLANTED = "dev.millrace.planted";

    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.millrace");
    private static final JavaClasses VIOLATIONS = new ClassFileImporter().importPackages(PLANTED);

    private static final Map<String, Set<String>> ROOMS = HouseRules.rooms(page());

    @Test
    void readsTheRoomsFromTheirPage() {
        assertThat(ROOMS.keySet())
                .startsWith("job", "remote", "schedule", "sample", "warehouse")
                .endsWith("table", "json", "function", "fault")
                .hasSize(20);
        assertThat(ROOMS.get("landing")).containsExactly("function", "run", "storage", "table", "config", "fault");
        assertThat(ROOMS.get("job")).hasSize(19).doesNotContain("job");
        assertThat(ROOMS.get("fault")).isEmpty();
        assertThat(ROOMS)
                .allSatisfy((room, used) -> assertThat(ROOMS.keySet()).as(room).containsAll(used));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void holdsInTheHouse(Function<HouseRules, ArchRule> rule, String planted) {
        assertThat(OURS).isNotEmpty();
        rule.apply(new HouseRules("dev.millrace", ROOMS)).check(OURS);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void findsAPlantedViolation(Function<HouseRules, ArchRule> rule, String planted) {
        assertThatThrownBy(() -> rule.apply(new HouseRules(PLANTED, ROOMS)).check(VIOLATIONS))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(planted);
    }

    private static Stream<Arguments> rules() {
        return Stream.of(
                rule("rooms", HouseRules::usesOnlyItsRooms, "storage.KnowsJob"),
                rule("no homeless class", HouseRules::usesOnlyItsRooms, "cellar.Homeless lives in no room"),
                rule("cycles", HouseRules::hasNoCycles, "Cycle detected"),
                rule("environment", HouseRules::leavesTheProcessAlone, "storage.ReadsEnvironment"),
                rule("properties by reference", HouseRules::leavesTheProcessAlone, "storage.ReadsProperties"),
                rule("exit", HouseRules::leavesTheProcessAlone, "storage.Exits"),
                rule("statics", HouseRules::hasNoStaticsThatChange, "storage.Counts.count"),
                rule("processes", HouseRules::startsProcessesInSampleAlone, "storage.StartsProcess"),
                rule("names", HouseRules::namesThingsOfTheDomain, "storage.FileManager"),
                rule("Scala", HouseRules::speaksScalaInOneClass, "storage.SpeaksScala, "));
    }

    private static Arguments rule(String name, Function<HouseRules, ArchRule> rule, String planted) {
        return Arguments.of(Named.of(name, rule), planted);
    }

    private static String page() {
        try {
            return Files.readString(Path.of(System.getProperty("millrace.home"), "docs", "house.md"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
