package io.yuebing.cli.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * ModelScope.
 *
 * <p>Heeds the variables of its own tools: {@code MODELSCOPE_DOMAIN}, {@code MODELSCOPE_API_TOKEN}, {@code
 * MODELSCOPE_CACHE}.
 */
public final class ModelScopeHub implements Hub {
    private static final String MASTER = "master";

    private final URI endpoint;
    private final Path cache;
    private final HubHttp http;

    private ModelScopeHub(URI endpoint, Path cache, Optional<String> token) {
        this.endpoint = endpoint;
        this.cache = cache;
        this.http = new HubHttp(endpoint, token);
    }

    /** The hub that an environment describes. */
    public static ModelScopeHub of(Map<String, String> environment) {
        Path cache = Variables.path(environment, "MODELSCOPE_CACHE")
                .orElse(Variables.cacheFolder(environment).resolve("modelscope/hub"));
        return new ModelScopeHub(
                Variables.endpoint(environment, "MODELSCOPE_DOMAIN", "https://www.modelscope.cn"),
                cache,
                Variables.text(environment, "MODELSCOPE_API_TOKEN"));
    }

    @Override
    public String label() {
        return "ModelScope (" + endpoint.getAuthority() + ")";
    }

    @Override
    public String tokenVariable() {
        return "MODELSCOPE_API_TOKEN";
    }

    @Override
    public String endpointVariable() {
        return "MODELSCOPE_DOMAIN";
    }

    @Override
    public URI page(RepoId repo) {
        return URI.create(endpoint + "/models/" + repo.path());
    }

    @Override
    public Listing list(RepoId repo) throws IOException, InterruptedException {
        URI uri = URI.create(endpoint + api(repo) + "/files?Revision=" + encoded(revision(repo)) + "&Recursive=true");
        JsonNode answer = HubAnswers.json(this, repo, uri);
        JsonNode listed = answer.path("Data").path("Files");
        if (!listed.isArray()) {
            throw new IOException(label() + " answered " + uri + " without a list of files: "
                    + answer.path("Message").asString("no message"));
        }
        List<RemoteFile> files = new ArrayList<>();
        for (JsonNode file : listed) {
            String path = file.path("Path").asString("");
            if (!"tree".equals(file.path("Type").asString("")) && !path.contains("..")) {
                files.add(new RemoteFile(
                        path,
                        file.path("Size").asLong(-1),
                        Checksum.parse(file.path("Sha256").asString(""))));
            }
        }
        return new Listing(revision(repo), NeededFiles.of(files));
    }

    @Override
    public URI content(RepoId repo, Listing listing, RemoteFile file) {
        return URI.create(
                endpoint + api(repo) + "?Revision=" + encoded(listing.commit()) + "&FilePath=" + encoded(file.path()));
    }

    @Override
    public ModelFolder folder(RepoId repo, String commit) {
        return new ModelScopeFolder(path(repo));
    }

    @Override
    public Optional<Path> fetched(RepoId repo) {
        return repo.revision().isPresent()
                ? Optional.empty()
                : Optional.of(path(repo)).filter(Files::isDirectory);
    }

    @Override
    public HubHttp http() {
        return http;
    }

    /** ModelScope's tools write dots in names as three underscores. */
    private Path path(RepoId repo) {
        return cache.resolve("models")
                .resolve(repo.organization())
                .resolve(repo.name().replace(".", "___"));
    }

    private static String api(RepoId repo) {
        return "/api/v1/models/" + repo.path() + "/repo";
    }

    private static String revision(RepoId repo) {
        return repo.revision().orElse(MASTER);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
