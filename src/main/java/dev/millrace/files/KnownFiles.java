package dev.millrace.files;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Supplier;

/** All files that a job has taken, one after another by path, each as it was taken last. Only few are held at once. */
final class KnownFiles implements AutoCloseable {
    private static final Comparator<Head> BY_PATH =
            Comparator.comparing((Head head) -> head.file.path()).thenComparing(head -> -head.file.commit());

    private final List<KnownFileLines.Reader> readers;
    private final PriorityQueue<Head> heads = new PriorityQueue<>(BY_PATH);
    private Optional<KnownFile> next = Optional.empty();

    private record Head(KnownFile file, KnownFileLines.Reader from) {}

    /** @param readers closed with this */
    KnownFiles(List<KnownFileLines.Reader> readers) {
        this.readers = List.copyOf(readers);
        readers.forEach(this::advance);
        step();
    }

    /** A merge of what is opened one by one; what was opened is closed when one fails. */
    static KnownFiles open(List<Supplier<KnownFileLines.Reader>> sources) {
        List<KnownFileLines.Reader> opened = new ArrayList<>();
        try {
            sources.forEach(source -> opened.add(source.get()));
            return new KnownFiles(opened);
        } catch (RuntimeException e) {
            opened.forEach(KnownFileLines.Reader::close);
            throw e;
        }
    }

    private void advance(KnownFileLines.Reader from) {
        from.next().ifPresent(file -> heads.add(new Head(file, from)));
    }

    private void step() {
        if (heads.isEmpty()) {
            next = Optional.empty();
            return;
        }
        KnownFile latest = heads.peek().file;
        while (!heads.isEmpty() && heads.peek().file.path().equals(latest.path())) {
            advance(heads.remove().from);
        }
        next = Optional.of(latest);
    }

    /** The next file, which stays the next one; empty after the last. */
    Optional<KnownFile> peek() {
        return next;
    }

    /** The next file, and goes on. */
    Optional<KnownFile> next() {
        Optional<KnownFile> current = next;
        step();
        return current;
    }

    /** The file of a path, which is behind all that were asked for before. */
    Optional<KnownFile> find(String path) {
        while (next.filter(file -> file.path().compareTo(path) < 0).isPresent()) {
            step();
        }
        return next.filter(file -> file.path().equals(path));
    }

    @Override
    public void close() {
        readers.forEach(KnownFileLines.Reader::close);
    }
}
