package io.yuebing.dialect;

import io.yuebing.answer.AnswerReading;
import io.yuebing.answer.ThinkingTags;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvKeep;
import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.api.KvPull;
import io.yuebing.api.KvRendezvous;
import io.yuebing.api.KvTransfer;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.ThinkingBudget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;

/** Reads what completions and chat requests have in common and assembles sequences. */
final class AskReader {
    private static final String[] WITHOUT_EFFECT = {
        "user",
        "priority",
        "request_id",
        "store",
        "metadata",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "length_penalty",
        "verbosity"
    };

    private final ServedModel model;
    private final SurfaceOptions options;
    private final LongSupplier randomSeeds;
    private final UnknownFields unknownFields;
    private final OutputParsers parsers;

    AskReader(
            ServedModel model,
            SurfaceOptions options,
            LongSupplier randomSeeds,
            UnknownFields unknownFields,
            OutputParsers parsers) {
        this.model = model;
        this.options = options;
        this.randomSeeds = randomSeeds;
        this.unknownFields = unknownFields;
        this.parsers = parsers;
    }

    /** What differs between the two kinds of request. */
    record Kind(
            String idPrefix,
            String promptField,
            OptionalInt maxTokens,
            int logprobs,
            int promptLogprobs,
            boolean echo,
            OptionalInt bestOf,
            AnswerReading reading,
            Optional<OutputConstraint> constraint) {}

    ServedModel model() {
        return model;
    }

    OutputParsers parsers() {
        return parsers;
    }

    SurfaceOptions options() {
        return options;
    }

    /** The ids of a prompt, shortened if {@code truncate_prompt_tokens} asks for it: by default to its end. */
    Prompt truncated(RequestFields fields, Prompt prompt, OptionalInt maxTokens) {
        int limit = model.info().maxModelLength();
        OptionalInt asked = fields.integer("truncate_prompt_tokens", -1, limit);
        boolean keepsEnd = keepsEnd(fields);
        if (asked.isEmpty()) {
            return prompt;
        }
        int most = asked.getAsInt() >= 0 ? asked.getAsInt() : Math.max(1, limit - maxTokens.orElse(1));
        if (most == 0) {
            throw RequestFields.bad(
                    "truncate_prompt_tokens", "truncate_prompt_tokens must be -1 or in [1, " + limit + "], got 0");
        }
        int[] tokens = prompt.tokens();
        if (tokens.length <= most) {
            return prompt;
        }
        int from = keepsEnd ? tokens.length - most : 0;
        int[] kept = Arrays.copyOfRange(tokens, from, from + most);
        return new Prompt(kept, model.tokenizer().decode(kept, false));
    }

    private static boolean keepsEnd(RequestFields fields) {
        String side = fields.string("truncation_side").orElse("left");
        if (!side.equals("left") && !side.equals("right")) {
            throw RequestFields.bad(
                    "truncation_side",
                    "truncation_side must be left (the prompt loses its beginning) or right (its end), got " + side);
        }
        return side.equals("left");
    }

    /** Alternatives per token; ids listed in {@code logprob_token_ids} are asked for by that alone. */
    static int logprobs(RequestFields fields, OptionalInt asked) {
        return asked.orElse(fields.any("logprob_token_ids").isPresent() ? 0 : -1);
    }

