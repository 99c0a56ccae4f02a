package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AbandonedFilesTest {
    @TempDir
    private Path folder;

    /** Locks a file until it is killed. */
    static final class Owner {
        private Owner() {}

        public static void main(String[] arguments) throws IOException {
            try (FileChannel channel = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE)) {
                channel.lock();
                System.out.println("locked");
                System.in.read();
            }
        }
    }

    @Test
    void aRingIsSweptWhenItsOwnerHasBeenKilledAndNotBefore() throws IOException, InterruptedException {
        Path ring = Files.write(folder.resolve(ringName()), new byte[8192]);
        Process owner = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xint",
                        "-cp",
                        Path.of("target", "test-classes").toAbsolutePath().toString(),
                        Owner.class.getName(),
                        ring.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var said = owner.inputReader()) {
            assertThat(said.readLine()).isEqualTo("locked");
            assertThat(AbandonedFiles.sweep(folder)).isZero();
            assertThat(ring).exists();
        } finally {
            owner.destroyForcibly();
        }
        assertThat(owner.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(AbandonedFiles.sweep(folder)).isOne();
        assertThat(ring).doesNotExist();
    }

    @Test
    void onlyFilesNamedAsRingsAreSwept() throws IOException {
        Path ring = Files.createFile(folder.resolve(ringName()));
        Path other = Files.createFile(folder.resolve("yuebing-transfer-notes"));
        Path link = Files.createSymbolicLink(folder.resolve(ringName()), other);
        assertThat(AbandonedFiles.sweep(folder)).isOne();
        assertThat(ring).doesNotExist();
        assertThat(link).isSymbolicLink();
        assertThat(other).exists();
    }

    @Test
    void aRingOfThisProcessStaysUntilItIsUnlinked() throws IOException {
        try (RingFile ring = RingFile.create(4096)) {
            AbandonedFiles.sweep();
            RingFile.open(ring.offer()).close();
            ring.unlink();
            assertThat(SharedFile.FOLDERS)
                    .noneMatch(
                            folder -> Files.exists(folder.resolve(ring.offer().name())));
        }
    }

    private static String ringName() {
        return "yuebing-transfer-1-" + UUID.randomUUID();
    }
}
