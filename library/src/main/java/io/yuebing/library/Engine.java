package io.yuebing.library;

import io.yuebing.answer.ThinkingTags;
import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.Generator;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.ThinkingBudget;
import io.yuebing.api.TokenStream;
import io.yuebing.api.UserError;
import io.yuebing.engine.CrashDumps;
import io.yuebing.engine.EngineConfig;
import io.yuebing.engine.KvSizing;
import io.yuebing.engine.MachineMemory;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.Vocabulary;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.Models;
import io.yuebing.text.ChatTemplate;
import io.yuebing.text.TemplateException;
import io.yuebing.text.TextFiles;
import io.yuebing.text.Tokenizer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A language model in this process.
 *
 * <pre>{@code
 * try (var engine = Engine.open(Path.of("models/demo"))) {
 *     engine.generate(Request.chat(Message.user("What is 7 + 5?"))).forEach(System.out::print);
 * }
 * }</pre>
 *
 * <p>All methods may be called by any thread; requests of several threads are computed together. A sequence's tokens do not
 * depend on what else is computed.
 */
public final class Engine implements Generator, AutoCloseable {
    private static final int BLOCK_SIZE = 16;
    private static final int TOKENS_PER_STEP = 512;
    private static final long WEIGHT_CACHE_BYTES = 64L << 30;

    private final ModelInfo info;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final Optional<ToolFormat> toolFormat;
    private final Optional<ReasoningFormat> reasoningFormat;
    private final CausalLm model;
    private final io.yuebing.engine.Engine engine;
    private final AtomicLong requests = new AtomicLong();

    private Engine(
            ModelInfo info,
            Tokenizer tokenizer,
            Optional<ChatTemplate> template,
            Optional<ToolFormat> toolFormat,
            Optional<ReasoningFormat> reasoningFormat,
            CausalLm model,
            io.yuebing.engine.Engine engine) {
        this.info = info;
        this.tokenizer = tokenizer;
        this.template = template;
        this.toolFormat = toolFormat;
        this.reasoningFormat = reasoningFormat;
        this.model = model;
        this.engine = engine;
    }

    /**
     * Loads a model with the default options.
     *
     * @param model a folder in the form of the Hugging Face hub, or a GGUF file
     * @throws UserError if it cannot be loaded; the message says what is wrong with which file
     */
    public static Engine open(Path model) {
        return open(model, EngineOptions.builder().build());
    }

    /**
     * Loads a model.
     *
     * @param model a folder in the form of the Hugging Face hub, or a GGUF file
     * @throws UserError if it cannot be loaded or the options do not fit it
     */
    public static Engine open(Path model, EngineOptions options) {
        if (options.threads() < 1) {
            throw new UserError("The number of threads must be at least 1, got " + options.threads() + ".");
        }
        TextFiles text = TextFiles.of(model);
        Optional<ChatTemplate> template = ChatTemplate.load(text);
        Optional<String> source = template.map(ChatTemplate::source);
        Optional<ToolFormat> toolFormat = options.toolCallParser()
                .map(name -> known("toolCallParser", name, ToolFormat.named(name), ToolFormat.allNames()))
                .or(() -> source.flatMap(ToolFormat::ofTemplate));
        Optional<ReasoningFormat> reasoningFormat = options.reasoningParser()
                .map(name -> known("reasoningParser", name, ReasoningFormat.named(name), ReasoningFormat.allNames()))
                .or(() -> source.flatMap(ReasoningFormat::ofTemplate));
        Tokenizer tokenizer = Tokenizer.load(text);
        CausalLm loaded = null;
        Engine opened = null;
        try {
            loaded = Models.load(
                    model,
                    new Models.LoadOptions(
                            options.compute(),
                            options.threads(),
                            Models.ProgressListener.NONE,
                            options.weightCache().map(dir -> new Models.CacheOptions(dir, WEIGHT_CACHE_BYTES, false)),
                            options.maxModelLength().stream().boxed().findFirst()));
            int words = Math.min(tokenizer.size(), loaded.config().vocabSize());
            io.yuebing.engine.Engine engine = io.yuebing.engine.Engine.start(
                    loaded,
                    config(loaded, options),
                    crashDumps(model, options),
                    Optional.of(new ConstraintCompiler(
                            shown -> new Vocabulary(words, id -> tokenizer.answerBytes(id, shown)))));
            opened = new Engine(
                    info(model, loaded, engine), tokenizer, template, toolFormat, reasoningFormat, loaded, engine);
            return opened;
        } finally {
            if (opened == null) {
                if (loaded != null) {
                    loaded.close();
                }
                tokenizer.close();
            }
        }
    }

    private static <T> T known(String option, String name, Optional<T> found, List<String> names) {
        return found.orElseThrow(
                () -> new UserError(option + " must be one of " + String.join(", ", names) + ", got " + name + "."));
    }

    private static EngineConfig config(CausalLm model, EngineOptions options) {
        int limit = model.config().maxPositions();
        int maxLength = options.maxModelLength().orElse(limit);
        if (maxLength < 1 || maxLength > limit) {
            throw new UserError("maxModelLength " + maxLength + " does not fit the model, which has " + limit
                    + " positions; choose 1 to " + limit + ".");
        }
        KvSizing.Need need = KvSizing.Need.of(model, BLOCK_SIZE, options.kvType(), maxLength, TOKENS_PER_STEP);
        Optional<Long> memory = options.kvMemory().stream().boxed().findFirst();
        KvSizing kv = KvSizing.choose(Optional.empty(), memory, need, MachineMemory.total());
        return new EngineConfig(
                BLOCK_SIZE,
                kv.blocks(),
                TOKENS_PER_STEP,
                options.maxSequences(),
                options.maxQueuedSequences(),
                maxLength,
                options.kvType(),
                options.prefixCaching(),
                "0");
    }

