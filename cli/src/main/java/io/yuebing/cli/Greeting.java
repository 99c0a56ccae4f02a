package io.yuebing.cli;

import io.yuebing.cli.up.UpDisplay;
import java.time.Duration;
import java.util.List;

/**
 * What {@code up} says when everything is ready.
 *
 * @param url the gateway
 * @param model what clients call the model
 * @param took from the start of the program until now
 */
record Greeting(String url, String model, Duration took, Terminal terminal) {

    List<String> lines() {
        return List.of(
                "",
                terminal.bold(terminal.green("Ready after " + UpDisplay.seconds(took) + ".")) + " Model "
                        + terminal.bold(model) + " at " + terminal.bold(url + "/v1") + "; Ctrl-C stops all.",
                "",
                "Try it:",
                curl("completions", "\"prompt\":\"San Francisco is a\",\"max_tokens\":50"),
                curl(
                        "chat/completions",
                        "\"messages\":[{\"role\":\"user\",\"content\":\"What is 7 + 5?\"}],\"stream\":true"),
                "  ./yuebing chat" + (url.endsWith(":8000") ? "" : " --gateway " + url),
                "");
    }

    private String curl(String path, String fields) {
        return "  curl -s " + url + "/v1/" + path + " -H 'Content-Type: application/json' -d '{\"model\":\"" + model
                + "\"," + fields + "}'";
    }
}