    /** Reads every field that is left and makes the sequences. */
    Ask assemble(RequestFields fields, ApiExchange exchange, List<Prompt> prompts, Kind kind) {
        SamplingFields sampling = SamplingFields.read(fields, model, options);
        Ask.Delivery delivery = delivery(fields);
        OptionalInt askedPromptLogprobs = promptLogprobs(fields, delivery);
        OutputFormat format = format(fields, kind);
        OptionalInt thinkingTokens = thinkingTokens(fields);
        Optional<RequestFields> transferFields = fields.object("kv_transfer_params");
        Optional<KvLoadFailurePolicy> kvLoadFailure = transferFields.flatMap(WireFormat::kvLoadFailure);
        Optional<String> cacheSalt = cacheSalt(fields);
        String id = kind.idPrefix() + requestId(fields, exchange);
        BestOf best = bestOf(kind, sampling);
        int askedChoices = best.candidates();
        Optional<KvTransfer> kvTransfer = transferFields
                .filter(WireFormat::namesTransfer)
                .map(params -> WireFormat.kvTransfer(params, id, askedChoices));
        if (kvTransfer.filter(KvKeep.class::isInstance).isPresent()) {
            // what follows the first token is somebody else's
            sampling = sampling.ofPromptOnly();
            format = format.ofPromptOnly();
            best = new BestOf(1, 1);
        }
        requireNoPriority(fields);
        requireFewSequences(prompts.size(), best.candidates());
        requireOneReservation(kvTransfer, prompts.size(), best.candidates());
        fields.accept(WITHOUT_EFFECT);
        unknownFields.report(fields);

        int promptLogprobs = Math.max(askedPromptLogprobs.orElse(-1), kind.promptLogprobs());
        int logprobs = best.selects() ? Math.max(0, kind.logprobs()) : kind.logprobs();
        List<Sequence> sequences = new ArrayList<>();
        for (int number = 0; number < prompts.size(); number++) {
            Prompt prompt = prompts.get(number);
            Optional<KvTransfer> promptsTransfer = ofPrompt(kvTransfer, number, transferFields);
            int maxTokens = SamplingFields.outputTokens(
                    model.info(), prompt.tokens().length, kind.maxTokens(), kind.promptField());
            Optional<ThinkingBudget> thinking = thinking(thinkingTokens, prompt, kind);
            for (int choice = 0; choice < best.candidates(); choice++) {
                long seed = sampling.seed().isPresent()
                        ? Seeds.ofChoice(sampling.seed().getAsLong(), choice)
                        : randomSeeds.getAsLong();
                SamplingParams params = sampling.of(maxTokens, promptLogprobs, logprobs, thinking, seed);
                int index = sequences.size();
                GenerateRequest request = new GenerateRequest(
                        id + "-" + index,
                        prompt.tokens(),
                        new int[0],
                        params,
                        cacheSalt,
                        promptsTransfer,
                        kvLoadFailure,
                        kind.constraint());
                sequences.add(new Sequence(index, prompt, request));
            }
        }
        return new Ask(
                id,
                System.currentTimeMillis() / 1000,
                fields.string("model").orElse(model.info().name()),
                prompts,
                sequences,
                best,
                format,
                askedPromptLogprobs.orElse(-1),
                delivery);
    }

    /** @throws ServiceException 404 if the request names another model than the one served */
    void requireModel(RequestFields fields) {
        fields.string("model").ifPresent(this::requireModel);
    }

    void requireModel(String name) {
        if (!name.equals(model.info().name())) {
            throw new ServiceException(
                    ErrorCode.NOT_FOUND,
                    "The model `" + name + "` does not exist; this server has `"
                            + model.info().name() + "`.",
                    "model");
        }
    }

    private OptionalInt promptLogprobs(RequestFields fields, Ask.Delivery delivery) {
        OptionalInt asked = fields.integer("prompt_logprobs", 0, options.maxLogprobs());
        if (asked.isPresent() && delivery.stream()) {
            throw RequestFields.bad("prompt_logprobs", "prompt_logprobs cannot be used when stream is true");
        }
        return asked;
    }

    private static BestOf bestOf(Kind kind, SamplingFields sampling) {
        BestOf best = new BestOf(kind.bestOf().orElse(sampling.n()), sampling.n());
        if (best.selects() && sampling.params().build().isGreedy()) {
            throw RequestFields.bad(
                    "best_of",
                    "best_of must be n = " + best.kept() + " when using greedy sampling (temperature 0), got "
                            + best.candidates());
        }
        return best;
    }

    private OptionalInt thinkingTokens(RequestFields fields) {
        OptionalInt asked = fields.integer("thinking_token_budget", -1, Integer.MAX_VALUE);
        if (asked.isEmpty() || asked.getAsInt() == -1) {
            return OptionalInt.empty();
        }
        if (parsers.reasoning().isEmpty()) {
            throw RequestFields.bad(
                    "thinking_token_budget",
                    "thinking_token_budget needs a model whose thoughts are told apart from its answers; the server of `"
                            + model.info().name() + "` would have to be started with --reasoning-parser");
        }
        return asked;
    }

    /** A constraint needs to know where the thoughts end as much as a limit does, unless the prompt has ended them. */
    private Optional<ThinkingBudget> thinking(OptionalInt tokens, Prompt prompt, Kind kind) {
        boolean first = kind.constraint().isPresent() && kind.reading().mayThink(prompt.text());
        return tokens.isPresent() || first
                ? thinkingTags()
                        .map(tags -> tags.budget(tokens.orElse(Integer.MAX_VALUE), prompt.text(), kind.reading()))
                : Optional.empty();
    }

