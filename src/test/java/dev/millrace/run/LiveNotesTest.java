package dev.millrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.fault.Fault;
import dev.millrace.storage.StorageOptions;
import dev.millrace.storage.Storages;
import dev.millrace.testing.InMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever processes do, in whatever order, and wherever they are killed: what the notes know to be live is live. */
class LiveNotesTest {
    private static final int SCHEDULES = Integer.getInteger("millrace.schedules", 400);
    private static final String PLACE = "{}";

    @TempDir(factory = InMemory.class)
    private Path folder;

    private final SetClock clock = new SetClock("2026-11-21T07:00:00Z");

    private LiveNotes notes(String job) {
        return new JobStore(
                        Storages.open(folder.toString(), StorageOptions.DEFAULT),
                        job,
                        clock,
                        new Random(job.hashCode()))
                .live();
    }

    private static RunId run(long commit) {
        return new RunId("2026-11-21T07-00-0" + commit + "Z-aaaa");
    }

    private static Live live(long commit) {
        return new Live(run(commit), commit, commit, "rows of " + commit, PLACE, Optional.empty());
    }

    private static Optional<Live> known(LiveNotes notes) {
        return notes.known(PLACE, Optional.empty());
    }

    /** A warehouse as its contract has it: no replacement by an earlier run, or by one that was replaced. */
    private static final class Model {
        final Deque<Long> versions = new ArrayDeque<>();
        final LiveNotes notes;
        final Set<String> dead = new HashSet<>();
        long foundAgain;

        Model(LiveNotes notes) {
            this.notes = notes;
        }

        long liveCommit() {
            return versions.isEmpty() ? 0 : versions.peekFirst();
        }

        /** Whether that run is live afterwards. */
        boolean replace(long commit) {
            if (liveCommit() < commit && !versions.contains(commit)) {
                assertThat(commit)
                        .as("commit that replaces rows of a later run")
                        .isGreaterThanOrEqualTo(foundAgain);
                versions.addFirst(commit);
            }
            return liveCommit() == commit;
        }

        boolean rollBack() {
            boolean goesBack = versions.size() > 1;
            if (goesBack) {
                versions.removeFirst();
                foundAgain = 0;
            }
            return goesBack;
        }
    }

    /** A process, a step at a time. */
    private interface Actor {
        /** Whether there is more to do. */
        boolean step();

        String name();
    }

    private record Replacing(Model model, long commit, List<String> epoch, List<String> done) implements Actor {
        @Override
        public boolean step() {
            if (epoch.isEmpty()) {
                try {
                    epoch.add(model.notes.replacing(run(commit), commit, (by, since) -> model.dead.contains(by)));
                    return true;
                } catch (Fault superseded) {
                    assertThat(superseded.kind()).isEqualTo(Fault.Kind.SUPERSEDED);
                    return false;
                }
            }
            if (done.isEmpty()) {
                done.add("replaced");
                return model.replace(commit);
            }
            model.notes.replaced(epoch.get(0), live(commit));
            return false;
        }

        @Override
        public String name() {
            return "replacing " + commit;
        }
    }

    private record RollingBack(Model model, String name, List<String> token, List<String> done) implements Actor {
        @Override
        public boolean step() {
            if (token.isEmpty()) {
                token.add(model.notes.rollingBack(name));
                return true;
            }
            if (done.isEmpty()) {
                done.add(model.rollBack() ? "rolled back" : "nothing");
                return true;
            }
            if (done.contains("nothing")) {
                model.notes.notRolledBack(token.get(0));
            } else {
                model.notes.rolledBack(token.get(0));
            }
            return false;
        }
    }

    /** A run whose rows are those that live has. */
    private record FindingTheSame(Model model, long commit) implements Actor {
        @Override
        public boolean step() {
            Optional<Live> known = known(model.notes);
            if (known.isEmpty()) {
                return false;
            }
            try {
                model.notes
                        .unchanged(run(commit), commit, known.get().content(), PLACE, Optional.empty())
                        .ifPresent(same -> {
                            assertThat(same.commit()).isEqualTo(model.liveCommit());
                            model.foundAgain = Math.max(model.foundAgain, commit);
                        });
            } catch (Fault superseded) {
                assertThat(superseded.kind()).isEqualTo(Fault.Kind.SUPERSEDED);
            }
            return false;
        }

