package io.yuebing.examples;

import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.TokenLogprob;
import io.yuebing.api.TokenStream;
import io.yuebing.library.Engine;

/** Works with token ids instead of text, and shows what else the model thought likely. */
public final class TokenByToken {
    private TokenByToken() {}

    public static void main(String[] args) throws InterruptedException {
        try (var engine = Engine.open(Models.of(args))) {
            int[] prompt = engine.tokenizer().encode("Once upon a", true);
            SamplingParams sampling = SamplingParams.builder()
                    .temperature(0)
                    .maxTokens(5)
                    .logprobs(3)
                    .build();
            try (TokenStream stream = engine.generate(GenerateRequest.of("example", prompt, sampling))) {
                while (true) {
                    switch (stream.next()) {
                        case GenerateEvent.PromptDone done -> System.out.println(prompt.length + " tokens of prompt");
                        case GenerateEvent.Token token -> {
                            for (TokenLogprob likely : token.token().top()) {
                                System.out.printf(
                                        "%6.1f %% %s  ",
                                        100 * Math.exp(likely.logprob()),
                                        engine.tokenizer().tokenText(likely.id()));
                            }
                            System.out.println();
                        }
                        case GenerateEvent.Finished finished -> {
                            System.out.println("ended by " + finished.reason());
                            return;
                        }
                    }
                }
            }
        }
    }
}
