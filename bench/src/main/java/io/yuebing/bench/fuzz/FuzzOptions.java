package io.yuebing.bench.fuzz;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What to damage how often.
 *
 * @param formats formats of files
 * @param mutations attempts for each format
 * @param seed of the damage
 * @param limit most time for all formats together, which they share
 * @param keep folder for files that were not handled well; made if it is needed
 */
public record FuzzOptions(List<FuzzFormat> formats, long mutations, long seed, Duration limit, Path keep) {
    public FuzzOptions {
        formats = List.copyOf(formats);
    }
}
