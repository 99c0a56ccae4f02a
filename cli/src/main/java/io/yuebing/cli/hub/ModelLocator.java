package io.yuebing.cli.hub;

import io.yuebing.api.UserError;
import io.yuebing.cli.Terminal;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import io.yuebing.gguf.GgufModel;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Finds the folder of the model that a configuration names, and fetches it from a hub if need be. */
public final class ModelLocator {
    private static final String BUNDLED_NAME = "yuebing-demo";

    private final Optional<Path> home;
    private final Map<String, String> environment;
    private final PrintStream out;
    private final Terminal terminal;

    /**
     * A model on this machine.
     *
     * @param directory its folder or its GGUF file, absolute
     * @param name what clients call it
     */
    public record Located(Path directory, String name) {}

    /**
     * @param home the folder of the program, which has the bundled model
     * @param out where the progress of fetching is shown
     */
    public ModelLocator(Optional<Path> home, Map<String, String> environment, PrintStream out, Terminal terminal) {
        this.home = home;
        this.environment = environment;
        this.out = out;
        this.terminal = terminal;
    }

    /** The locator of this process. */
    public static ModelLocator ofProcess(Terminal terminal) {
        Optional<Path> home =
                Optional.ofNullable(System.getProperty("yuebing.home")).map(Path::of);
        return new ModelLocator(home, System.getenv(), System.out, terminal);
    }

    /**
     * The configured model; a repository that is on this machine already is not looked up again.
     *
     * @throws UserError if there is no such folder or repository
     */
    public Located locate(Configuration configuration) throws InterruptedException {
        Located found = find(configuration);
        return new Located(
                found.directory().toAbsolutePath().normalize(),
                configuration.find(Settings.SERVED_MODEL_NAME).orElse(found.name()));
    }

    /**
     * The configured model, if it is on this machine.
     *
     * @throws UserError if it is not
     */
    public Located present(Configuration configuration) {
        Optional<String> wish = configuration.find(Settings.MODEL_LOCATION);
        return wish.isEmpty()
                ? bundled()
                : folder(configuration.path(Settings.MODEL_LOCATION, wish.get()))
                        .or(() -> fetched(hub(configuration), wish.get()))
                        .orElseThrow(() -> absent(wish.get()));
    }

    /** The same for a model that is named on the command line. */
    public Located present(Configuration configuration, String wish) {
        return folder(Path.of(wish)).or(() -> fetched(hub(configuration), wish)).orElseThrow(() -> absent(wish));
    }

    private Located find(Configuration configuration) throws InterruptedException {
        Optional<String> wish = configuration.find(Settings.MODEL_LOCATION);
        if (wish.isEmpty()) {
            return bundled();
        }
        Path path = configuration.path(Settings.MODEL_LOCATION, wish.get());
        Optional<Located> folder = folder(path);
        if (folder.isPresent()) {
            return folder.get();
        }
        RepoId repo = RepoId.parse(wish.get())
                .orElseThrow(() -> new UserError("model '" + wish.get() + "' is neither a folder nor a GGUF file ("
                        + path.toAbsolutePath() + " does not exist) nor a repository of the form ORG/NAME"));
        Hub hub = hub(configuration);
        Optional<Located> fetched = fetched(hub, wish.get());
        return fetched.isPresent() ? fetched.get() : new Located(pull(hub, repo), repo.path());
    }

    private Optional<Located> folder(Path path) {
        if (Files.isRegularFile(path)) {
            return GgufModel.find(path).map(file -> new Located(file, GgufModel.nameOf(file)));
        }
        return Files.isDirectory(path) ? Optional.of(new Located(path, nameOf(path))) : Optional.empty();
    }

    private static Optional<Located> fetched(Hub hub, String wish) {
        return RepoId.parse(wish)
                .flatMap(repo -> hub.fetched(repo)
                        .filter(Snapshot::complete)
                        .map(directory -> new Located(directory, repo.path())));
    }

    private static UserError absent(String wish) {
        return new UserError(
                "model '" + wish + "' is neither a folder or GGUF file nor a repository that was fetched; fetch one"
                        + " with './yuebing pull ORG/NAME'");
    }

    /** Fetches a repository, with progress. */
    public Path pull(Hub hub, RepoId repo) throws InterruptedException {
        try (PullProgress progress = new PullProgress(out, terminal, repo + " from " + hub.label())) {
            return new Pull(hub, repo, progress, Patience.DEFAULT).run();
        }
    }

    /** The configured hub. */
    public Hub hub(Configuration configuration) {
        try {
            return switch (configuration.get(Settings.HUB_NAME)) {
                case "modelscope" -> ModelScopeHub.of(environment);
                default -> HuggingFaceHub.of(environment);
            };
        } catch (IOException e) {
            throw new UserError("cannot read the hub's token: " + e.getMessage(), e);
        }
    }

    private Located bundled() {
        Path demo = home.orElseThrow(() ->
                        new UserError("no model is configured; give one with --model, or use the launcher ./yuebing"))
                .resolve("models/demo");
        if (!Files.isDirectory(demo)) {
            throw new UserError("the bundled model is missing (" + demo + "); give a model with --model");
        }
        return new Located(demo, BUNDLED_NAME);
    }

    /** The folder's own name; the bundled model keeps its own wherever it is named from. */
    private String nameOf(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        boolean bundled = home.map(
                        path -> path.resolve("models/demo").normalize().equals(absolute))
                .orElse(false);
        return bundled || absolute.getFileName() == null
                ? BUNDLED_NAME
                : absolute.getFileName().toString();
    }
}
