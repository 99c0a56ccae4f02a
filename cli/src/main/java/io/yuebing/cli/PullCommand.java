package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.hub.RepoId;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Fetches a model from a hub. */
@Uses(Part.HUB)
@Command(
        name = "pull",
        description = "Fetches a model from a hub into the hub's own cache folder, or brings it up to date.",
        footer = {
            "",
            "Heeds HF_ENDPOINT, HF_TOKEN, HF_HOME and HF_HUB_CACHE, or MODELSCOPE_DOMAIN,",
            "MODELSCOPE_API_TOKEN and MODELSCOPE_CACHE, and the usual proxy variables. Run it again",
            "after an interruption: it goes on where it stopped.",
            "",
            "Examples:",
            "  ./yuebing pull Qwen/Qwen2.5-0.5B-Instruct-GPTQ-Int4",
            "  ./yuebing pull Qwen/Qwen2.5-0.5B-Instruct-GPTQ-Int4 --hub modelscope",
            "  HF_ENDPOINT=https://hf-mirror.com ./yuebing pull Qwen/Qwen2.5-0.5B-Instruct@main"
        })
final class PullCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "ORG/NAME[@REVISION]", description = "The repository.")
    private String repository = "";

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = SettingOptions.configuration(spec);
        RepoId repo = RepoId.parse(repository)
                .orElseThrow(() -> new UserError("'" + repository + "' is no repository; expected ORG/NAME or"
                        + " ORG/NAME@REVISION, such as Qwen/Qwen2.5-0.5B-Instruct"));
        ModelLocator locator = ModelLocator.ofProcess(Terminal.detect(System.getenv()));
        Path folder = locator.pull(locator.hub(configuration), repo);
        System.out.println(repo + " is complete in " + folder);
        return 0;
    }
}
