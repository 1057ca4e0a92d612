package dev.millrace.warehouse.duckdb;

import dev.millrace.fault.Fault;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.function.Supplier;

/** A run's staging, open to write, for this caller alone. */
final class BuildFile implements AutoCloseable {
    /** Work with an open file. */
    interface Work<T> {
        T run(DuckDbSession session) throws SQLException;
    }

    private final Path file;
    private final String name;
    private final Claim claim;
    private final DuckDbSession session;

    private BuildFile(Path file, String name, Claim claim, DuckDbSession session) {
        this.file = file;
        this.name = name;
        this.claim = claim;
        this.session = session;
    }

    /** @param name that statements use for the file */
    static BuildFile open(String what, Path file, String name, Supplier<DuckDbSession> sessions) {
        Claim claim = Claim.inProcess(file)
                .orElseThrow(() -> Fault.world(
                        what + ": this process has " + file + " in use already: run again when it has ended"));
        DuckDbSession session = null;
        boolean open = false;
        try {
            session = sessions.get();
            session.attach(file, name, false);
            open = true;
            return new BuildFile(file, name, claim, session);
        } catch (SQLException e) {
            throw DuckDbSession.failure(what, file, e);
        } finally {
            if (!open) {
                release(claim, session);
            }
        }
    }

    /** Works with the file and leaves it complete on the disk. */
    <T> T run(String what, Work<T> work) {
        try {
            T result = work.run(session);
            session.detach(name);
            return result;
        } catch (SQLException e) {
            throw DuckDbSession.failure(what, file, e);
        }
    }

    private static void release(Claim claim, DuckDbSession session) {
        try {
            if (session != null) {
                session.close();
            }
        } finally {
            claim.close();
        }
    }

    @Override
    public void close() {
        release(claim, session);
    }
}
