package io.yuebing.cli.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The Hugging Face hub, or a mirror of it.
 *
 * <p>Heeds the variables of the hub's own tools: {@code HF_ENDPOINT}, {@code HF_TOKEN}, {@code HF_HOME}, {@code
 * HF_HUB_CACHE}.
 */
public final class HuggingFaceHub implements Hub {
    private static final String MAIN = "main";

    private final URI endpoint;
    private final Path cache;
    private final HubHttp http;

    private HuggingFaceHub(URI endpoint, Path cache, Optional<String> token) {
        this.endpoint = endpoint;
        this.cache = cache;
        this.http = new HubHttp(endpoint, token);
    }

    /** The hub that an environment describes. */
    public static HuggingFaceHub of(Map<String, String> environment) throws IOException {
        Path home = Variables.path(environment, "HF_HOME")
                .orElse(Variables.cacheFolder(environment).resolve("huggingface"));
        Path cache = Variables.path(environment, "HF_HUB_CACHE").orElse(home.resolve("hub"));
        URI endpoint = Variables.endpoint(environment, "HF_ENDPOINT", "https://huggingface.co");
        Optional<String> token = Variables.text(environment, "HF_TOKEN");
        Path login = home.resolve("token");
        if (token.isEmpty() && Files.isReadable(login)) {
            token = Optional.of(Files.readString(login).strip()).filter(text -> !text.isEmpty());
        }
        return new HuggingFaceHub(endpoint, cache, token);
    }

    @Override
    public String label() {
        return "the Hugging Face hub (" + endpoint.getAuthority() + ")";
    }

    @Override
    public String tokenVariable() {
        return "HF_TOKEN";
    }

    @Override
    public String endpointVariable() {
        return "HF_ENDPOINT";
    }

    @Override
    public URI page(RepoId repo) {
        return URI.create(endpoint + "/" + repo.path());
    }

    @Override
    public Listing list(RepoId repo) throws IOException, InterruptedException {
        URI uri = URI.create(
                endpoint + "/api/models/" + repo.path() + "/revision/" + encoded(revision(repo)) + "?blobs=true");
        JsonNode answer = HubAnswers.json(this, repo, uri);
        String commit = answer.path("sha").asString("");
        if (!commit.matches("[0-9a-f]{7,64}") || !answer.path("siblings").isArray()) {
            throw new IOException(label() + " answered " + uri + " without a commit and a list of files");
        }
        List<RemoteFile> files = new ArrayList<>();
        for (JsonNode sibling : answer.path("siblings")) {
            files.add(describe(repo, commit, sibling));
        }
        return new Listing(
                commit,
                NeededFiles.of(files.stream().filter(file -> safe(file.path())).toList()));
    }

    /** Size and checksum from the list; asked for one by one where a mirror leaves them out. */
    private RemoteFile describe(RepoId repo, String commit, JsonNode sibling) throws IOException, InterruptedException {
        String path = sibling.path("rfilename").asString("");
        JsonNode large = sibling.path("lfs");
        String checksum = large.path("sha256").asString(sibling.path("blobId").asString(""));
        long size = large.path("size").asLong(sibling.path("size").asLong(-1));
        RemoteFile listed = new RemoteFile(path, size, Checksum.parse(checksum));
        boolean complete = size >= 0 && listed.checksum().isPresent();
        return complete || NeededFiles.of(List.of(listed)).isEmpty() ? listed : ask(repo, commit, path);
    }

    private RemoteFile ask(RepoId repo, String commit, String path) throws IOException, InterruptedException {
        HttpResponse<Void> answer = http.head(content(repo, commit, path));
        if (answer.statusCode() >= 400) {
            HubAnswers.requireSuccess(this, repo, answer);
        }
        var headers = answer.headers();
        Optional<String> tag = headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag"));
        long size = headers.firstValueAsLong("X-Linked-Size")
                .orElseGet(() -> headers.firstValueAsLong("Content-Length").orElse(-1));
        if (size < 0) {
            throw new IOException(label() + " does not tell the size of " + path);
        }
        return new RemoteFile(path, size, tag.flatMap(Checksum::parse));
    }

    @Override
    public URI content(RepoId repo, Listing listing, RemoteFile file) {
        return content(repo, listing.commit(), file.path());
    }

    private URI content(RepoId repo, String commit, String path) {
        return URI.create(endpoint + "/" + repo.path() + "/resolve/" + commit + "/" + encoded(path));
    }

    @Override
    public ModelFolder folder(RepoId repo, String commit) {
        return new HuggingFaceFolder(root(repo), revision(repo), commit);
    }

    @Override
    public Optional<Path> fetched(RepoId repo) {
        Path ref = root(repo).resolve("refs").resolve(revision(repo));
        try {
            String commit = Files.exists(ref) ? Files.readString(ref).strip() : revision(repo);
            return Optional.of(root(repo).resolve("snapshots").resolve(commit)).filter(Files::isDirectory);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public HubHttp http() {
        return http;
    }

    private Path root(RepoId repo) {
        return cache.resolve("models--" + repo.organization() + "--" + repo.name());
    }

    private static String revision(RepoId repo) {
        return repo.revision().orElse(MAIN);
    }

    private static boolean safe(String path) {
        return !path.isEmpty() && !path.startsWith("/") && !path.contains("..");
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
