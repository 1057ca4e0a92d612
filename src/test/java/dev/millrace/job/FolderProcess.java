package dev.millrace.job;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import picocli.CommandLine;

/** A process of its own that compacts a folder as the command does, and kills itself at an effect. */
final class FolderProcess {
    private FolderProcess() {}

    /** The beginning of the effect after which it ends by SIGKILL, then the command's arguments. */
    public static void main(String[] arguments) {
        Effects effects = new Effects(
                (number, effect) -> {
                    if (effect.what().startsWith(arguments[0])) {
                        JobProcess.signal("KILL");
                    }
                    return false;
                },
                effect -> {});
        Surroundings around = new Surroundings(
                Path.of("").toAbsolutePath(),
                Optional.empty(),
                name -> Optional.empty(),
                Clock.systemUTC(),
                new Random(),
                effects.linkingStorages(),
                Surroundings::warehouse);
        System.exit(Millrace.execute(
                new CommandLine(new CompactFolder(around)), Arrays.copyOfRange(arguments, 1, arguments.length)));
    }
}
