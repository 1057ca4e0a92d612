package dev.millrace.dynamodb;

import dev.millrace.fault.Fault;
import dev.millrace.run.ReadAccount;
import dev.millrace.run.ReadAccounts;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What this JVM has spent of a run's units, and what it may spend: its account on storage, kept up to date. Safe for
 * several threads.
 */
final class ReadTab {
    private final ReadAccounts accounts;
    private final ReadAccount.Reader reader;
    private final double most;
    /** Held while an account is written, so that none is replaced by an older one. */
    private final Object writing = new Object();

    private Optional<ReadAccount> account = Optional.empty();
    private double underWay;
    private int requests;
    private boolean isWritten = true;

    /** @param most that all accounts of the run may hold; infinite where there is no limit */
    ReadTab(ReadAccounts accounts, ReadAccount.Reader reader, double most) {
        this.accounts = accounts;
        this.reader = reader;
        this.most = most;
    }

    /** Units that a request may cost now. */
    synchronized double free() {
        return account.map(a -> Double.isInfinite(most) ? most : a.reserved() - a.units() - underWay)
                .orElse(0.0);
    }

    /** Sets units aside for a request. */
    synchronized void begin(double units) {
        underWay += units;
        requests++;
    }

    /** A request is over for which units were set aside. */
    synchronized void end(double set, double cost, boolean throttled) {
        requests--;
        // Sums of fractions leave a rest.
        underWay = requests == 0 ? 0 : underWay - set;
        account = account.map(a -> a.after(cost, throttled));
        isWritten = false;
    }

    synchronized boolean isIdle() {
        return requests == 0;
    }

    /**
     * Gives back what is left and sets aside anew. False where the run has less left than is needed.
     *
     * @param part of what the run may cost that is set aside at once: what a killed process leaves of it is used up
     */
    boolean reserve(double least, double part) {
        synchronized (writing) {
            giveBack();
            double kept = underWay();
            double wanted = Double.isInfinite(most) ? 0 : kept + Math.max(most * part, least);
            Optional<ReadAccount> opened = accounts.open(reader, kept + least, wanted, most);
            if (opened.isPresent()) {
                next(opened).map(ReadAccount::ended).ifPresent(accounts::write);
            }
            return opened.isPresent();
        }
    }

    private synchronized double underWay() {
        return underWay;
    }

    /** Requests that are under way are counted in the next account, which has their units set aside. */
    private synchronized Optional<ReadAccount> next(Optional<ReadAccount> opened) {
        Optional<ReadAccount> before = account;
        account = opened;
        return before;
    }

    /** Tells that too little is left to go on. */
    Fault refused() {
        return Fault.gate(
                List.of(ReadBudget.RULE),
                "Run " + accounts.run() + " has used " + units(accounts.claimed()) + " of " + ReadBudget.RULE + ": "
                        + units(most) + " capacity units, and one request more might cost more than is left. What is "
                        + "read stays. To go on without this limit: scripts/millrace accept " + accounts.run()
                        + " --gate " + ReadBudget.RULE + " --reason TEXT");
    }

    private static String units(double units) {
        return BigDecimal.valueOf(units).stripTrailingZeros().toPlainString();
    }

    /** Leaves the account on storage as it is now. */
    void write() {
        synchronized (writing) {
            unwritten().ifPresent(accounts::write);
        }
    }

    private synchronized Optional<ReadAccount> unwritten() {
        Optional<ReadAccount> changed = account.filter(a -> !isWritten);
        isWritten = true;
        return changed;
    }

    /** Shows others that this JVM is at work, and finds its part of the slots of all that are. */
    double part(Duration alive) {
        synchronized (writing) {
            ReadAccount mine = current();
            accounts.write(mine);
            return accounts.part(mine, alive);
        }
    }

    private synchronized ReadAccount current() {
        isWritten = true;
        return account.orElseThrow();
    }

    /** Leaves to others what is not spent. */
    void giveBack() {
        synchronized (writing) {
            synchronized (this) {
                account = account.map(a -> a.keeping(underWay));
                isWritten = true;
            }
            account.ifPresent(accounts::write);
        }
    }
}
