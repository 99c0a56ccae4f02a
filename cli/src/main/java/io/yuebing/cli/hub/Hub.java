package io.yuebing.cli.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/** A place that model repositories are fetched from. */
public interface Hub {
    /** Its name for people. */
    String label();

    /** The environment variable with the person's access token. */
    String tokenVariable();

    /** The environment variable that names another server for this hub. */
    String endpointVariable();

    /** The web page of a repository, for people. */
    URI page(RepoId repo);

    /**
     * Asks what a repository holds.
     *
     * @throws io.yuebing.api.UserError if it does not exist or may not be read
     * @throws IOException if the hub cannot be reached
     */
    Listing list(RepoId repo) throws IOException, InterruptedException;

    /** Where the content of a file is. */
    URI content(RepoId repo, Listing listing, RemoteFile file);

    /** The folder on this machine that holds a repository at a commit. */
    ModelFolder folder(RepoId repo, String commit);

    /** The folder that the repository was fetched into last; it may be incomplete or absent. */
    Optional<Path> fetched(RepoId repo);

    /** Sends requests with this hub's credentials. */
    HubHttp http();
}
