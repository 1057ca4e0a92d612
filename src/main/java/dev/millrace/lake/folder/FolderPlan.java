package dev.millrace.lake.folder;

import dev.millrace.lake.PlannedFile;
import dev.millrace.lake.TargetSize;
import dev.millrace.lake.folder.FolderRecord.Figures;
import dev.millrace.run.DataFile;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is to be done with a folder, by its partitions.
 *
 * @param planned partitions in which there is something to do, in the order of their paths
 * @param failed partitions that cannot be planned, as they ended
 * @param untouched the rest
 * @param target size of the new files
 */
record FolderPlan(
        List<PlannedPartition> planned,
        List<FolderRecord.Partition> failed,
        FolderRecord.Untouched untouched,
        TargetSize target) {
    /**
     * A partition in which there is something to do.
     *
     * @param outputs its new files
     * @param kept how many files stay
     */
    record PlannedPartition(String path, List<PlannedFile> outputs, int kept) {
        PlannedPartition {
            outputs = List.copyOf(outputs);
        }

        /** The files that go, each once. */
        Collection<DataFile> sources() {
            Map<String, DataFile> sources = new LinkedHashMap<>();
            outputs.forEach(output -> output.files().forEach(file -> sources.put(file.path(), file)));
            return sources.values();
        }

        /** As they are expected. */
        Figures after(TargetSize target) {
            return new Figures(
                    outputs.size(),
                    sources().stream().mapToLong(target::expected).sum(),
                    0);
        }

        /** Without rows, which nobody has counted yet. */
        Figures before() {
            return new Figures(
                    sources().size(),
                    sources().stream().mapToLong(DataFile::bytes).sum(),
                    0);
        }
    }

    FolderPlan {
        planned = List.copyOf(planned);
        failed = List.copyOf(failed);
    }

    /** Partitions that follow each other, so that each part but the last has about as many new files as is given. */
    List<List<PlannedPartition>> parts(int files, long bytes, int mostFiles) {
        List<List<PlannedPartition>> parts = new ArrayList<>();
        List<PlannedPartition> part = new ArrayList<>();
        int filesOfPart = 0;
        long bytesOfPart = 0;
        for (PlannedPartition partition : planned) {
            part.add(partition);
            filesOfPart += partition.outputs().size();
            bytesOfPart += partition.before().bytes();
            if ((filesOfPart >= files && bytesOfPart >= bytes) || filesOfPart >= mostFiles) {
                parts.add(part);
                part = new ArrayList<>();
                filesOfPart = 0;
                bytesOfPart = 0;
            }
        }
        if (!part.isEmpty()) {
            parts.add(part);
        }
        return parts;
    }
}
