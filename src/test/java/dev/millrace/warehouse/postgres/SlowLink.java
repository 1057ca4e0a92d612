package dev.millrace.warehouse.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.locks.LockSupport;

/** A port of its own before a server on loopback, which lets each connection send only so many bytes in a second. */
final class SlowLink implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 16;

    private final ServerSocket listening;
    private final int behind;
    private final long bytesPerSecond;

    SlowLink(int behind, long bytesPerSecond) throws IOException {
        this.behind = behind;
        this.bytesPerSecond = bytesPerSecond;
        this.listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        while (true) {
            try {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), behind);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                daemon(() -> pass(client, server, bytesPerSecond));
                daemon(() -> pass(server, client, Long.MAX_VALUE));
            } catch (IOException closed) {
                return;
            }
        }
    }

    /** Until one side closes; then both are. */
    private static void pass(Socket from, Socket to, long bytesPerSecond) {
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] chunk = new byte[CHUNK_BYTES];
            long free = System.nanoTime();
            int read = in.read(chunk);
            while (read >= 0) {
                out.write(chunk, 0, read);
                free = Math.max(free, System.nanoTime()) + (long) (read * 1e9 / bytesPerSecond);
                while (System.nanoTime() < free) {
                    LockSupport.parkNanos(free - System.nanoTime());
                }
                read = in.read(chunk);
            }
        } catch (IOException ended) {
            // Which of the two ended it is known to them.
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "slow-link");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
