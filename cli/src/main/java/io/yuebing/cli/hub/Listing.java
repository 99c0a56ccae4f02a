package io.yuebing.cli.hub;

import java.util.List;

/**
 * What a repository holds at one revision.
 *
 * @param commit the commit that the revision stands for now
 * @param files its files
 */
public record Listing(String commit, List<RemoteFile> files) {
    public Listing {
        files = List.copyOf(files);
    }

    long bytes() {
        return files.stream().mapToLong(RemoteFile::size).sum();
    }
}
