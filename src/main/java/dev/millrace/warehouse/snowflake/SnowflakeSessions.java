package dev.millrace.warehouse.snowflake;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.warehouse.Load;
import dev.millrace.warehouse.Steps;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;

/** Sessions that are used again, each by one caller at a time, and the lock on a schema's versions. */
final class SnowflakeSessions implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SnowflakeOptions options;
    private final OwnSchema own;
    private final Steps steps;
    private final Consumer<String> sent;

    // Sessions that nobody uses now; to log in takes long.
    private final Deque<SnowflakeSession> idle = new ArrayDeque<>();

    /**
     * @param own whose lock is taken
     * @param steps told of each effect
     * @param sent told of each statement
     */
    SnowflakeSessions(SnowflakeOptions options, OwnSchema own, Steps steps, Consumer<String> sent) {
        this.options = options;
        this.own = own;
        this.steps = steps;
        this.sent = sent;
    }

    /** Work on a session that others may have used before. */
    interface Work<T> {
        T run(SnowflakeSession session) throws SQLException;
    }

    /** Work that nobody else does to this schema's versions meanwhile. */
    interface LockedWork<T> {
        T run(SnowflakeSession session, OwnSchema.Held lock) throws SQLException;
    }

    /**
     * Does work on a session; where it fails, the session is given up.
     *
     * @param what begins the message of what the server refuses
     * @param load whose job and run the server notes with each statement
     */
    <T> T connected(String what, Optional<Load> load, Work<T> work) {
        SnowflakeSession session = session();
        boolean isWhole = false;
        try {
            session.tag(tag(load));
            T result = work.run(session);
            isWhole = true;
            return result;
        } catch (SQLException e) {
            throw session.failure(what, e);
        } finally {
            giveBack(session, isWhole);
        }
    }

    /** Does work on a session while another one holds the lock. */
    <T> T locked(String what, Optional<Load> load, LockedWork<T> work) {
        return connected(what, load, holder -> {
            if (own.ensure(holder)) {
                steps.after("own schema made");
            }
            OwnSchema.Held lock =
                    own.lock(holder, load.map(l -> l.run().value()).orElse("a person"));
            T result = connected(what, load, session -> work.run(session, lock));
            holder.commit();
            return result;
        });
    }

    private SnowflakeSession session() {
        synchronized (idle) {
            if (!idle.isEmpty()) {
                return idle.pop();
            }
        }
        return SnowflakeSession.open(options, sent);
    }

    /** One on which something failed may be in a transaction: it is given up, and what it did undone. */
    private void giveBack(SnowflakeSession session, boolean isWhole) {
        if (!isWhole) {
            session.close();
            return;
        }
        synchronized (idle) {
            idle.push(session);
        }
    }

    static String tag(Optional<Load> load) {
        ObjectNode json = JSON.createObjectNode();
        json.put("application", "millrace");
        load.ifPresent(l -> json.put("job", l.job()).put("run", l.run().value()));
        return json.toString();
    }

    @Override
    public void close() {
        synchronized (idle) {
            idle.forEach(SnowflakeSession::close);
            idle.clear();
        }
    }
}