        @Override
        public String name() {
            return "finding " + commit;
        }
    }

    @Test
    void whatIsKnownIsLive() {
        int known = 0;
        for (int seed = 0; seed < SCHEDULES; seed++) {
            Random random = new Random(seed);
            Model model = new Model(notes("job-" + seed));
            List<Actor> actors = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                long commit = 1L + random.nextInt(6);
                actors.add(
                        switch (random.nextInt(5)) {
                            case 0 -> new RollingBack(model, "rollback " + i, new ArrayList<>(), new ArrayList<>());
                            case 1 -> new FindingTheSame(model, commit);
                            default -> new Replacing(model, commit, new ArrayList<>(), new ArrayList<>());
                        });
            }
            List<String> history = new ArrayList<>();
            while (!actors.isEmpty()) {
                Actor actor = actors.get(random.nextInt(actors.size()));
                boolean isKilled = random.nextInt(10) == 0;
                history.add(actor.name() + (isKilled ? " is killed" : ""));
                if (isKilled) {
                    model.dead.add(actor.name());
                }
                if (isKilled || !actor.step()) {
                    actors.remove(actor);
                }
                Optional<Live> found = known(model.notes);
                known += found.isPresent() ? 1 : 0;
                found.ifPresent(live ->
                        assertThat(live.commit()).as("seed: %s", history).isEqualTo(model.liveCommit()));
            }
        }
        assertThat(known).isGreaterThan(SCHEDULES);
    }

    @Test
    void aRollbackThatWasKilledIsForgottenWithItsProcessOrAfterADay() {
        LiveNotes notes = notes("killed");
        replace(notes, 1, "nobody");
        assertThat(known(notes)).contains(live(1));
        notes.rollingBack("7@elsewhere");
        assertThat(known(notes)).isEmpty();
        replace(notes, 2, "nobody");
        assertThat(known(notes)).isEmpty();
        replace(notes, 3, "7@elsewhere");
        assertThat(known(notes)).contains(live(3));
        notes.rollingBack("8@elsewhere");
        clock.forward(Duration.ofHours(25));
        replace(notes, 4, "nobody");
        assertThat(known(notes)).contains(live(4));

        String token = notes.rollingBack("9@here");
        notes.notRolledBack(token);
        assertThat(known(notes)).contains(live(4));
        notes.forget();
        assertThat(known(notes)).isEmpty();
    }

    private static void replace(LiveNotes notes, long commit, String dead) {
        notes.replaced(notes.replacing(run(commit), commit, (by, since) -> by.equals(dead)), live(commit));
    }

    @Test
    void anotherPlaceOrMarkIsNotKnown() {
        LiveNotes notes = notes("places");
        Live marked = new Live(run(1), 1, 1, "rows", PLACE, Optional.of("etag"));
        notes.replaced(notes.replacing(run(1), 1, (by, since) -> false), marked);
        assertThat(notes.known(PLACE, Optional.of("etag"))).contains(marked);
        assertThat(notes.known(PLACE, Optional.empty())).isEmpty();
        assertThat(notes.known("{port: 2}", Optional.of("etag"))).isEmpty();
        assertThat(notes.unchanged(run(2), 2, "other rows", PLACE, Optional.of("etag")))
                .isEmpty();
        assertThat(notes.unchanged(run(3), 3, "rows", PLACE, Optional.of("etag")))
                .map(Live::through)
                .contains(1L);
        assertThatThrownBy(() -> notes.replacing(run(2), 2, (by, since) -> false))
                .hasMessage(
                        "Run " + run(2) + ", commit 2, comes too late: what run " + run(1)
                                + " has made live, a later run has brought too, commit 3. Nothing is lost: that run's data is newer");
        assertThat(notes.unchanged(run(3), 3, "rows", PLACE, Optional.of("etag")))
                .isPresent();
    }
}
