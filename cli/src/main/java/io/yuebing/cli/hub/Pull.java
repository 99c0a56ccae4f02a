package io.yuebing.cli.hub;

import io.yuebing.api.UserError;
import io.yuebing.cli.OperationFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Fetches a repository from a hub into the hub's cache folder: only what is missing, several files at a time. */
public final class Pull {
    private static final int PARALLEL_FILES = 4;
    private static final int LIST_ATTEMPTS = 3;
    /** Left free on the disk, so that nothing else fails. */
    private static final long SPARE_BYTES = 64L << 20;

    private final Hub hub;
    private final RepoId repo;
    private final PullListener listener;
    private final Patience patience;

    public Pull(Hub hub, RepoId repo, PullListener listener, Patience patience) {
        this.hub = hub;
        this.repo = repo;
        this.listener = listener;
        this.patience = patience;
    }

    /**
     * Fetches.
     *
     * @return the folder with the files
     * @throws UserError if the repository cannot be served, may not be read or does not fit on the disk
     * @throws OperationFailed if the hub cannot be reached or does not deliver
     */
    public Path run() throws InterruptedException {
        try {
            Listing listing = list();
            requireServable(listing);
            ModelFolder folder = hub.folder(repo, listing.commit());
            List<RemoteFile> missing = missing(listing, folder);
            requireSpace(folder, missing);
            fetchAll(listing, folder, missing);
            folder.finish();
            return folder.path();
        } catch (IOException e) {
            throw new OperationFailed("cannot fetch " + repo + ": " + FileDownload.reason(e), e);
        }
    }

    private Listing list() throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return hub.list(repo);
            } catch (IOException e) {
                boolean hopeless = e instanceof HubStatusException status && !status.temporary();
                if (hopeless || attempt == LIST_ATTEMPTS) {
                    throw new OperationFailed(
                            "cannot reach " + hub.label() + ": " + FileDownload.reason(e)
                                    + "; check the network and the proxy, name a mirror with "
                                    + hub.endpointVariable() + ", or choose another hub with --hub",
                            e);
                }
                listener.retrying("the list of files", FileDownload.reason(e), patience.delay(attempt));
                TimeUnit.MILLISECONDS.sleep(patience.delay(attempt).toMillis());
            }
        }
    }

    private void requireServable(Listing listing) {
        boolean configured =
                listing.files().stream().anyMatch(file -> file.path().equals("config.json"));
        boolean weights = listing.files().stream().anyMatch(file -> file.path().endsWith(".safetensors"));
        if (!configured || !weights) {
            throw new UserError(repo + " has no " + (configured ? "*.safetensors weights" : "config.json")
                    + " in its top folder, so it cannot be served; see what it holds at " + hub.page(repo));
        }
    }

    private static List<RemoteFile> missing(Listing listing, ModelFolder folder) throws IOException {
        List<RemoteFile> missing = new ArrayList<>();
        for (RemoteFile file : listing.files()) {
            if (!folder.has(file)) {
                missing.add(file);
            }
        }
        return missing;
    }

    private void requireSpace(ModelFolder folder, List<RemoteFile> missing) throws IOException {
        long needed = 0;
        for (RemoteFile file : missing) {
            needed += file.size() - partialBytes(folder, file);
        }
        Path existing = folder.path().toAbsolutePath();
        while (existing.getParent() != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        long usable = Files.getFileStore(existing).getUsableSpace();
        if (needed > 0 && needed + SPARE_BYTES > usable) {
            throw new UserError(repo + " needs " + Amounts.bytes(needed) + " more on the disk of " + existing
                    + ", where " + Amounts.bytes(usable) + " are free; make room or choose another cache folder");
        }
    }

    private static long partialBytes(ModelFolder folder, RemoteFile file) throws IOException {
        Path partial = folder.partial(file);
        return Files.exists(partial) ? Math.min(Files.size(partial), file.size()) : 0;
    }

    private void fetchAll(Listing listing, ModelFolder folder, List<RemoteFile> missing)
            throws IOException, InterruptedException {
        // Files with the same content share one partial file, so one task fetches them in turn.
        Map<Path, List<RemoteFile>> byContent = new LinkedHashMap<>();
        long missingBytes = 0;
        for (RemoteFile file : missing) {
            byContent
                    .computeIfAbsent(folder.partial(file), path -> new ArrayList<>())
                    .add(file);
            missingBytes += file.size() - partialBytes(folder, file);
        }
        listener.began(listing.bytes(), listing.bytes() - missingBytes);
        ExecutorService threads = Executors.newFixedThreadPool(PARALLEL_FILES);
        try {
            ExecutorCompletionService<Void> tasks = new ExecutorCompletionService<>(threads);
            for (List<RemoteFile> same : byContent.values()) {
                tasks.submit(() -> {
                    fetch(listing, folder, same);
                    return null;
                });
            }
            for (int i = 0; i < byContent.size(); i++) {
                tasks.take().get();
            }
        } catch (ExecutionException e) {
            throw rethrow(e);
        } finally {
            threads.shutdownNow();
            threads.awaitTermination(patience.stall().toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void fetch(Listing listing, ModelFolder folder, List<RemoteFile> same)
            throws IOException, InterruptedException {
        for (RemoteFile file : same) {
            if (!folder.has(file)) {
                new FileDownload(hub, repo, listing, file, folder.partial(file), listener, patience).fetch();
                folder.complete(file);
            }
            listener.fetched(file);
        }
    }

    private static IOException rethrow(ExecutionException failure) {
        return switch (failure.getCause()) {
            case RuntimeException unchecked -> throw unchecked;
            case IOException io -> io;
            case null, default -> new IOException(failure);
        };
    }
}
