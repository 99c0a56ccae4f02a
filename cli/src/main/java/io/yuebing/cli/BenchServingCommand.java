package io.yuebing.cli;

import io.yuebing.cli.settings.Configuration;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Loads a server with requests and measures what its clients see. */
@Command(
        name = "serving",
        description = {
            "Loads an OpenAI server with streaming requests and measures latencies, throughput and goodput.",
            "It works with any such server: Yuebing's, vLLM's, llama.cpp's. In an open loop (--rate, --trace) latencies"
                    + " count from the moment when a request should have been sent."
        },
        footer = {
            "",
            "A key for the server is taken from YUEBING_API_KEY.",
            "",
            "Examples:",
            "  ./yuebing bench serving --url http://localhost:8000 --rate 2 --requests 100",
            "  ./yuebing bench serving --concurrency 8 --prompt-tokens 1024 --html report.html",
            "  ./yuebing bench serving --trace conversation_trace.jsonl --requests 500 --json"
        })
final class BenchServingCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "http://localhost:8000",
            description = "The server @|faint (http://localhost:8000)|@.")
    private URI url = URI.create("");

    @Option(names = "--model", paramLabel = "NAME", description = "Model to ask for @|faint (the first it lists)|@.")
    private @Nullable String model;

    @Option(names = "--chat", description = "Ask for chat completions instead of completions.")
    private boolean chat;

    @Option(
            names = "--rate",
            paramLabel = "R|inf",
            description = "Open loop: requests per second, at random moments; inf sends all at once.")
    private @Nullable String rate;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            description = "Closed loop: so many requests at a time @|faint (1, without --rate and --trace)|@.")
    private @Nullable Integer concurrency;

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description = "Open loop: requests as in a trace of Mooncake's format, JSON lines with timestamp (ms),"
                    + " input_length, output_length and hash_ids.")
    private @Nullable Path trace;

    @Option(
            names = "--requests",
            paramLabel = "N",
            defaultValue = "100",
            description = "Requests to send; of a trace, the first so many @|faint (100)|@.")
    private int requests;

    @Option(
            names = "--prompt-tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Length of prompts, about @|faint (512)|@.")
    private int promptTokens;

    @Option(
            names = "--output-tokens",
            paramLabel = "N",
            defaultValue = "64",
            description = "Tokens to generate @|faint (64)|@.")
    private int outputTokens;

    @Option(
            names = "--slo-ttft",
            paramLabel = "TIME",
            defaultValue = "1s",
            description = "Longest time to the first token of a good request @|faint (1s)|@.")
    private String sloTtft = "";

    @Option(
            names = "--slo-itl",
            paramLabel = "TIME",
            defaultValue = "50ms",
            description = "Longest mean time between tokens of a good request @|faint (50ms)|@.")
    private String sloItl = "";

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of arrivals and prompts @|faint (1)|@.")
    private long seed;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a report with plots.")
    private @Nullable Path html;

    @Option(names = "--json", description = "Print one JSON object as the last line.")
    private boolean asJson;

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = SettingOptions.configuration(spec);
        ServingMeasurement.run(
                configuration,
                new ServingMeasurement.Wish(
                        url,
                        Optional.ofNullable(model),
                        chat,
                        Optional.ofNullable(rate),
                        Optional.ofNullable(concurrency),
                        Optional.ofNullable(trace),
                        requests,
                        promptTokens,
                        outputTokens,
                        sloTtft,
                        sloItl,
                        seed),
                Optional.ofNullable(html),
                asJson,
                YuebingCommand.commandLine(spec).getOut());
        return 0;
    }
}
