package io.yuebing.cli.hub;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads what a hub answers, and says in words what an unwelcome status means. */
final class HubAnswers {
    private static final JsonMapper JSON = JsonMapper.shared();

    private HubAnswers() {}

    /** The JSON at an address. */
    static JsonNode json(Hub hub, RepoId repo, URI uri) throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = hub.http().get(uri, 0);
        try (InputStream body = answer.body()) {
            requireSuccess(hub, repo, answer);
            return JSON.readTree(body);
        } catch (JacksonException e) {
            throw new IOException(hub.label() + " answered " + uri + " with something that is not JSON", e);
        }
    }

    /**
     * Goes on only for a success.
     *
     * @throws UserError for what the person can repair: no such repository, no permission
     * @throws HubStatusException for everything else
     */
    static void requireSuccess(Hub hub, RepoId repo, HttpResponse<?> answer) throws HubStatusException {
        int status = answer.statusCode();
        if (status >= 200 && status < 300) {
            return;
        }
        switch (status) {
            case 401, 403 ->
                throw new UserError(hub.label() + " does not let " + repo + " be read (HTTP " + status + "): "
                        + (hub.http().hasToken()
                                ? "accept its licence at " + hub.page(repo) + " with the account of your token"
                                : "if it is gated or private, accept its licence at " + hub.page(repo) + " and set "
                                        + hub.tokenVariable() + "; otherwise check the name"));
            case 404 ->
                throw new UserError(hub.label() + " has no " + repo + " (HTTP 404): check spelling, revision and"
                        + " capital letters at " + hub.page(repo) + ", or choose another hub with --hub");
            default -> throw new HubStatusException(hub.label() + " answered HTTP " + status, status, answer);
        }
    }
}
