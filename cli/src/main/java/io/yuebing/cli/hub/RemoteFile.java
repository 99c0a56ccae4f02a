package io.yuebing.cli.hub;

import java.util.Optional;

/**
 * A file in a repository.
 *
 * @param path path inside the repository, with slashes
 * @param size bytes
 * @param checksum empty when the hub gives none
 */
public record RemoteFile(String path, long size, Optional<Checksum> checksum) {}
