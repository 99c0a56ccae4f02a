package io.yuebing.cli.hub;

import java.util.List;
import java.util.Set;

/** Chooses, among the files of a repository, those that serving needs. */
final class NeededFiles {
    private static final Set<String> NAMES = Set.of(
            "config.json",
            "generation_config.json",
            "quantize_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            "chat_template.json");

    private NeededFiles() {}

    /** Files of the top folder that are configuration, text processing or safetensors weights. */
    static List<RemoteFile> of(List<RemoteFile> files) {
        return files.stream().filter(file -> needed(file.path())).toList();
    }

    private static boolean needed(String path) {
        return !path.contains("/")
                && (NAMES.contains(path)
                        || path.endsWith(".safetensors")
                        || path.endsWith(".safetensors.index.json")
                        || path.endsWith(".model"));
    }
}
