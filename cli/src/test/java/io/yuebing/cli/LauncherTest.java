package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.cli.testing.TinyHttpServer;
import io.yuebing.cli.testing.TinyHttpServer.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the launcher in a folder with a space in its name, with a Maven and JDKs that only print what they are told. */
@Timeout(60)
class LauncherTest {
    private static final String FAKE_MAVEN = """
            #!/bin/sh
            echo "maven with $JAVA_HOME: $*" >>maven.calls
            [ ! -e fail ] || { echo '[ERROR] Foo.java:3 does not compile'; exit 1; }
            mkdir -p cli/target/app && touch cli/target/app/yuebing-cli.jar
            echo 'Tests run: 3, Failures: 0, Errors: 0, Skipped: 0'
            """;
    private static final String FAKE_JAVA = """
            #!/bin/sh
            case "$*" in
                *rehearse*) exit 0 ;;
            esac
            echo 'WARNING: Using incubator modules: jdk.incubator.vector' >&2
            echo 'yuebing: an error of the program' >&2
            echo "java $0"
            for argument; do echo "[$argument]"; done
            """;

    @TempDir
    private Path temporary;

    private Path home;
    private Path user;
    private final Map<String, String> environment = new TreeMap<>();

    private record Result(int exitCode, String out, String err) {}

    @BeforeEach
    void lay() throws IOException {
        home = Files.createDirectories(temporary.resolve("the program"));
        user = Files.createDirectories(temporary.resolve("user"));
        Files.copy(Path.of("..", "yuebing"), home.resolve("yuebing"));
        script(home.resolve("mvnw"), FAKE_MAVEN);
        write(home.resolve("pom.xml"), "");
        write(home.resolve(".mvn/jvm.config"), "");
        write(home.resolve("cli/src/main/launch/java.args"), "");
        environment.put("PATH", "/usr/bin:/bin");
        environment.put("HOME", user.toString());
        environment.put("YUEBING_JAVA_HOME", jdk("jdk", "25.0.1").toString());
    }

    @Test
    void theJdkThatIsNamedGoesBeforeAllOthers() throws Exception {
        environment.put("JAVA_HOME", jdk("other", "26").toString());
        assertThat(launch("config").out()).startsWith("java " + temporary.resolve("jdk/bin/java"));
    }

    @Test
    void aJavaHomeThatIsTooOldIsPassedOver() throws Exception {
        environment.remove("YUEBING_JAVA_HOME");
        environment.put("JAVA_HOME", jdk("old", "17.0.9").toString());
        environment.put("PATH", jdk("on path", "27-ea").resolve("bin") + ":/usr/bin:/bin");
        assertThat(launch("config").out()).startsWith("java " + temporary.resolve("on path/bin/java"));
    }

    @Test
    void aJavaOnThePathIsFoundThroughLinks() throws Exception {
        environment.remove("YUEBING_JAVA_HOME");
        Path links = Files.createDirectories(temporary.resolve("links"));
        Files.createSymbolicLink(links.resolve("java"), jdk("far away", "25").resolve("bin/java"));
        environment.put("PATH", links + ":/usr/bin:/bin");
        assertThat(launch("config").out()).startsWith("java " + temporary.resolve("far away/bin/java"));
    }

    @Test
    void aNamedJdkThatIsTooOldIsAnErrorThatSaysWhatWasFound() throws Exception {
        environment.put("YUEBING_JAVA_HOME", jdk("old", "21.0.4").toString());
        Result result = launch("config");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("expected a JDK 25 or later, found 21");
    }

    @Test
    void argumentsReachTheProgramAsTheyAreAndPathsStayRelativeToTheUsersFolder() throws Exception {
        Result result = launch("chat", "--system", "two words", "*", "");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("[-p]\n[" + home + "/cli/target/app]\n[-m]\n[io.yuebing.cli/io.yuebing.cli.Main]\n"
                        + "[chat]\n[--system]\n[two words]\n[*]\n[]\n")
                .doesNotContain("--add-modules");
    }

