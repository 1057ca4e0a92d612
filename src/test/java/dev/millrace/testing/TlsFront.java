package dev.millrace.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

/** Stands before a server on loopback that speaks plain TCP: a port of its own that speaks TLS with a certificate. */
public final class TlsFront implements AutoCloseable {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private final SSLServerSocket listening;
    private final int behind;

    /**
     * @param folder in which {@link Certificates#write} wrote the certificate
     * @param name of the certificate
     * @param behind port of the server
     */
    public TlsFront(Path folder, String name, int behind) throws IOException {
        this.behind = behind;
        try (InputStream in = Files.newInputStream(folder.resolve(name + ".p12"))) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD);
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            listening = (SSLServerSocket)
                    context.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        daemon(this::accept);
    }

    public int port() {
        return listening.getLocalPort();
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "tls-front");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (true) {
            Socket client;
            try {
                client = listening.accept();
            } catch (IOException e) {
                return;
            }
            daemon(() -> serve(client));
        }
    }

    private void serve(Socket client) {
        try (client;
                Socket server = new Socket(InetAddress.getLoopbackAddress(), behind)) {
            daemon(() -> pass(server, client));
            pass(client, server);
        } catch (IOException e) {
            // Who refuses the certificate goes away.
            return;
        }
    }

    private static void pass(Socket from, Socket to) {
        try {
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8192];
            InputStream in = from.getInputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                out.flush();
            }
            to.close();
        } catch (IOException e) {
            return;
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
