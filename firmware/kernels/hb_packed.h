/* Products of widened activations and packed weights, which are bytes in flash: one SXTB16 serves four weights.
 *
 * A quad is four terms of a sum. Of its weights w0 to w3 halfwords 256 * w0 + w1 and 256 * w2 + w3 make one word; of
 * its activations, bytes x0 to x3, one word is (x0, x2), and one is what they are with the even bytes b turned into
 * 127 - b, an exclusive or: (256 * x1 + 127 - x0, 256 * x3 + 127 - x2). As
 *
 *     (256 * w0 + w1) * x0 + w1 * (256 * x1 + 127 - x0) = 256 * (w0 * x0 + w1 * x1) + 127 * w1
 *
 * a word of weights is multiplied as it is with the first word of activations, and its even bytes, sign-extended, with
 * the second one. The bias makes good what is left over, as it does the input's zero point. Sums hold 256 times their
 * value, modulo 2^32.
 *
 * Weights lie in flash by pairs of output channels: a word of the first one's quad, then one of the second one's.
 */
#ifndef HB_PACKED_H
#define HB_PACKED_H

#include "hb_dsp.h"

/* Four activations; their words go `step` apart. */
HB_KERNEL void hb_widen_quad(uint32_t bytes, uint32_t *wide, int32_t step)
{
    wide[0] = hb_sxtb16(bytes);
    wide[step] = bytes ^ 0x007f007f;
}

/* Requantization as in hb_dsp.h; the bias is part of the sum, and in two instructions the shift is one more. */
HB_KERNEL hb_dsp_channel hb_packed_channel_of(int32_t bias, int32_t multiplier, int32_t shift, int32_t output_offset)
{
    hb_dsp_channel channel = hb_dsp_channel_of(0, multiplier, shift, output_offset);
    channel.bias = bias;
    return channel;
}

HB_KERNEL hb_dsp_channel hb_packed_staircase_of(int32_t bias, int32_t multiplier, int32_t nudge)
{
    return (hb_dsp_channel){bias, multiplier, 2 * HB_STAIRCASE_ADDEND + nudge, HB_STAIRCASE_SHIFT + 1};
}

HB_KERNEL int8_t hb_packed_output(int32_t sum, hb_dsp_channel channel, int staircase)
{
    const int32_t scaled = hb_smmla(sum, channel.multiplier, channel.addend) >> channel.shift;
    return staircase ? (int8_t)hb_saturate8(scaled) : hb_dsp_output(sum >> 7, channel);
}

/* Blocks of four pixels, or one block of one to three: of each quad the first words of all its pixels, then the second
 * ones. */
typedef struct {
    const uint32_t *pixels;
    int32_t blocks, lanes, quads;
} hb_quads;

/* 32 products in 32 cycles on a Cortex-M4: ten loads in four groups, which pipeline, two SXTB16, 16 SMLAD. Registers:
 * eight sums, two words of weights, two of activations, two pointers, which are one word low: all fourteen. `mark` is !
 * where the pointers go on to the next round. */
