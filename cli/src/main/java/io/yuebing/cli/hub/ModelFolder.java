package io.yuebing.cli.hub;

import java.io.IOException;
import java.nio.file.Path;

/** Where the files of one repository at one commit are kept, in the layout that the hub's own tools use. */
public interface ModelFolder {
    /** The folder with the files under their names in the repository. */
    Path path();

    /** Where a file that is not complete is kept, so that fetching it can go on. */
    Path partial(RemoteFile file);

    /** Whether a file is complete. */
    boolean has(RemoteFile file) throws IOException;

    /** Takes over the complete and verified content of {@link #partial}. */
    void complete(RemoteFile file) throws IOException;

    /** Records that all files are complete. */
    void finish() throws IOException;
}
