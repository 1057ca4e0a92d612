package dev.millrace.storage;

import dev.millrace.fault.Fault;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A local folder as storage.
 *
 * <p>Files are written under a hidden name beside their own, synced, and then renamed or, where the name must be free,
 * hard-linked: both are one act of the file system. Folders are synced too, so a commit survives a power cut. Whoever
 * replaces a small file holds the lock file of its folder, across processes; data files need no lock.
 */
final class LocalStorage implements Storage {
    private static final int READ_PIECE = 256 << 10;
    private static final Logger LOG = LoggerFactory.getLogger(LocalStorage.class);
    private static final String LOCK = StoragePath.HIDDEN + "lock";

    /** File locks belong to the process, so threads need locks of their own; shared by all instances of the JVM. */
    private static final ReentrantLock[] THREAD_LOCKS =
            Stream.generate(ReentrantLock::new).limit(64).toArray(ReentrantLock[]::new);

    private final String path;
    private final String root;
    private final transient Path folder;

    LocalStorage(Path folder) {
        this.folder = folder.toAbsolutePath().normalize();
        this.path = this.folder.toString();
        this.root = "file://" + path + (path.endsWith("/") ? "" : "/");
    }

    /** Paths of the JDK are not serializable. */
    private Object readResolve() {
        return new LocalStorage(Path.of(path));
    }

    @Override
    public String root() {
        return root;
    }

    @Override
    public String pathOf(String uri) {
        String folderPath = root.substring("file://".length());
        for (String start : List.of(root, "file:" + folderPath, folderPath)) {
            if (uri.startsWith(start)) {
                return StoragePath.file(uri.substring(start.length()));
            }
        }
        throw Fault.user("Invalid uri: " + uri + ": must lie below " + root);
    }

    @Override
    public List<StoredFile> list(String prefix) {
        return list(prefix, name -> !StoragePath.isHidden(name));
    }

    @Override
    public List<StoredFile> unfinished(String prefix) {
        return list(prefix, name -> StoragePath.isHidden(name) && !name.equals(LOCK));
    }

    @Override
    public void discard(Collection<StoredFile> unfinished) {
        remove(unfinished.stream().map(StoredFile::path).toList());
    }

