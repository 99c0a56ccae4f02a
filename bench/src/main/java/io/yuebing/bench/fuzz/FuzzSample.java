package io.yuebing.bench.fuzz;

import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/**
 * Small valid files, and how the program reads them.
 *
 * @param name for people
 * @param files contents by name
 * @param damaged the files that are to be damaged, of which one is chosen at each attempt
 * @param reader reads them
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record FuzzSample(String name, SortedMap<String, byte[]> files, List<String> damaged, Reader reader) {

    /** Reads files as the program does. */
    @FunctionalInterface
    interface Reader {
        /**
         * Reads them.
         *
         * @param folder holds the files
         * @throws io.yuebing.api.UserError if they are not valid
         */
        void read(Path folder);
    }
}
