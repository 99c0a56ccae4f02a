package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.kernels.Activations;
import io.yuebing.model.json.JsonObject;

/** The function between the two products of a feed-forward part. */
public enum Activation {
    SILU {
        @Override
        void gate(float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int n) {
            Activations.siluMul(gate, gateAt, up, upAt, out, outAt, n);
        }
    },
    /** By its approximation with tanh. */
    GELU_TANH {
        @Override
        void gate(float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int n) {
            Activations.geluMul(gate, gateAt, up, upAt, out, outAt, n);
        }
    };

    /** {@code out = activation(gate) * up} for {@code n} values; {@code out} may be {@code gate}. */
    abstract void gate(float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int n);

    /** Reads transformers' name of a function. */
    static Activation read(JsonObject config, String field, Activation byDefault) {
        return config.text(field)
                .map(name -> switch (name) {
                    case "silu", "swish" -> SILU;
                    case "gelu_pytorch_tanh", "gelu_new" -> GELU_TANH;
                    default ->
                        throw new UserError(config.file() + ": " + field + " '" + name
                                + "' is not supported; supported: silu, gelu_pytorch_tanh");
                })
                .orElse(byDefault);
    }
}