#define HB_QUAD_2X4(mark)                                                                                              \
    "ldr.w %[w0], [%[weights], #8 * hb_quad + 4]\n"                                                                    \
    "ldr.w %[w1], [%[weights], #8 * hb_quad + 8]" mark "\n"                                                            \
    "ldr.w %[x0], [%[pixels], #32 * hb_quad + 4]\n"                                                                    \
    "ldr.w %[x1], [%[pixels], #32 * hb_quad + 8]\n"                                                                    \
    "smlad %[a0], %[x0], %[w0], %[a0]\n"                                                                               \
    "smlad %[b0], %[x0], %[w1], %[b0]\n"                                                                               \
    "smlad %[a1], %[x1], %[w0], %[a1]\n"                                                                               \
    "smlad %[b1], %[x1], %[w1], %[b1]\n"                                                                               \
    "ldr.w %[x0], [%[pixels], #32 * hb_quad + 12]\n"                                                                   \
    "ldr.w %[x1], [%[pixels], #32 * hb_quad + 16]\n"                                                                   \
    "smlad %[a2], %[x0], %[w0], %[a2]\n"                                                                               \
    "smlad %[b2], %[x0], %[w1], %[b2]\n"                                                                               \
    "smlad %[a3], %[x1], %[w0], %[a3]\n"                                                                               \
    "smlad %[b3], %[x1], %[w1], %[b3]\n"                                                                               \
    "sxtb16.w %[w0], %[w0]\n"                                                                                          \
    "sxtb16.w %[w1], %[w1]\n"                                                                                          \
    "ldr.w %[x0], [%[pixels], #32 * hb_quad + 20]\n"                                                                   \
    "ldr.w %[x1], [%[pixels], #32 * hb_quad + 24]\n"                                                                   \
    "smlad %[a0], %[x0], %[w0], %[a0]\n"                                                                               \
    "smlad %[b0], %[x0], %[w1], %[b0]\n"                                                                               \
    "smlad %[a1], %[x1], %[w0], %[a1]\n"                                                                               \
    "smlad %[b1], %[x1], %[w1], %[b1]\n"                                                                               \
    "ldr.w %[x0], [%[pixels], #32 * hb_quad + 28]\n"                                                                   \
    "ldr.w %[x1], [%[pixels], #32 * hb_quad + 32]" mark "\n"                                                           \
    "smlad %[a2], %[x0], %[w0], %[a2]\n"                                                                               \
    "smlad %[b2], %[x0], %[w1], %[b2]\n"                                                                               \
    "smlad %[a3], %[x1], %[w0], %[a3]\n"                                                                               \
    "smlad %[b3], %[x1], %[w1], %[b3]\n"                                                                               \
    ".set hb_quad, hb_quad + 1\n"

/* Quads of a round, 112 bytes of code each; the first round is entered where as many are left as do not fill rounds. */
#define HB_ROUND 7

/* The register x0 holds the multiplier, x1 the addend, w0 the shift. */
#define HB_PACKED_ASM(sum) "asr.w %[" sum "], %[" sum "], #7\n" HB_REQUANTIZE_ASM(sum)

#define HB_PACKED_REQUANTIZE                                                                                           \
    "ldr.w %[x0], %[multiplier_a]\n"                                                                                   \
    "ldr.w %[x1], %[addend_a]\n"                                                                                       \
    "ldr.w %[w0], %[shifts]\n" HB_PACKED_ASM("a0") HB_PACKED_ASM("a1") HB_PACKED_ASM("a2")                             \
        HB_PACKED_ASM("a3") "ldr.w %[x0], %[multiplier_b]\n"                                                           \
                            "ldr.w %[x1], %[addend_b]\n"                                                               \
                            "ldr.w %[w0], %[shifts]\n"                                                                 \
                            "lsr.w %[w0], %[w0], #8\n" HB_PACKED_ASM("b0") HB_PACKED_ASM("b1") HB_PACKED_ASM("b2")     \
                                HB_PACKED_ASM("b3")
#define HB_PACKED_STAIRCASE_ASM(sum, multiplier, addend)                                                               \
    "smmla %[" sum "], %[" sum "], %[" multiplier "], %[" addend "]\n"                                                 \
    "ssat %[" sum "], #8, %[" sum "], asr #11\n"
#define HB_PACKED_STAIRCASE                                                                                            \
    "ldr.w %[x0], %[multiplier_a]\n"                                                                                   \
    "ldr.w %[x1], %[addend_a]\n"                                                                                       \
    "ldr.w %[w0], %[multiplier_b]\n"                                                                                   \
    "ldr.w %[w1], %[addend_b]\n" HB_PACKED_STAIRCASE_ASM("a0", "x0", "x1") HB_PACKED_STAIRCASE_ASM("a1", "x0", "x1")   \
        HB_PACKED_STAIRCASE_ASM("a2", "x0", "x1") HB_PACKED_STAIRCASE_ASM("a3", "x0", "x1")                            \
            HB_PACKED_STAIRCASE_ASM("b0", "w0", "w1") HB_PACKED_STAIRCASE_ASM("b1", "w0", "w1")                        \
                HB_PACKED_STAIRCASE_ASM("b2", "w0", "w1") HB_PACKED_STAIRCASE_ASM("b3", "w0", "w1")

