package io.yuebing.cli.hub;

import io.yuebing.cli.testing.TinyHttpServer;
import io.yuebing.cli.testing.TinyHttpServer.Reply;
import io.yuebing.cli.testing.TinyHttpServer.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.json.JsonMapper;

/**
 * Behaves like the Hugging Face hub and like ModelScope: large files are redirected to a storage server on another
 * port, with checksums in the headers; the storage server heeds ranges, and can cut connections or send wrong bytes.
 */
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private static final int LARGE = 10_000;

    private final Map<String, byte[]> files = new TreeMap<>();
    private final TinyHttpServer hub;
    private final TinyHttpServer storage;
    /** Contents that the storage server cuts after so many bytes, and how often still. */
    final Map<String, AtomicInteger> cuts = new ConcurrentHashMap<>();
    /** Contents that the storage server damages, and how often still. */
    final Map<String, AtomicInteger> damages = new ConcurrentHashMap<>();

    final AtomicInteger overloads = new AtomicInteger();
    volatile boolean terse;
    volatile boolean ranges = true;
    volatile int refusal;

    FakeHub() throws IOException {
        storage = TinyHttpServer.start(this::store);
        hub = TinyHttpServer.start(this::answer);
    }

    String endpoint() {
        return hub.uri().toString();
    }

    void put(String path, byte[] content) {
        files.put(path, content);
    }

    List<Request> hubRequests() {
        return hub.requests();
    }

    List<Request> storageRequests() {
        return storage.requests();
    }

    private Reply answer(Request request) {
        if (refusal != 0) {
            return Reply.of(refusal, "{\"error\":\"no\"}");
        }
        String path = request.path();
        if (path.startsWith("/api/models/org/model/revision/main")) {
            return Reply.of(200, huggingFaceListing());
        }
        if (path.startsWith("/org/model/resolve/" + COMMIT + "/")) {
            return resolve(path.substring(path.lastIndexOf('/') + 1));
        }
        if (path.startsWith("/api/v1/models/org/model.v1/repo/files")) {
            return Reply.of(200, modelScopeListing());
        }
        if (path.startsWith("/api/v1/models/org/model.v1/repo?")) {
            return content(request, path.substring(path.lastIndexOf('=') + 1));
        }
        return Reply.of(404, "{\"error\":\"Repository not found\"}");
    }

    private String huggingFaceListing() {
        List<Map<String, Object>> siblings = files.entrySet().stream()
                .map(file -> {
                    byte[] content = file.getValue();
                    Map<String, Object> sibling = new TreeMap<>(Map.of("rfilename", file.getKey()));
                    if (!terse) {
                        sibling.put("size", content.length);
                        sibling.put("blobId", gitSha1(content));
                        if (content.length >= LARGE) {
                            sibling.put("lfs", Map.of("sha256", sha256(content), "size", content.length));
                        }
                    }
                    return sibling;
                })
                .toList();
        return JsonMapper.shared().writeValueAsString(Map.of("sha", COMMIT, "siblings", siblings));
    }

    private String modelScopeListing() {
        List<Map<String, Object>> listed = files.entrySet().stream()
                .map(file -> Map.<String, Object>of(
                        "Path",
                        file.getKey(),
                        "Type",
                        "blob",
                        "Size",
                        file.getValue().length,
                        "Sha256",
                        sha256(file.getValue())))
                .toList();
        return JsonMapper.shared().writeValueAsString(Map.of("Code", 200, "Data", Map.of("Files", listed)));
    }

    private Reply resolve(String name) {
        byte[] content = files.get(name);
        if (content == null) {
            return Reply.of(404, "Entry not found");
        }
        if (content.length < LARGE) {
            return new Reply(200, Map.of("ETag", "\"" + gitSha1(content) + "\"", "X-Repo-Commit", COMMIT), content, -1);
        }
        return new Reply(
                302,
                Map.of(
                        "Location",
                        storage.uri() + "/" + name,
                        "X-Linked-Etag",
                        "\"" + sha256(content) + "\"",
                        "X-Linked-Size",
                        String.valueOf(content.length),
                        "X-Repo-Commit",
                        COMMIT),
                new byte[0],
                -1);
    }

    private Reply store(Request request) {
        return content(request, request.path().substring(1));
    }

    private Reply content(Request request, String name) {
        if (overloads.getAndDecrement() > 0) {
            return Reply.of(503, "busy");
        }
        byte[] whole = files.getOrDefault(name, new byte[0]);
        String range = request.headers().getOrDefault("range", "");
        int from = ranges && range.startsWith("bytes=") ? Integer.parseInt(range.substring(6, range.length() - 1)) : 0;
        byte[] part = Arrays.copyOfRange(whole, from, whole.length);
        if (damages.getOrDefault(name, new AtomicInteger()).getAndDecrement() > 0) {
            part[part.length / 2] ^= 1;
        }
        boolean cut = cuts.getOrDefault(name, new AtomicInteger()).getAndDecrement() > 0;
        Map<String, String> headers = from == 0
                ? Map.of()
                : Map.of("Content-Range", "bytes " + from + "-" + (whole.length - 1) + "/" + whole.length);
        return new Reply(from == 0 ? 200 : 206, headers, part, cut ? part.length / 2 : -1);
    }

    static String sha256(byte[] content) {
        return digest("SHA-256", new byte[0], content);
    }

    static String gitSha1(byte[] content) {
        return digest("SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII), content);
    }

    private static String digest(String algorithm, byte[] prefix, byte[] content) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(prefix);
            return HexFormat.of().formatHex(digest.digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        hub.close();
        storage.close();
    }
}
