package io.yuebing.cli.hub;

import io.yuebing.cli.OperationFailed;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Fetches one file, goes on after cut connections, and accepts only the content that its checksum promises. */
final class FileDownload {
    private static final int BUFFER = 1 << 18;
    private static final int PARTIAL_CONTENT = 206;
    private static final int RANGE_NOT_SATISFIABLE = 416;

    private final Hub hub;
    private final RepoId repo;
    private final Listing listing;
    private final RemoteFile file;
    private final Path partial;
    private final PullListener listener;
    private final Patience patience;

    FileDownload(
            Hub hub,
            RepoId repo,
            Listing listing,
            RemoteFile file,
            Path partial,
            PullListener listener,
            Patience patience) {
        this.hub = hub;
        this.repo = repo;
        this.listing = listing;
        this.file = file;
        this.partial = partial;
        this.listener = listener;
        this.patience = patience;
    }

    /**
     * Leaves the whole, verified content in the partial file.
     *
     * @throws OperationFailed when it cannot be had; what has arrived stays for the next time
     */
    void fetch() throws IOException, InterruptedException {
        Files.createDirectories(partial.getParent());
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                throw new OperationFailed(
                        "another process is fetching " + file.path() + " of " + repo + "; wait for it and try again");
            }
            transferAll(channel);
            if (!verified()) {
                startOver(channel);
                transferAll(channel);
                requireVerified(channel);
            }
        }
    }

    private void transferAll(FileChannel channel) throws IOException, InterruptedException {
        int failures = 0;
        if (channel.size() > file.size()) {
            startOver(channel);
        }
        while (channel.size() < file.size()) {
            long before = channel.size();
            try {
                transfer(channel);
            } catch (HubStatusException e) {
                failures++;
                if (!e.temporary() || failures >= patience.attempts()) {
                    throw new OperationFailed(cannotFetch(e), e);
                }
                await(e, e.retryAfter().orElse(patience.delay(failures)));
            } catch (IOException e) {
                failures = channel.size() > before ? 1 : failures + 1;
                if (failures >= patience.attempts()) {
                    throw new OperationFailed(cannotFetch(e), e);
                }
                await(e, patience.delay(failures));
            }
        }
    }

    /** One request: from where the partial file ends to wherever the connection does. */
    private void transfer(FileChannel channel) throws IOException, InterruptedException {
        long from = channel.size();
        HttpResponse<InputStream> answer = hub.http().get(hub.content(repo, listing, file), from);
        try (InputStream body = answer.body();
                StallGuard guard = StallGuard.start(body, patience.stall())) {
            if (answer.statusCode() == RANGE_NOT_SATISFIABLE) {
                startOver(channel);
                return;
            }
            HubAnswers.requireSuccess(hub, repo, answer);
            if (from > 0 && !continues(answer, from)) {
                startOver(channel);
            }
            copy(body, channel, guard);
        }
        if (channel.size() < file.size()) {
            throw new IOException("the connection ended after " + channel.size() + " of " + file.size() + " bytes");
        }
    }

    private static boolean continues(HttpResponse<?> answer, long from) {
        return answer.statusCode() == PARTIAL_CONTENT
                && answer.headers()
                        .firstValue("Content-Range")
                        .map(range -> range.startsWith("bytes " + from + "-"))
                        .orElse(true);
    }

    private void copy(InputStream body, FileChannel channel, StallGuard guard) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long position = channel.size();
        for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
            if (position + n > file.size()) {
                startOver(channel);
                throw new IOException("more than the " + file.size() + " bytes that the list of files promises");
            }
            ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
            while (bytes.hasRemaining()) {
                position += channel.write(bytes, position);
            }
            guard.alive();
            listener.received(n);
        }
    }

    private void startOver(FileChannel channel) throws IOException {
        listener.received(-channel.size());
        channel.truncate(0);
    }

    private boolean verified() throws IOException {
        return file.checksum().isEmpty()
                || file.checksum().get().of(partial).equals(file.checksum().get());
    }

    private void requireVerified(FileChannel channel) throws IOException {
        Checksum expected = file.checksum().orElse(null);
        if (expected == null) {
            return;
        }
        Checksum found = expected.of(partial);
        if (!found.equals(expected)) {
            startOver(channel);
            throw new OperationFailed(file.path() + " of " + repo + " arrived damaged twice: expected "
                    + expected.algorithm() + " " + expected.hex() + ", got " + found.hex()
                    + "; try again later or from another mirror");
        }
    }

    private void await(IOException failure, Duration delay) throws InterruptedException {
        listener.retrying(file.path(), reason(failure), delay);
        TimeUnit.MILLISECONDS.sleep(delay.toMillis());
    }

    private String cannotFetch(IOException failure) {
        return "cannot fetch " + file.path() + " of " + repo + " from " + hub.label() + ": " + reason(failure)
                + "; run the same command again to go on from here";
    }

    static String reason(IOException failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }
}