/* Where the first round of a block is entered. */
#define HB_PACKED_ENTRY                                                                                                \
    "adr.w %[x0], 1f\n"                                                                                                \
    "ldr.w %[x1], %[skipped]\n"                                                                                        \
    "rsb.w %[w0], %[x1], %[x1], lsl #3\n"                                                                              \
    "add.w %[x0], %[x0], %[w0], lsl #4\n"                                                                              \
    "str.w %[x0], %[entry]\n"

#define HB_PACKED_BEGIN                                                                                                \
    "ldr.w %[weights], %[first]\n"                                                                                     \
    "ldr.w %[a0], %[bias_a]\n"                                                                                         \
    "ldr.w %[b0], %[bias_b]\n"                                                                                         \
    "ldr.w %[x0], %[skipped]\n"                                                                                        \
    "ldr.w %[x1], %[entry]\n"                                                                                          \
    "sub.w %[pixels], %[pixels], %[x0], lsl #5\n"                                                                      \
    "mov.w %[a1], %[a0]\n"                                                                                             \
    "mov.w %[a2], %[a0]\n"                                                                                             \
    "mov.w %[a3], %[a0]\n"                                                                                             \
    "mov.w %[b1], %[b0]\n"                                                                                             \
    "mov.w %[b2], %[b0]\n"                                                                                             \
    "mov.w %[b3], %[b0]\n"                                                                                             \
    "mov pc, %[x1]\n"                                                                                                  \
    ".balign 4\n"

#define HB_PACKED_ROUND                                                                                                \
    ".set hb_quad, 0\n"                                                                                                \
    ".rept 6\n" HB_QUAD_2X4("") ".endr\n" HB_QUAD_2X4("!")

#define HB_PACKED_STORE                                                                                                \
    "ldr.w %[weights], %[out]\n"                                                                                       \
    "ldr.w %[x0], %[pitch]\n"                                                                                          \
    "ldr.w %[x1], %[end]\n"                                                                                            \
    "bfi %[a0], %[b0], #8, #8\n"                                                                                       \
    "bfi %[a1], %[b1], #8, #8\n"                                                                                       \
    "bfi %[a2], %[b2], #8, #8\n"                                                                                       \
    "bfi %[a3], %[b3], #8, #8\n"                                                                                       \
    "strh.w %[a0], [%[weights]]\n"                                                                                     \
    "strh.w %[a1], [%[weights], %[x0]]\n"                                                                              \
    "strh.w %[a2], [%[weights], %[x0], lsl #1]\n"                                                                      \
    "add.w %[weights], %[weights], %[x0], lsl #1\n"                                                                    \
    "strh.w %[a3], [%[weights], %[x0]]\n"                                                                              \
    "add.w %[weights], %[weights], %[x0], lsl #1\n"                                                                    \
    "str.w %[weights], %[out]\n"

/* Blocks from 0 on, rounds from 1 on; what is not needed within a round is kept on the stack. */
#define HB_PACKED_2X4(REQUANTIZE)                                                                                      \
    __asm volatile(                                                                                                    \
        HB_PACKED_ENTRY ".balign 4\n"                                                                                  \
                        "0:\n" HB_PACKED_BEGIN "1:\n" HB_PACKED_ROUND "ldr.w %[x0], %[last]\n"                         \
                        "cmp.w %[weights], %[x0]\n"                                                                    \
                        "bne.w 1b\n" REQUANTIZE HB_PACKED_STORE "cmp.w %[pixels], %[x1]\n"                             \
                        "bne.w 0b\n"                                                                                   \
        : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1),              \
          [b2] "=&r"(b2), [b3] "=&r"(b3), [x0] "=&r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1),              \
          [weights] "=&r"(weights), [pixels] "+r"(pixels), [out] "+m"(out), [entry] "=m"(entry)                        \
        : [first] "m"(first), [last] "m"(last), [end] "m"(end), [skipped] "m"(skipped), [pitch] "m"(pitch),            \
          [bias_a] "m"(a.bias), [bias_b] "m"(b.bias), [multiplier_a] "m"(a.multiplier),                                \
          [multiplier_b] "m"(b.multiplier), [addend_a] "m"(a.addend), [addend_b] "m"(b.addend), [shifts] "m"(shifts)   \
        : "cc", "memory")