    private Optional<ThinkingTags> thinkingTags() {
        return parsers.reasoning().map(format -> new ThinkingTags(format, model.tokenizer()));
    }

    private static OutputFormat format(RequestFields fields, Kind kind) {
        // No tokenizer that is read here puts spaces between special tokens.
        fields.flag("spaces_between_special_tokens", true);
        return new OutputFormat(
                SamplingFields.stopStrings(fields),
                fields.flag("include_stop_str_in_output", false),
                fields.flag("skip_special_tokens", true),
                kind.logprobs(),
                fields.flag("return_tokens_as_token_ids", false),
                fields.flag("return_token_ids", false),
                kind.echo(),
                fields.integer("stream_interval", 1, Integer.MAX_VALUE).orElse(1),
                kind.reading());
    }

    private void requireFewSequences(int prompts, int n) {
        if ((long) prompts * n > options.maxSequences()) {
            throw RequestFields.bad(
                    "n",
                    "A request may start at most " + options.maxSequences() + " sequences, got " + prompts
                            + " prompts with " + n + " choices each");
        }
    }

    /** A reservation is for one sequence; a proxy that speaks vLLM's way may send several. */
    private static void requireOneReservation(Optional<KvTransfer> transfer, int prompts, int n) {
        if (transfer.filter(KvTransferParams.class::isInstance).isEmpty()) {
            return;
        }
        if (prompts > 1) {
            throw RequestFields.bad(
                    "kv_transfer_params",
                    "kv_transfer_params with a reservation needs one prompt, since it is for one sequence, got "
                            + prompts);
        }
        if (n > 1) {
            throw RequestFields.bad(
                    "kv_transfer_params",
                    "kv_transfer_params with a reservation needs n = 1, since it is for one sequence, got " + n);
        }
    }

    /**
     * The transfer of one of several prompts: under a {@code transfer_id} each has a name of its own, which both legs
     * count the same; an answer tells where one prompt is kept, so without it the first is, and the others are computed
     * by whoever needs them.
     */
    private static Optional<KvTransfer> ofPrompt(
            Optional<KvTransfer> transfer, int number, Optional<RequestFields> fields) {
        if (number == 0) {
            return transfer;
        }
        if (fields.flatMap(f -> f.string("transfer_id")).isEmpty()) {
            return Optional.empty();
        }
        return transfer.flatMap(whole -> switch (whole) {
            case KvKeep keep -> Optional.of(new KvKeep(keep.name() + "-" + number));
            case KvRendezvous meeting -> Optional.of(meeting.named(meeting.name() + "-" + number));
            case KvPull _, KvTransferParams _ -> Optional.empty();
        });
    }

    private static void requireNoPriority(RequestFields fields) {
        int priority =
                fields.integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE).orElse(0);
        if (priority != 0) {
            throw RequestFields.bad(
                    "priority", "priority must be 0, got " + priority + ": requests are served in order of arrival");
        }
    }

    private static Optional<String> cacheSalt(RequestFields fields) {
        Optional<String> salt = fields.string("cache_salt");
        salt.ifPresent(text -> {
            if (text.isEmpty() || text.length() > 1024) {
                throw RequestFields.bad(
                        "cache_salt", "cache_salt must have 1 to 1024 characters, got " + text.length());
            }
        });
        return salt;
    }

    private static String requestId(RequestFields fields, ApiExchange exchange) {
        if (exchange.header("X-Request-Id").filter(RequestIds::isSane).isPresent()) {
            return exchange.requestId();
        }
        return fields.string("request_id").filter(RequestIds::isSane).orElse(exchange.requestId());
    }

    private static Ask.Delivery delivery(RequestFields fields) {
        boolean stream = fields.flag("stream", false);
        Optional<RequestFields> streamOptions = fields.object("stream_options");
        if (!stream && streamOptions.isPresent()) {
            throw RequestFields.bad("stream_options", "stream_options is only allowed when stream is true");
        }
        return new Ask.Delivery(
                stream,
                streamOptions.map(o -> o.flag("include_usage", false)).orElse(false),
                streamOptions.map(o -> o.flag("continuous_usage_stats", false)).orElse(false));
    }
}