    private static CrashDumps crashDumps(Path model, EngineOptions options) {
        String compute = options.compute().name().toLowerCase(Locale.ROOT);
        return options.crashDirectory()
                .map(directory -> CrashDumps.in(directory, model.toString(), compute, InstantSource.system()))
                .orElse(CrashDumps.NONE);
    }

    private static ModelInfo info(Path path, CausalLm model, io.yuebing.engine.Engine engine) {
        ModelConfig config = model.config();
        return new ModelInfo(
                path.toAbsolutePath().normalize().getFileName().toString(),
                engine.limits().maxModelLength(),
                config.vocabSize(),
                config.eosTokenIds(),
                config.generation(),
                engine.cache().layout().fingerprint());
    }

    /**
     * Begins to generate.
     *
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} if a parameter is out of range, the prompt does not fit into
     *     the context, the chat template refuses the messages, or tools or the constraint cannot be kept; {@link ErrorCode#OVERLOADED} if too many requests wait;
     *     {@link ErrorCode#UNAVAILABLE} if the engine is closed
     */
    public Generation generate(Request request) {
        AnswerPlan plan = AnswerPlan.of(request, toolFormat, reasoningFormat);
        String text = text(request);
        int[] prompt = tokens(request.prompt(), text);
        int room = info.maxModelLength() - prompt.length;
        if (room < 1) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "The prompt has " + prompt.length + " tokens, but prompt and output together can have at most "
                            + info.maxModelLength() + "; shorten the prompt.",
                    "prompt");
        }
        GenerateRequest sequence = GenerateRequest.of(
                        "library-" + requests.incrementAndGet(),
                        prompt,
                        request.sampling(defaults().maxTokens(room).thinkingBudget(thinking(request, plan, text))))
                .withConstraint(plan.constraint());
        return new Generation(
                engine.generate(sequence),
                sequence,
                info.eosTokenIds(),
                tokenizer,
                request.stop(),
                plan.reading(),
                text);
    }

    /** A constraint needs to know where the thoughts end as much as a limit does. */
    private Optional<ThinkingBudget> thinking(Request request, AnswerPlan plan, String prompt) {
        OptionalInt tokens = request.thinkingTokens();
        if (tokens.isPresent() && reasoningFormat.isEmpty()) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "The thoughts of " + info.name()
                            + " cannot be limited, because its chat template shows none; open it with a reasoningParser.",
                    "thinking_token_budget");
        }
        boolean first = plan.constraint().isPresent() && plan.reading().mayThink(prompt);
        return tokens.isPresent() || first
                ? reasoningFormat.map(format -> new ThinkingTags(format, tokenizer)
                        .budget(tokens.orElse(Integer.MAX_VALUE), prompt, plan.reading()))
                : Optional.empty();
    }

    /**
     * Begins to generate on the level of tokens: no template, no text, no stop strings, no defaults.
     *
     * @throws ServiceException as {@link #generate(Request)}
     */
    @Override
    public TokenStream generate(GenerateRequest request) {
        return engine.generate(request);
    }

    private SamplingParams.Builder defaults() {
        GenerationDefaults own = info.generation();
        return SamplingParams.builder()
                .temperature(own.temperature().orElse(1.0))
                .topP(own.topP().orElse(1.0))
                .topK(own.topK().orElse(0))
                .minP(own.minP().orElse(0.0))
                .repetitionPenalty(own.repetitionPenalty().orElse(1.0))
                .seed(ThreadLocalRandom.current().nextLong());
    }

    /** The prompt's text; empty where it comes as tokens. */
    private String text(Request request) {
        return switch (request.prompt()) {
            case Request.Prompt.Text text -> text.text();
            case Request.Prompt.Chat chat -> render(chat, request.toolUse());
            case Request.Prompt.Tokens tokens -> "";
        };
    }

    private int[] tokens(Request.Prompt prompt, String text) {
        return switch (prompt) {
            case Request.Prompt.Text given -> tokenizer.encode(text, true);
            case Request.Prompt.Chat chat -> tokenizer.encode(text, false);
            case Request.Prompt.Tokens tokens -> tokens.ids();
        };
    }

    private String render(Request.Prompt.Chat chat, ToolUse tools) {
        ChatTemplate known = template.orElseThrow(() -> new ServiceException(
                ErrorCode.INVALID_REQUEST,
                "The model " + info.name() + " has no chat template; use Request.prompt instead.",
                "messages"));
        List<Map<String, Object>> messages =
                chat.messages().stream().map(Message::forTemplate).toList();
        try {
            return known.render(messages, tools.forTemplate(), true, chat.templateArguments());
        } catch (TemplateException e) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "The chat template of " + info.name() + " refuses these messages: " + e.getMessage(),
                    "messages",
                    e);
        }
    }

    /** The model's name, context length, vocabulary, end-of-sequence ids and sampling defaults. */
    public ModelInfo info() {
        return info;
    }

    /** Text to token ids and back; closed with the engine. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Ends what is being generated, with {@link io.yuebing.api.FinishReason#ABORT}, and gives all memory back. */
    @Override
    public void close() {
        engine.close();
        model.close();
        tokenizer.close();
    }
}
