package io.yuebing.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The programs of docs/LIBRARY.md do what it says. */
@Timeout(120)
class ExamplesTest {
    private static final String[] BUNDLED = {"../models/demo"};

    @FunctionalInterface
    private interface Program {
        void main(String[] args) throws Exception;
    }

    @Test
    void helloPrintsAnAnswer() throws Exception {
        assertThat(output(Hello::main)).isNotBlank();
    }

    @Test
    void aConversationDoesNotComputeItsBeginningAgain() throws Exception {
        assertThat(output(Conversation::main))
                .contains("user: What was it about?")
                .containsPattern("[1-9]\\d* of them computed before");
    }

    @Test
    void manyAtOnceContinuesEachBeginning() throws Exception {
        assertThat(output(ManyAtOnce::main).lines())
                .anySatisfy(line -> assertThat(line).startsWith("A king"));
    }

    @Test
    void tokenByTokenShowsProbabilities() throws Exception {
        assertThat(output(TokenByToken::main)).containsPattern("\\d %").contains("ended by ");
    }

    @Test
    void aToolIsCalledWithArgumentsOfItsSchema() throws Exception {
        assertThat(output(ToolCalling::main)).containsPattern("weather \\{\"city\": ?\"(Rome|Oslo)\"}");
    }

    @Test
    void bothAdaptersAnswer() throws Exception {
        assertThat(output(LangChain4jChat::main)).isNotBlank();
        assertThat(output(SpringAiChat::main).lines().count()).isGreaterThan(1);
    }

    private static String output(Program program) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            program.main(BUNDLED);
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