/* Two output channels of all pixels, whose outputs lie `pitch` bytes apart. */
HB_KERNEL void hb_packed_pair(hb_quads tile, const void *packed, hb_dsp_channel a, hb_dsp_channel b, int8_t *out,
                              int32_t pitch, int staircase)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t skipped = (HB_ROUND - tile.quads % HB_ROUND) % HB_ROUND;
    const uintptr_t last = (uintptr_t)packed + (uintptr_t)(8 * tile.quads - 4);
    const uintptr_t first = (uintptr_t)packed - (uintptr_t)(8 * skipped + 4);
    uintptr_t pixels = (uintptr_t)tile.pixels - 4, weights, entry;
    const uintptr_t end = pixels + (uintptr_t)(32 * tile.quads * tile.blocks);
    const int32_t shifts = a.shift | b.shift << 8; /* a shift looks at the low byte of its register */
    int32_t a0, a1, a2, a3, b0, b1, b2, b3, x0, x1, w0, w1;
    if (staircase) {
        HB_PACKED_2X4(HB_PACKED_STAIRCASE);
    } else {
        HB_PACKED_2X4(HB_PACKED_REQUANTIZE);
    }
#else
    const hb_dsp_channel channels[2] = {a, b};
    for (int32_t i = 0; i < 4 * tile.blocks; i++) {
        for (int32_t c = 0; c < 2; c++) {
            int32_t sum = channels[c].bias;
            for (int32_t quad = 0; quad < tile.quads; quad++) {
                const uint32_t word = hb_load32((const uint32_t *)packed + 2 * quad + c);
                const uint32_t *wide = tile.pixels + (i / 4 * tile.quads + quad) * 8 + i % 4;
                sum = hb_smlad(hb_sxtb16(word), wide[4], hb_smlad(word, wide[0], sum));
            }
            out[i * pitch + c] = hb_packed_output(sum, channels[c], staircase);
        }
    }
#endif
}

/* The same for one to three pixels, which leave registers for a loop in C. */
HB_KERNEL void hb_packed_lanes(const uint32_t *pixels, int32_t lanes, int32_t quads, const uint32_t *packed,
                               hb_dsp_channel a, hb_dsp_channel b, int8_t *out, int32_t pitch, int staircase)
{
    int32_t sum_a[3] = {a.bias, a.bias, a.bias}, sum_b[3] = {b.bias, b.bias, b.bias};
#pragma GCC unroll 2
    for (const uint32_t *const end = packed + 2 * quads; packed != end; packed += 2, pixels += 2 * lanes) {
        const uint32_t word_a = packed[0], word_b = packed[1];
#pragma GCC unroll 3
        for (int32_t i = 0; i < lanes; i++) {
            sum_a[i] = hb_smlad(word_a, pixels[i], sum_a[i]);
            sum_b[i] = hb_smlad(word_b, pixels[i], sum_b[i]);
        }
        const uint32_t low_a = hb_sxtb16(word_a), low_b = hb_sxtb16(word_b);
#pragma GCC unroll 3
        for (int32_t i = 0; i < lanes; i++) {
            sum_a[i] = hb_smlad(low_a, pixels[lanes + i], sum_a[i]);
            sum_b[i] = hb_smlad(low_b, pixels[lanes + i], sum_b[i]);
        }
    }
#pragma GCC unroll 3
    for (int32_t i = 0; i < lanes; i++) {
        out[i * pitch] = hb_packed_output(sum_a[i], a, staircase);
        out[i * pitch + 1] = hb_packed_output(sum_b[i], b, staircase);
    }
}

#endif
