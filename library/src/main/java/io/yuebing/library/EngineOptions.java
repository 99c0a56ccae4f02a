package io.yuebing.library;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How an engine runs. The defaults are those of the server, so both give the same tokens.
 *
 * @param threads threads that compute; default: the cores of the process
 * @param compute arithmetic of quantised matrix products; default: {@link ComputeMode#INT8}
 * @param kvType element type of the KV cache, {@code F32}, {@code BF16}, {@code F16} or {@code INT8}; default: {@code BF16}
 * @param maxModelLength most tokens of prompt and output together; default: the model's own limit
 * @param kvMemory bytes for the KV cache; default: for 16 sequences of full length, at most a quarter of the machine's memory
 * @param maxSequences sequences that run at once; default: 256
 * @param maxQueuedSequences sequences that wait beyond that before requests are refused; default: 1024
 * @param prefixCaching whether equal beginnings of prompts are computed once; default: true
 * @param toolCallParser how tool calls are read, as {@code --tool-call-parser} names it; default: as the chat template shows
 * @param reasoningParser how thoughts are read, as {@code --reasoning-parser} names it; default: as the chat template shows
 * @param weightCache folder in which repacked weights of large models are kept for later starts; default: none
 * @param crashDirectory folder in which steps that fail are kept for {@code yuebing replay}; default: none
 */
public record EngineOptions(
        int threads,
        ComputeMode compute,
        ElementType kvType,
        OptionalInt maxModelLength,
        OptionalLong kvMemory,
        int maxSequences,
        int maxQueuedSequences,
        boolean prefixCaching,
        Optional<String> toolCallParser,
        Optional<String> reasoningParser,
        Optional<Path> weightCache,
        Optional<Path> crashDirectory) {

    /** Begins with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects options. */
    public static final class Builder {
        private int threads = Runtime.getRuntime().availableProcessors();
        private ComputeMode compute = ComputeMode.INT8;
        private ElementType kvType = ElementType.BF16;
        private OptionalInt maxModelLength = OptionalInt.empty();
        private OptionalLong kvMemory = OptionalLong.empty();
        private int maxSequences = 256;
        private int maxQueuedSequences = 1024;
        private boolean prefixCaching = true;
        private Optional<String> toolCallParser = Optional.empty();
        private Optional<String> reasoningParser = Optional.empty();
        private Optional<Path> weightCache = Optional.empty();
        private Optional<Path> crashDirectory = Optional.empty();

        private Builder() {}

        /** Threads that compute, at least 1. */
        public Builder threads(int value) {
            threads = value;
            return this;
        }

        /** Arithmetic of quantised matrix products. */
        public Builder compute(ComputeMode value) {
            compute = value;
            return this;
        }

        /** Element type of the KV cache. */
        public Builder kvType(ElementType value) {
            kvType = value;
            return this;
        }

        /** Most tokens of prompt and output together, at most the model's own limit. */
        public Builder maxModelLength(int tokens) {
            maxModelLength = OptionalInt.of(tokens);
            return this;
        }

        /** Bytes for the KV cache, enough for one sequence of full length. */
        public Builder kvMemory(long bytes) {
            kvMemory = OptionalLong.of(bytes);
            return this;
        }

        /** Sequences that run at once, at least 1. */
        public Builder maxSequences(int value) {
            maxSequences = value;
            return this;
        }

        /** Sequences that wait before requests are refused. */
        public Builder maxQueuedSequences(int value) {
            maxQueuedSequences = value;
            return this;
        }

        /** Whether equal beginnings of prompts are computed once. */
        public Builder prefixCaching(boolean value) {
            prefixCaching = value;
            return this;
        }

        /** How tool calls are read: a name of vLLM's, such as {@code hermes}. */
        public Builder toolCallParser(String name) {
            toolCallParser = Optional.of(name);
            return this;
        }

        /** How thoughts are read: a name of vLLM's, such as {@code qwen3}. */
        public Builder reasoningParser(String name) {
            reasoningParser = Optional.of(name);
            return this;
        }

        /** Folder for repacked weights; at most 64 GiB of them are kept. */
        public Builder weightCache(Path directory) {
            weightCache = Optional.of(directory);
            return this;
        }

        /** Folder in which steps that fail are kept: token ids and settings, no text. */
        public Builder crashDirectory(Path directory) {
            crashDirectory = Optional.of(directory);
            return this;
        }

        /** The options; what is out of range is refused when an engine opens with them. */
        public EngineOptions build() {
            return new EngineOptions(
                    threads,
                    compute,
                    kvType,
                    maxModelLength,
                    kvMemory,
                    maxSequences,
                    maxQueuedSequences,
                    prefixCaching,
                    toolCallParser,
                    reasoningParser,
                    weightCache,
                    crashDirectory);
        }
    }
}