    /** @param wanted told names of files */
    private List<StoredFile> list(String prefix, Predicate<String> wanted) {
        StoragePath.prefix(prefix);
        List<StoredFile> files = new ArrayList<>();
        Path start = resolve(prefix.substring(0, prefix.lastIndexOf('/') + 1));
        if (!Files.isDirectory(start)) {
            return List.of();
        }
        try {
            Files.walkFileTree(
                    start, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) {
                            if (visited.equals(start)) {
                                return FileVisitResult.CONTINUE;
                            }
                            String path = pathOf(visited) + "/";
                            return path.startsWith(prefix) || prefix.startsWith(path)
                                    ? FileVisitResult.CONTINUE
                                    : FileVisitResult.SKIP_SUBTREE;
                        }

                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                            String path = pathOf(file);
                            if (attributes.isRegularFile() && path.startsWith(prefix) && wanted.test(nameOf(file))) {
                                stored(path, file).ifPresent(files::add);
                            }
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                            if (failure instanceof NoSuchFileException) {
                                return FileVisitResult.CONTINUE;
                            }
                            throw failure;
                        }

                        @Override
                        public FileVisitResult postVisitDirectory(Path visited, IOException failure)
                                throws IOException {
                            return visitFileFailedOrDone(failure);
                        }
                    });
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (IOException e) {
            throw failed("list", prefix, e);
        }
        files.sort(Comparator.comparing(StoredFile::path));
        return files;
    }

    private static FileVisitResult visitFileFailedOrDone(IOException failure) throws IOException {
        if (failure != null && !(failure instanceof NoSuchFileException)) {
            throw failure;
        }
        return FileVisitResult.CONTINUE;
    }

    @Override
    public List<String> names(String parent) {
        StoragePath.folder(parent);
        Set<String> names = new TreeSet<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(resolve(parent))) {
            for (Path child : children) {
                if (Files.isDirectory(child)) {
                    if (holdsFiles(child)) {
                        names.add(nameOf(child) + "/");
                    }
                } else if (!StoragePath.isHidden(nameOf(child))) {
                    names.add(nameOf(child));
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (IOException e) {
            throw failed("list", parent, e);
        }
        return List.copyOf(names);
    }

    /** Empty folders are not shown, as S3 has none. */
    private static boolean holdsFiles(Path child) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(child)) {
            List<Path> folders = new ArrayList<>();
            for (Path entry : entries) {
                if (Files.isDirectory(entry)) {
                    folders.add(entry);
                } else if (!StoragePath.isHidden(nameOf(entry))) {
                    return true;
                }
            }
            for (Path below : folders) {
                if (holdsFiles(below)) {
                    return true;
                }
            }
            return false;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public Optional<Versioned> find(String path) {
        Path file = resolve(StoragePath.file(path));
        try {
            // A replacement between the two reads would pair one version's bytes with the other's etag.
            while (true) {
                Optional<StoredFile> before = stored(path, file);
                if (before.isEmpty()) {
                    return Optional.empty();
                }
                byte[] content = Files.readAllBytes(file);
                if (stored(path, file).equals(before)) {
                    return Optional.of(new Versioned(content, before.get().etag()));
                }
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed("read", path, e);
        }
    }

    @Override
    public Optional<StoredFile> stat(String path) {
        try {
            return stored(path, resolve(StoragePath.file(path)));
        } catch (IOException e) {
            throw failed("read", path, e);
        }
    }

    @Override
    public InputStream open(String path) {
        try {
            return new LocalInput(this, path, Files.newInputStream(resolve(StoragePath.file(path))));
        } catch (IOException e) {
            throw failed("read", path, e);
        }
    }

    @Override
    public boolean read(StoredFile file, long from, byte[] into, int at, int length) {
        boolean same =
                stat(file.path()).filter(now -> now.etag().equals(file.etag())).isPresent();
        if (!same) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(resolve(StoragePath.file(file.path())), StandardOpenOption.READ)) {
            for (int done = 0; done < length; ) {
                // Larger pieces would each take as much memory again, outside the heap.
                int piece = Math.min(length - done, READ_PIECE);
                int read = channel.read(ByteBuffer.wrap(into, at + done, piece), from + done);
                if (read < 0) {
                    throw new EOFException("it ends at byte " + (from + done) + " of " + file.bytes());
                }
                done += read;
            }
            return true;
        } catch (IOException e) {
            throw failed("read", file.path(), e);
        }
    }

    @Override
    public Upload create(String path) {
        return new LocalUpload(this, path, resolve(StoragePath.file(path)));
    }

    @Override
    public StoredFile bring(Storage source, String from, String path) {
        Optional<Path> other = source.localPath(from);
        Path file = resolve(StoragePath.file(path));
        if (other.isPresent()) {
            try {
                Optional<StoredFile> there = stored(from, other.get());
                Optional<StoredFile> here = stored(path, file);
                if (there.isPresent() && here.isEmpty()) {
                    Files.createDirectories(file.getParent());
                    Files.createLink(file, other.get());
                    sync(file.getParent());
                    return stored(path, file).orElseThrow(() -> new NoSuchFileException(file.toString()));
                }
            } catch (IOException | UnsupportedOperationException noLink) {
                // Two disks, a file system without links, another process that was first or removed an empty folder.
                LOG.debug("No hard link {}: {}", file, noLink.toString());
            }
        }
        return Storage.super.bring(source, from, path);
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public void put(String path, byte[] content) {
        Path file = resolve(StoragePath.file(path));
        try (Temporary temporary = new Temporary(file)) {
            temporary.write(content);
            locked(file, () -> {
                temporary.touch(stored(path, file));
                temporary.replaceTarget();
                return true;
            });
        } catch (IOException e) {
            throw failed("write", path, e);
        }
    }

    @Override
    public boolean putIfAbsent(String path, byte[] content) {
        Path file = resolve(StoragePath.file(path));
        try {
            if (Files.exists(file)) {
                return false;
            }
            try (Temporary temporary = new Temporary(file)) {
                temporary.write(content);
                temporary.touch(Optional.empty());
                return temporary.linkTarget();
            }
        } catch (IOException e) {
            throw failed("write", path, e);
        }
    }

    @Override
    public Optional<String> compareAndPut(String path, String etag, byte[] content) {
        Path file = resolve(StoragePath.file(path));
        try {
            if (!etagIs(etag, stored(path, file))) {
                return Optional.empty();
            }
            try (Temporary temporary = new Temporary(file)) {
                temporary.write(content);
                return locked(file, () -> {
                    Optional<StoredFile> current = stored(path, file);
                    if (!etagIs(etag, current)) {
                        return Optional.empty();
                    }
                    temporary.touch(current);
                    String mine = temporary.stored(path).etag();
                    temporary.replaceTarget();
                    return Optional.of(mine);
                });
            }
        } catch (IOException e) {
            throw failed("write", path, e);
        }
    }

    private static boolean etagIs(String etag, Optional<StoredFile> current) {
        return current.isPresent() && current.get().etag().equals(etag);
    }

    @Override
    public boolean compareAndDelete(String path, String etag) {
        Path file = resolve(StoragePath.file(path));
        try {
            return etagIs(etag, stored(path, file))
                    && locked(file, () -> {
                        boolean isSame = etagIs(etag, stored(path, file));
                        if (isSame) {
                            Files.delete(file);
                            sync(file.getParent());
                        }
                        return isSame;
                    });
        } catch (IOException e) {
            throw failed("delete", path, e);
        }
    }

    @Override
    public void delete(Collection<String> paths) {
        paths.forEach(StoragePath::file);
        remove(paths);
    }

    private void remove(Collection<String> paths) {
        Set<Path> parents = new TreeSet<>(Comparator.reverseOrder());
        for (String path : paths) {
            Path file = resolve(path);
            try {
                if (Files.deleteIfExists(file)) {
                    parents.add(file.getParent());
                }
            } catch (IOException e) {
                throw failed("delete", path, e);
            }
        }
        for (Path parent : parents) {
            try {
                removeIfEmpty(parent);
            } catch (IOException e) {
                throw failed("delete", pathOf(parent), e);
            }
        }
    }

    private void removeIfEmpty(Path emptied) throws IOException {
        for (Path parent = emptied; !parent.equals(folder); parent = parent.getParent()) {
            try {
                Files.deleteIfExists(parent);
            } catch (DirectoryNotEmptyException e) {
                return;
            }
        }
    }

    @Override
    public Optional<Path> localPath(String path) {
        return Optional.of(resolve(StoragePath.file(path)));
    }

    @Override
    public String toString() {
        return root;
    }

    private Path resolve(String path) {
        try {
            return folder.resolve(path);
        } catch (InvalidPathException e) {
            throw Fault.world(
                    "Cannot name a file " + uri(path) + ": this system's character set lacks a character of it; set"
                            + " LC_ALL=C.UTF-8",
                    e);
        }
    }

    private String pathOf(Path file) {
        return folder.relativize(file).toString();
    }

    private static String nameOf(Path file) {
        return file.getFileName().toString();
    }

    Fault failed(String what, String path, IOException e) {
        String said = e instanceof NoSuchFileException
                ? "no such file"
                : e.getClass().getSimpleName() + ": " + e.getMessage();
        return Fault.world("Cannot " + what + " " + uri(path) + ": " + said, e);
    }

    private static Optional<StoredFile> stored(String path, Path file) throws IOException {
        try {
            Map<String, Object> attributes = Files.readAttributes(file, "unix:size,lastModifiedTime,ino,isRegularFile");
            if (!(boolean) attributes.get("isRegularFile")) {
                return Optional.empty();
            }
            long bytes = (long) attributes.get("size");
            FileTime modified = (FileTime) attributes.get("lastModifiedTime");
            String etag = bytes + "-" + modified.to(TimeUnit.NANOSECONDS) + "-" + attributes.get("ino");
            return Optional.of(new StoredFile(path, bytes, etag, modified.toInstant()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (FileSystemException e) {
            if ("Not a directory".equals(e.getReason())) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private interface Act<T> {
        T run() throws IOException;
    }

    /** Runs an act while no other thread or process replaces small files of the same folder. */
    private static <T> T locked(Path file, Act<T> act) throws IOException {
        Path parent = file.getParent().toRealPath();
        ReentrantLock threads = THREAD_LOCKS[Math.floorMod(parent.hashCode(), THREAD_LOCKS.length)];
        threads.lock();
        try (FileChannel channel =
                        FileChannel.open(parent.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock processes = channel.lock()) {
            if (!processes.isValid()) {
                throw new IOException("lost the lock " + parent.resolve(LOCK));
            }
            return act.run();
        } finally {
            threads.unlock();
        }
    }

    /** A hidden file beside its target that is not there yet. Closed, nothing of it stays. */
    static final class Temporary implements AutoCloseable {
        private final Path target;
        private final Path path;
        private final FileChannel channel;

        Temporary(Path target) throws IOException {
            this.target = target;
            this.path = target.resolveSibling(StoragePath.HIDDEN + UUID.randomUUID());
            this.channel = opened();
        }

        private FileChannel opened() throws IOException {
            // Another process may remove a folder it finds empty between the two calls.
            for (int tries = 1; ; tries++) {
                try {
                    Files.createDirectories(path.getParent());
                    return FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                } catch (NoSuchFileException e) {
                    if (tries == 100) {
                        throw e;
                    }
                }
            }
        }

        OutputStream stream() {
            return Channels.newOutputStream(channel);
        }

        void write(byte[] content) throws IOException {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                channel.write(left);
            }
        }

        /**
         * Syncs and closes the file and gives it a time of modification after that of the file it replaces: kernels
         * count in ticks of milliseconds and use inodes again, so two versions could share an etag.
         */
        void touch(Optional<StoredFile> replaced) throws IOException {
            channel.force(true);
            channel.close();
            Instant now = Instant.now();
            Instant after = replaced.map(file -> file.modified().plus(1, ChronoUnit.MICROS))
                    .filter(least -> least.isAfter(now))
                    .orElse(now);
            Files.setLastModifiedTime(path, FileTime.from(after));
        }

        /** As it will be seen: not read from the target, where another writer may follow at once. */
        StoredFile stored(String as) throws IOException {
            return LocalStorage.stored(as, path).orElseThrow(() -> new NoSuchFileException(path.toString()));
        }

        void replaceTarget() throws IOException {
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
            syncFolder();
        }

        boolean linkTarget() throws IOException {
            try {
                Files.createLink(target, path);
            } catch (FileAlreadyExistsException e) {
                return false;
            }
            syncFolder();
            return true;
        }

        private void syncFolder() throws IOException {
            sync(target.getParent());
        }

        @Override
        public void close() throws IOException {
            channel.close();
            Files.deleteIfExists(path);
        }
    }
}
