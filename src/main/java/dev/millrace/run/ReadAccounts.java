package dev.millrace.run;

import dev.millrace.storage.Storage;
import dev.millrace.storage.StoredFile;
import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What reading the source has cost a run, at {@code runs/<run>/reads/<number>.json}: an account for each process that
 * read, of failed attempts and killed processes too. Serializable, for tasks.
 *
 * <p>Numbers are taken by put-if-absent, so whoever opens an account has seen all that were opened before, and what an
 * account claims never grows beyond what it was opened with. Of any number of processes all accounts together therefore
 * never hold more than each of them was told is the most.
 */
public final class ReadAccounts implements Serializable {
    private static final Pattern NAME = Pattern.compile("\\d+\\.json");

    private final Storage storage;
    private final String folder;
    private final String run;
    /** Accounts that never change again, and readers, by the names of the accounts' files. */
    private final Map<String, ReadAccount> closed = new HashMap<>();

    private final Map<String, ReadAccount.Reader> readers = new HashMap<>();

    ReadAccounts(Storage storage, String folder, RunId run) {
        this.storage = storage;
        this.folder = folder;
        this.run = run.value();
    }

    /** The run's id. */
    public String run() {
        return run;
    }

    /** Where they are; of each run there is one. */
    public String uri() {
        return storage.uri(folder);
    }

    /**
     * Opens an account and sets units aside in it: as many as wanted, or what is left.
     *
     * @param least with fewer units left no account is opened
     * @param most that all accounts of the run may hold together; infinite where there is no limit
     */
    public Optional<ReadAccount> open(ReadAccount.Reader reader, double least, double wanted, double most) {
        while (true) {
            List<ReadAccount> all = all();
            double left = most - all.stream().mapToDouble(ReadAccount::claimed).sum();
            if (left < least) {
                return Optional.empty();
            }
            long number = all.isEmpty() ? 1 : all.get(all.size() - 1).number() + 1;
            double reserved = Math.min(wanted, left);
            ReadAccount mine = new ReadAccount(ReadAccount.FORMAT, number, reader, reserved, 0, 0, 0, false);
            if (storage.putIfAbsent(path(number), Json.write(mine))) {
                return Optional.of(mine);
            }
        }
    }

    /** Writes an account anew: for the one who opened it, and never with more set aside than before. */
    public void write(ReadAccount account) {
        storage.put(path(account.number()), Json.write(account));
    }

    /** All accounts, oldest first. */
    private synchronized List<ReadAccount> all() {
        List<ReadAccount> accounts = new ArrayList<>();
        for (String name : storage.names(folder)) {
            if (NAME.matcher(name).matches()) {
                ReadAccount account = closed.containsKey(name) ? closed.get(name) : read(name);
                if (account.closed()) {
                    closed.put(name, account);
                }
                accounts.add(account);
            }
        }
        return accounts;
    }

    private ReadAccount read(String name) {
        return Json.find(storage, folder + name, ReadAccount.class, ReadAccount.FORMAT)
                .orElseThrow(() -> JobStore.vanished(storage, folder + name));
    }

    /**
     * A reader's part of the slots of all readers of its share that are at work: those that have written an account not
     * much longer ago than it has.
     *
     * @param mine its account, which it has just written
     * @param alive how long a reader that is at work may have written nothing
     */
    public synchronized double part(ReadAccount mine, Duration alive) {
        List<StoredFile> files = storage.list(folder);
        Instant least = files.stream()
                .filter(file -> file.path().equals(path(mine.number())))
                .map(file -> file.modified().minus(alive))
                .findFirst()
                .orElse(Instant.MIN);
        Map<String, Integer> slots =
                new HashMap<>(Map.of(mine.reader().id(), mine.reader().slots()));
        for (StoredFile file : files) {
            String name = file.path().substring(folder.length());
            if (NAME.matcher(name).matches() && !file.modified().isBefore(least)) {
                ReadAccount.Reader reader = readers.computeIfAbsent(name, of -> read(of).reader());
                if (reader.share().equals(mine.reader().share())) {
                    slots.put(reader.id(), reader.slots());
                }
            }
        }
        double all = slots.values().stream().mapToInt(Integer::intValue).sum();
        return mine.reader().slots() / all;
    }

    /** What of the run's units is used, or set aside by a process that is at work or was killed. */
    public double claimed() {
        return all().stream().mapToDouble(ReadAccount::claimed).sum();
    }

    /** What reading has cost so far, as far as the processes have told; empty when nothing was asked for yet. */
    public Optional<ReadCost> cost() {
        return all().stream()
                .filter(account -> account.requests() > 0)
                .map(account -> new ReadCost(account.units(), account.requests(), account.throttled(), ""))
                .reduce(ReadCost::plus);
    }

    private String path(long number) {
        return folder + "%06d.json".formatted(number);
    }
}
