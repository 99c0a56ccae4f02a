package io.yuebing.cli.kv;

import io.yuebing.api.UserError;
import io.yuebing.cli.hub.Amounts;
import io.yuebing.kv.KvShards;
import io.yuebing.kv.Rounding;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/** The conversion of raw KV cache files: everything is checked before the first byte is written. */
public final class FileConversion {
    private final CacheFiles inputs;
    private final CacheFiles outputs;
    private final KvShards shards;
    private final BlockIds blocks;
    private final String route;

    private FileConversion(CacheFiles inputs, CacheFiles outputs, KvShards shards, BlockIds blocks, String route) {
        this.inputs = inputs;
        this.outputs = outputs;
        this.shards = shards;
        this.blocks = blocks;
        this.route = route;
    }

    /**
     * Checks layouts, blocks and files.
     *
     * @param files inputs rank by rank, then outputs rank by rank
     * @throws UserError with a sentence that names both sides and the field
     */
    public static FileConversion plan(
            LayoutFile from, LayoutFile to, List<Path> files, Rounding rounding, BlockIds.Choice choice) {
        int in = from.descriptor().files();
        int out = to.descriptor().files();
        if (files.size() != in + out) {
            throw new UserError("expected " + count(in, "input file") + " for " + from.path() + " and "
                    + count(out, "output file") + " for " + to.path() + ", got " + count(files.size(), "file"));
        }
        KvShards.refusal(from.descriptor().ranks(), to.descriptor().ranks(), rounding)
                .ifPresent(refusal -> refuse(from, to, refusal));
        BlockIds blocks = BlockIds.of(choice, from, to);
        checkDistinct(files, in);
        CacheFiles inputs = new CacheFiles(from, files.subList(0, in));
        CacheFiles outputs = new CacheFiles(to, files.subList(in, in + out));
        inputs.checkInputs();
        outputs.checkOutputs();
        KvShards shards =
                KvShards.between(from.descriptor().ranks(), to.descriptor().ranks(), rounding);
        return new FileConversion(
                inputs,
                outputs,
                shards,
                blocks,
                from.descriptor().summary() + " to " + to.descriptor().summary());
    }

    private static void refuse(LayoutFile from, LayoutFile to, KvShards.Refusal refusal) {
        String hint = refusal.difference().field().startsWith("element type") ? "; --allow-rounding converts it" : "";
        throw new UserError("the layouts do not hold the same cache: "
                + refusal.difference().between(from.side(refusal.from()), to.side(refusal.to())) + hint);
    }

    private static String count(int count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    private static void checkDistinct(List<Path> files, int inputs) {
        for (int i = inputs; i < files.size(); i++) {
            for (int j = 0; j < i; j++) {
                Path a = files.get(i);
                Path b = files.get(j);
                if (a.toAbsolutePath().normalize().equals(b.toAbsolutePath().normalize()) || sameFile(a, b)) {
                    throw new UserError("the output " + a + " is also " + (j < inputs ? "an input" : "another output")
                            + "; name another file");
                }
            }
        }
    }

    private static boolean sameFile(Path a, Path b) {
        try {
            return Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
        } catch (IOException e) {
            throw new UserError(a + " cannot be read: " + e, e);
        }
    }

    /** Bytes that will be written. */
    public long bytes() {
        return shards.bytes(blocks.tokens());
    }

    /** Converts; files that it created are removed if it does not succeed. */
    public void run(LongConsumer progress) {
        List<Path> created = new ArrayList<>();
        boolean done = false;
        try (Arena arena = Arena.ofConfined()) {
            shards.convert(
                    inputs.read(arena),
                    blocks.from(),
                    outputs.write(arena, created),
                    blocks.to(),
                    blocks.tokens(),
                    progress);
            done = true;
        } catch (InternalError e) {
            // the JVM's word for a mapped page that cannot be read or written
            throw new UserError(
                    "a file cannot be read or written to its end; is the disk full, or was a file cut short?", e);
        } finally {
            if (!done) {
                created.forEach(FileConversion::remove);
            }
        }
    }

    private static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UserError("the incomplete output " + path + " cannot be removed: " + e, e);
        }
    }

    /** One line about what was done. */
    public String summary() {
        String rest = shards.uncovered() == 0
                ? ""
                : "; " + shards.uncovered() + " pairs of layer and KV head that no input holds were left as they were";
        return "converted " + blocks.tokens() + " token slots, " + Amounts.bytes(bytes()) + ", from " + route + rest;
    }
}
