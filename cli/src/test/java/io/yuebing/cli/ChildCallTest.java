package io.yuebing.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.cli.settings.Setting;
import io.yuebing.cli.settings.Settings;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChildCallTest {
    @Test
    void aCallIsReadAsItWasWritten() {
        Map<Setting<?>, String> settings = new LinkedHashMap<>();
        settings.put(Settings.MODEL_LOCATION, "/models/a=b c");
        settings.put(Settings.PORT, "8101");
        ChildCall call = new ChildCall(ChildCall.Kind.NODE, settings, true);
        String[] arguments = call.arguments().toArray(String[]::new);
        assertThat(arguments).containsExactly("child", "NODE", "model=/models/a=b c", "port=8101", "debug");
        assertThat(ChildCall.is(arguments)).isTrue();
        assertThat(ChildCall.parse(arguments)).isEqualTo(call);
    }

    @Test
    void otherCommandsAreNoCallOfAChild() {
        assertThat(ChildCall.is(new String[] {"node"})).isFalse();
        assertThat(ChildCall.is(new String[0])).isFalse();
    }
}