    @Test
    void commandsThatComputeGetTheEnginesModules() throws Exception {
        assertThat(launch("--debug", "--config", "my file", "serve").out())
                .contains("[--add-modules]\n[io.yuebing.node,jdk.incubator.vector]");
        assertThat(launch("serve", "--kernels", "scalar").out()).contains("[--add-modules]\n[io.yuebing.node]");
        write(home.resolve("kernels/target/classes/native/linux-x86_64/libyuebing_kernels.so"), "");
        assertThat(launch("serve").out()).contains("[--add-modules]\n[io.yuebing.node]");
        assertThat(launch("serve", "--kernels=java").out())
                .contains("[--add-modules]\n[io.yuebing.node,jdk.incubator.vector]");
        assertThat(launch("up").out()).doesNotContain("--add-modules");
    }

    @Test
    void aJdkWithoutTheVectorApiIsAnErrorOnlyWhereLoopsOfJavaCompute() throws Exception {
        Path release = Path.of(environment.get("YUEBING_JAVA_HOME"), "release");
        String known = Files.readString(release);
        write(release, known + "MODULES=\"java.base jdk.compiler\"\n");
        Result result = launch("serve");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err())
                .contains("lacks the module jdk.incubator.vector")
                .contains("YUEBING_JAVA_HOME");
        assertThat(launch("serve", "--kernels", "scalar").exitCode()).isZero();
        assertThat(launch("up").exitCode()).isZero();
        write(release, known + "MODULES=\"java.base jdk.compiler jdk.incubator.vector\"\n");
        assertThat(launch("serve").exitCode()).isZero();
    }

    @Test
    void theNoticeAboutTheVectorModuleIsHiddenAndNothingElseIs() throws Exception {
        launch("build");
        assertThat(launch("serve").err()).isEqualTo("yuebing: an error of the program\n");
    }

    @Test
    void theProgramIsBuiltOnceAndAgainWhenASourceChanges() throws Exception {
        launch("config");
        launch("config");
        assertThat(mavenCalls()).hasSize(1).first().asString().contains("-Dquick", "package");
        Path source = write(home.resolve("cli/src/main/java/Main.java"), "");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
        launch("config");
        assertThat(mavenCalls()).hasSize(2);
    }

    @Test
    void aFailedBuildShowsTheErrorsAndIsTriedAgain() throws Exception {
        write(home.resolve("fail"), "");
        Result failed = launch("config");
        assertThat(failed.exitCode()).isEqualTo(1);
        assertThat(failed.err()).contains("[ERROR] Foo.java:3 does not compile").contains("build.log");
        Files.delete(home.resolve("fail"));
        assertThat(launch("config").exitCode()).isZero();
        assertThat(home.resolve(".cache/build.lock")).doesNotExist();
    }

    @Test
    void theLockOfABuildThatDiedIsTakenOver() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        write(home.resolve(".cache/build.lock/owner"), dead.pid() + "\n");
        assertThat(launch("config").exitCode()).isZero();
    }

    @Test
    void testRunsAllChecksAndEndsWithTheResultsAndExitCodeOfMaven() throws Exception {
        Result result = launch("test", "-Dtest=Foo");
        assertThat(result.exitCode()).isZero();
        assertThat(mavenCalls()).hasSize(1).first().asString().endsWith("-B verify -Dtest=Foo");
        assertThat(result.err()).contains("surefire-reports");
        assertThat(result.out()).endsWith("Tests run: 3, Failures: 0, Errors: 0, Skipped: 0\n");
        write(home.resolve("fail"), "");
        assertThat(launch("test").exitCode()).isEqualTo(1);
    }

    @Test
    void withoutAJdkOneIsFetchedAndItsChecksumVerified() throws Exception {
        byte[] archive = jdkArchive();
        String sum =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(archive));
        try (TinyHttpServer adoptium = adoptium(archive, sum)) {
            withoutJdk(adoptium);
            Result result = launch("config");
            assertThat(result.err()).contains("fetching Temurin 25");
            assertThat(result.out()).startsWith("java " + temporary.resolve("xdg/yuebing/jdk/jdk-25.0.1+8/bin/java"));
            int asked = adoptium.requests().size();
            assertThat(launch("config").exitCode()).isZero();
            assertThat(adoptium.requests()).hasSize(asked);
        }
    }

    @Test
    void aJdkThatArrivesDamagedIsNotUsed() throws Exception {
        try (TinyHttpServer adoptium = adoptium(jdkArchive(), "0".repeat(64))) {
            withoutJdk(adoptium);
            Result result = launch("config");
            assertThat(result.exitCode()).isEqualTo(2);
            assertThat(result.err())
                    .contains("arrived damaged: expected SHA-256 000")
                    .contains("Install one");
            assertThat(temporary.resolve("xdg/yuebing/jdk")).isEmptyDirectory();
        }
    }

    /** A PATH with everything but Java, so that this machine's own JDKs do not count. */
    private void withoutJdk(TinyHttpServer adoptium) throws IOException {
        environment.remove("YUEBING_JAVA_HOME");
        environment.put("YUEBING_JDK_FOLDERS", temporary.resolve("no jvm").toString());
        environment.put("YUEBING_ADOPTIUM_API", adoptium.uri().toString());
        environment.put("XDG_CACHE_HOME", temporary.resolve("xdg").toString());
        Path tools = Files.createDirectories(temporary.resolve("tools"));
        for (String tool : List.of(
                "sh",
                "cat",
                "sed",
                "head",
                "dirname",
                "basename",
                "readlink",
                "find",
                "mkdir",
                "rm",
                "mv",
                "touch",
                "date",
                "sleep",
                "uname",
                "mktemp",
                "curl",
                "tr",
                "awk",
                "cut",
                "sha256sum",
                "tar",
                "gzip",
                "grep",
                "tail")) {
            Path real = Path.of("/usr/bin", tool);
            script(
                    tools.resolve(tool),
                    "#!/bin/sh\nexec " + (Files.exists(real) ? real : Path.of("/bin", tool)) + " \"$@\"\n");
        }
        environment.put("PATH", tools.toString());
    }

    private static TinyHttpServer adoptium(byte[] archive, String sum) throws IOException {
        return TinyHttpServer.start(request -> {
            if (request.path().startsWith("/v3/assets/latest/25/hotspot")) {
                String host = "http://" + request.headers().get("host");
                return Reply.of(200, """
                        [{"binary": {
                            "installer": {"checksum": "ffff", "link": "%1$s/installer.pkg"},
                            "package": {
                              "checksum": "%2$s", "checksum_link": "%1$s/jdk.tar.gz.sha256.txt",
                              "link": "%1$s/jdk.tar.gz", "name": "jdk.tar.gz", "size": 1}},
                          "version": {"semver": "25.0.1+8"}}]
                        """.formatted(host, sum));
            }
            return new Reply(200, Map.of(), archive, -1);
        });
    }

    private byte[] jdkArchive() throws Exception {
        Path folder = jdk("jdk-25.0.1+8", "25.0.1");
        Path archive = temporary.resolve("jdk.tar.gz");
        Process tar = new ProcessBuilder(
                        "tar",
                        "-czf",
                        archive.toString(),
                        "-C",
                        temporary.toString(),
                        folder.getFileName().toString())
                .start();
        assertThat(tar.waitFor()).isZero();
        return Files.readAllBytes(archive);
    }

    private Path jdk(String name, String version) throws IOException {
        Path folder = temporary.resolve(name);
        script(folder.resolve("bin/java"), FAKE_JAVA);
        script(folder.resolve("bin/javac"), "#!/bin/sh\n");
        write(folder.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        return folder;
    }

    private Result launch(String... arguments) throws IOException, InterruptedException {
        Path out = temporary.resolve("out");
        List<String> command =
                new ArrayList<>(List.of("/bin/sh", home.resolve("yuebing").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(user.toFile()).redirectOutput(out.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), Files.readString(out), err);
    }

    private List<String> mavenCalls() throws IOException {
        return Files.readAllLines(home.resolve("maven.calls"));
    }

    private static Path write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private static void script(Path file, String text) throws IOException {
        write(file, text);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }
}
