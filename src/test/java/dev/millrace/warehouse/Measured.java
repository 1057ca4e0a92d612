package dev.millrace.warehouse;

import java.lang.management.ManagementFactory;

/** What the benchmarks of the warehouses measure, and keep of it. */
public final class Measured {
    private Measured() {}

    /** CPU seconds of this process. */
    public static double cpuSeconds() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                        .getProcessCpuTime()
                / 1e9;
    }

    /** Keeps of each figure the least. */
    public static void keepLeast(double[] least, double[] now) {
        for (int i = 0; i < least.length; i++) {
            least[i] = Math.min(least[i], now[i]);
        }
    }
}
