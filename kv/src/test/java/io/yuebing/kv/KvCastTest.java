package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KvCastTest {
    private static final int[] BLOCK = {0};

    @Test
    void wideningAndNarrowingAgainGivesBackEveryValue() {
        for (ElementType narrow :
                List.of(ElementType.FP8_E4M3, ElementType.FP8_E5M2, ElementType.F16, ElementType.BF16)) {
            for (ElementType wide : ElementType.values()) {
                if (wide == narrow || !narrow.widensTo(wide)) {
                    continue;
                }
                int values = narrow.bytes() == 1 ? 256 : 65536;
                KvLayout from = rows(KnownLayout.FLASH_ATTENTION, values, narrow);
                KvLayout to = rows(KnownLayout.PAGED_ATTENTION, values, wide);
                MemorySegment in = memory(from);
                for (int i = 0; i < 2 * values; i++) {
                    if (narrow.bytes() == 1) {
                        in.set(ValueLayout.JAVA_BYTE, i, (byte) i);
                    } else {
                        in.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) i);
                    }
                }
                MemorySegment out = memory(to);
                MemorySegment back = memory(from);
                convert(from, in, to, out, Rounding.REFUSED, values);
                convert(to, out, from, back, Rounding.ALLOWED, values);
                for (int i = 0; i < values; i++) {
                    long at = (long) i * narrow.bytes();
                    float before = ElementCodec.read(narrow, in, at);
                    float after = ElementCodec.read(narrow, back, at);
                    // fp8 saturates, so an infinity of e5m2 comes back as the largest finite value
                    float expected = narrow == ElementType.FP8_E5M2 && Float.isInfinite(before)
                            ? Math.copySign(57344, before)
                            : before;
                    assertThat(after).as("%s %d by way of %s", narrow, i, wide).isEqualTo(Float.valueOf(expected));
                }
            }
        }
    }

    @Test
    void fp8HasTheValuesOfTheSpecification() {
        assertThat(fp8(ElementType.FP8_E4M3, 0x7E)).isEqualTo(448);
        assertThat(fp8(ElementType.FP8_E4M3, 0x01)).isEqualTo(0x1p-9f);
        assertThat(fp8(ElementType.FP8_E4M3, 0x08)).isEqualTo(0x1p-6f);
        assertThat(fp8(ElementType.FP8_E4M3, 0xB8)).isEqualTo(-1);
        assertThat(fp8(ElementType.FP8_E4M3, 0x7F)).isNaN();
        assertThat(fp8(ElementType.FP8_E5M2, 0x7B)).isEqualTo(57344);
        assertThat(fp8(ElementType.FP8_E5M2, 0x01)).isEqualTo(0x1p-16f);
        assertThat(fp8(ElementType.FP8_E5M2, 0x7C)).isInfinite();
        assertThat(fp8(ElementType.FP8_E5M2, 0xBC)).isEqualTo(-1);
    }

    @Test
    void narrowingRoundsToNearestAndTiesToEven() {
        assertThat(rounded(ElementType.BF16, 1 + 0x1p-8f)).isEqualTo(1);
        assertThat(rounded(ElementType.BF16, 1 + 3 * 0x1p-8f)).isEqualTo(1 + 0x1p-6f);
        assertThat(rounded(ElementType.FP8_E4M3, 1.0625f)).isEqualTo(1);
        assertThat(rounded(ElementType.FP8_E4M3, 1.1875f)).isEqualTo(1.25f);
        assertThat(rounded(ElementType.FP8_E4M3, 1.99f)).isEqualTo(2);
        assertThat(rounded(ElementType.FP8_E4M3, 1e9f)).isEqualTo(448);
        assertThat(rounded(ElementType.FP8_E5M2, Float.NaN)).isNaN();
    }

    @Test
    void int8RowsKeepTheirCodesAndScalesBetweenLayouts() {
        Random random = new Random(1);
        KvShape shape = new KvShape(Range.of(2), 3, 4, Range.of(2), 16, ElementType.INT8);
        KvLayout from = KnownLayout.NATIVE.layout(shape);
        KvDescriptor flash = KvDescriptor.parse("""
                {"layout": "flash_attention", "dtype": "int8", "num_blocks": 3, "block_size": 4, "kv_heads": 2,
                 "head_size": 16, "num_layers": 2,
                 "scales": {"dtype": "f32", "per": ["layer", "block", "kv", "head", "token"]}}""");
        KvLayout to = flash.ranks().getFirst();
        byte[] in = new byte[(int) from.byteSize()];
        random.nextBytes(in);
        MemorySegment there = memory(to);
        byte[] back = new byte[in.length];
        int[] blocks = {2, 0, 1};
        KvConversion.between(from, to, Rounding.REFUSED)
                .convert(one(from, MemorySegment.ofArray(in)), blocks, one(to, there), blocks, 12);
        KvConversion.between(to, from, Rounding.REFUSED)
                .convert(one(to, there), blocks, one(from, MemorySegment.ofArray(back)), blocks, 12);
        assertThat(back).isEqualTo(in);
    }

    @Test
    void quantisedRowsAreWithinHalfAStepOfTheirValues() {
        for (ElementType code : List.of(ElementType.INT8, ElementType.FP8_E4M3)) {
            for (int seed = 0; seed < 20; seed++) {
                Random random = new Random(seed);
                KvLayout from = rows(KnownLayout.FLASHINFER_NHD, 64, ElementType.F32);
                KvLayout to = KvDescriptor.parse("""
                        {"layout": "paged_attention", "dtype": "%s", "num_blocks": 1, "block_size": 4, "kv_heads": 1,
                         "head_size": 16, "scales": {"dtype": "f32", "per": ["layer", "block", "kv", "head", "token"]}}""".formatted(code.wireName()))
                        .ranks()
                        .getFirst();
                MemorySegment in = memory(from);
                for (long at = 0; at < in.byteSize(); at += 4) {
                    in.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) random.nextGaussian());
                }
                MemorySegment out = memory(to);
                convert(from, in, to, out, Rounding.ALLOWED, 64);
                float[] expected = new float[16];
                float[] actual = new float[16];
                for (KvSide side : List.of(KvSide.KEY, KvSide.VALUE)) {
                    new KvRows(one(from, in)).read(0, side, 0, 0, 3, expected);
                    new KvRows(one(to, out)).read(0, side, 0, 0, 3, actual);
                    float largest = 0;
                    for (float value : expected) {
                        largest = Math.max(largest, Math.abs(value));
                    }
                    // int8: half of 1/127 of the largest; e4m3: half of 2^-3 of the value itself
                    for (int i = 0; i < 16; i++) {
                        float half =
                                code == ElementType.INT8 ? largest / 254 : Math.max(Math.abs(expected[i]) / 16, 1e-4f);
                        assertThat(actual[i])
                                .as("seed %d %s %s", seed, code, side)
                                .isCloseTo(expected[i], within(half * 1.0001f));
                    }
                }
            }
        }
    }

    private static float fp8(ElementType type, int code) {
        return ElementCodec.read(type, MemorySegment.ofArray(new byte[] {(byte) code}), 0);
    }

    private static float rounded(ElementType type, float value) {
        MemorySegment memory = MemorySegment.ofArray(new byte[4]);
        ElementCodec.write(type, memory, 0, value);
        return ElementCodec.read(type, memory, 0);
    }

    /** One head of 16 channels, so many values of each side. */
    private static KvLayout rows(KnownLayout known, int values, ElementType type) {
        return known.layout(new KvShape(Range.of(1), 1, values / 16, Range.of(1), 16, type));
    }

    private static MemorySegment memory(KvLayout layout) {
        return MemorySegment.ofArray(new byte[Math.toIntExact(layout.byteSize())]);
    }

    private static KvTensors one(KvLayout layout, MemorySegment memory) {
        return new KvTensors(layout, List.of(memory));
    }

    private static void convert(
            KvLayout from, MemorySegment in, KvLayout to, MemorySegment out, Rounding rounding, int values) {
        KvConversion.between(from, to, rounding).convert(one(from, in), BLOCK, one(to, out), BLOCK, values / 16);
    }
}
