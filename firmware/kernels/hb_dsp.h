/* Pairs of 16-bit numbers in 32-bit words, and the inner loop that multiplies them: two products per SMLAD.
 *
 * Where there is no SMLAD (on the host) plain C of the same meaning takes its place.
 *
 * Activations are held as 2 * (x + input_offset): the factor 2 is the doubling of the doubling high multiply, so that
 * an accumulator can be requantized in four instructions: with C = (2 * output_offset + 1) << (shift - 1) and t = C +
 * (sum < 0 ? -1 : 0), out = saturate((t + round(sum * multiplier / 2^32)) >> shift). The two roundings are those of
 * hb_requantize, exactly; what it takes is 1 <= shift <= 22, and sums and biases below 2^30 (the fact
 * `short_requantization`).
 *
 * Where the output's zero point is -128, two instructions do, with activations held as 128 * (x + input_offset):
 * out = saturate((addend + (sum * multiplier >> 32)) >> 10), with constants that were solved to give the same outputs
 * for all sums within reach (the fact `staircase`; hilbench/kernels/requantize.py).
 */
#ifndef HB_DSP_H
#define HB_DSP_H

#include <string.h>

#include "hb_requantize.h"

/* The low halves of both products of a word, added to a sum. */
HB_KERNEL int32_t hb_smlad(uint32_t a, uint32_t b, int32_t sum)
{
#ifdef __ARM_FEATURE_DSP
    int32_t result;
    __asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    const int32_t low = (int16_t)a * (int16_t)b;
    const int32_t high = (int16_t)(a >> 16) * (int16_t)(b >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
#endif
}

/* addend + round(a * b / 2^32), halves towards plus infinity. */
HB_KERNEL int32_t hb_smmlar(int32_t a, int32_t b, int32_t addend)
{
#ifdef __ARM_FEATURE_DSP
    int32_t result;
    __asm("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(addend));
    return result;
#else
    return addend + (int32_t)(((int64_t)a * b + (INT64_C(1) << 31)) >> 32);
#endif
}

/* addend + floor(a * b / 2^32). */
HB_KERNEL int32_t hb_smmla(int32_t a, int32_t b, int32_t addend)
{
#ifdef __ARM_FEATURE_DSP
    int32_t result;
    __asm("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(addend));
    return result;
#else
    return addend + (int32_t)((int64_t)a * b >> 32);
#endif
}

/* Bytes 0 and 2 of a word, sign-extended to halfwords. */
HB_KERNEL uint32_t hb_sxtb16(uint32_t word)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("sxtb16 %0, %1" : "=r"(result) : "r"(word));
    return result;
#else
    return (uint16_t)(int8_t)word | (uint32_t)(uint16_t)(int8_t)(word >> 16) << 16;
#endif
}

/* Bytes 1 and 3 of a word, sign-extended to halfwords. */
HB_KERNEL uint32_t hb_sxtb16_odd(uint32_t word)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
    return result;
#else
    return hb_sxtb16(word >> 8);
#endif
}

/* Halfwords added modulo 2^16. */
HB_KERNEL uint32_t hb_sadd16(uint32_t a, uint32_t b)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t result;
    __asm("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return ((a + b) & 0xffff) | (((a >> 16) + (b >> 16)) << 16);
#endif
}

HB_KERNEL uint32_t hb_load32(const void *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Bytes become halfwords in this order: of every four, 0 and 2 make a word, then 1 and 3; of a rest of one or two, they
 * make a word; of a rest of three, 0 and 2, then 1. */
#define HB_WIDE_WORDS(bytes) ((bytes) / 4 * 2 + ((bytes) % 4 + 1) / 2)

/* The last 1 to 3 bytes as a word in which those missing have the value `fill`; two of them lie in places 0 and 2. */
HB_KERNEL uint32_t hb_rest(const int8_t *bytes, int32_t count, uint8_t fill)
{
    const uint32_t second = count > 1 ? (uint8_t)bytes[1] : fill;
    const uint32_t third = count > 2 ? (uint8_t)bytes[2] : fill;
    const uint32_t first = (uint8_t)bytes[0];
    return count > 2 ? first | second << 8 | third << 16 | (uint32_t)fill << 24 : first | second << 16;
}

/* `count` weights; a word goes to every second place. Four words are loaded at once, because loads pipeline. */
HB_KERNEL void hb_widen_weights(const int8_t *weights, int32_t count, uint32_t *wide)
{
    for (; count >= 16; count -= 16, weights += 16, wide += 16) {
        const uint32_t a = hb_load32(weights), b = hb_load32(weights + 4);
        const uint32_t c = hb_load32(weights + 8), d = hb_load32(weights + 12);
        wide[0] = hb_sxtb16(a), wide[2] = hb_sxtb16_odd(a), wide[4] = hb_sxtb16(b), wide[6] = hb_sxtb16_odd(b);
        wide[8] = hb_sxtb16(c), wide[10] = hb_sxtb16_odd(c), wide[12] = hb_sxtb16(d), wide[14] = hb_sxtb16_odd(d);
    }
    for (; count >= 4; count -= 4, weights += 4, wide += 4) {
        const uint32_t word = hb_load32(weights);
        wide[0] = hb_sxtb16(word), wide[2] = hb_sxtb16_odd(word);
    }
    if (count > 0) {
        const uint32_t word = hb_rest(weights, count, 0);
        wide[0] = hb_sxtb16(word);
        if (count == 3) {
            wide[2] = hb_sxtb16_odd(word);
        }
    }
}

/* The same for many weights, where a call costs little. */
HB_SHARED void hb_widen_many_weights(const int8_t *weights, int32_t count, uint32_t *wide)
{
    hb_widen_weights(weights, count, wide);
}

/* The power of two that activations are multiplied by: for requantization in four instructions, and in two. */
#define HB_DOUBLED 1
#define HB_STAIRCASE 7

/* Bytes 0 and 2 of a word of activations as (x + offset) * 2^bits. */
HB_KERNEL uint32_t hb_widen_pair(uint32_t biased, int32_t offset, int32_t bits)
{
    const uint32_t scaled = biased << bits & UINT32_C(0x00ff00ff) << bits;
    const uint32_t rest = (uint32_t)((offset - 128) * (1 << bits)) & 0xffff;
    return offset == 128 ? scaled : hb_sadd16(scaled, rest | rest << 16);
}

/* `count` activations; a word goes to every `step`-th place. */
HB_KERNEL void hb_widen_activations(const int8_t *input, int32_t count, int32_t offset, int32_t bits, uint32_t *wide,
                                    int32_t step)
{
#pragma GCC unroll 4
    for (int32_t i = 0; i < count / 4; i++) {
        const uint32_t biased = hb_load32(input + 4 * i) ^ 0x80808080;
        wide[2 * i * step] = hb_widen_pair(biased, offset, bits);
        wide[(2 * i + 1) * step] = hb_widen_pair(biased >> 8, offset, bits);
    }
    if (count % 4 != 0) {
        const uint32_t biased = hb_rest(input + count / 4 * 4, count % 4, (uint8_t)-offset) ^ 0x80808080;
        wide[count / 4 * 2 * step] = hb_widen_pair(biased, offset, bits);
        if (count % 4 == 3) {
            wide[(count / 4 * 2 + 1) * step] = hb_widen_pair(biased >> 8, offset, bits);
        }
    }
}

/* Four channels of two pixels: the two numbers of a channel make a word, and the words lie `plane` words apart. */
HB_KERNEL void hb_split_pixels(uint32_t left, uint32_t right, int32_t offset, int32_t bits, uint32_t *planes,
                               int32_t plane)
{
    left ^= 0x80808080, right ^= 0x80808080;
    const uint32_t left02 = hb_widen_pair(left, offset, bits), left13 = hb_widen_pair(left >> 8, offset, bits);
    const uint32_t right02 = hb_widen_pair(right, offset, bits), right13 = hb_widen_pair(right >> 8, offset, bits);
    planes[0] = (left02 & 0xffff) | right02 << 16;
    planes[plane] = (left13 & 0xffff) | right13 << 16;
    planes[2 * plane] = left02 >> 16 | (right02 & 0xffff0000);
    planes[3 * plane] = left13 >> 16 | (right13 & 0xffff0000);
}

/* How the sums of one output channel become int8. */
typedef struct {
    int32_t bias, multiplier, addend, shift;
} hb_dsp_channel;

HB_KERNEL hb_dsp_channel hb_dsp_channel_of(int32_t bias, int32_t multiplier, int32_t shift, int32_t output_offset)
{
    return (hb_dsp_channel){2 * bias, multiplier, (2 * output_offset + 1) * (1 << (-shift - 1)), -shift};
}

HB_KERNEL int8_t hb_dsp_output(int32_t sum, hb_dsp_channel channel)
{
    const int32_t scaled = hb_smmlar(sum, channel.multiplier, channel.addend + (sum >> 31)) >> channel.shift;
    return (int8_t)hb_saturate8(scaled);
}

/* HB_STAIRCASE_SHIFT is STAIRCASE_SHIFT of the solver; the addend holds the zero point -128 and the half of rounding.
 */
#define HB_STAIRCASE_SHIFT 10
#define HB_STAIRCASE_ADDEND (-255 * (1 << (HB_STAIRCASE_SHIFT - 1)))
#define HB_STAIRCASE_SSAT(sum) "ssat %[" sum "], #8, %[" sum "], asr #10\n"

HB_KERNEL hb_dsp_channel hb_staircase_channel_of(int32_t bias, int32_t multiplier, int32_t nudge)
{
    return (hb_dsp_channel){bias, multiplier, HB_STAIRCASE_ADDEND + nudge, HB_STAIRCASE_SHIFT};
}

HB_KERNEL int8_t hb_staircase_output(int32_t sum, hb_dsp_channel channel)
{
    int32_t result = hb_smmla(sum, channel.multiplier, channel.addend);
#ifdef __ARM_FEATURE_DSP
    __asm(HB_STAIRCASE_SSAT("result") : [result] "+r"(result));
    return (int8_t)result;
#else
    return (int8_t)hb_saturate8(result >> HB_STAIRCASE_SHIFT);
#endif
}

/* One word of two channels and four pixels: 16 products in 16 cycles on a Cortex-M4, six loads, which pipeline in
 * groups of four and two, and eight SMLAD. Registers: eight sums, two words of weights, two of pixels, two pointers:
 * all fourteen. */
#define HB_WORD_2X4                                                                                                    \
    "ldr.w %[w0], [%[weights], #8 * hb_word]\n"                                                                        \
    "ldr.w %[w1], [%[weights], #8 * hb_word + 4]\n"                                                                    \
    "ldr.w %[x0], [%[pixels], #16 * hb_word]\n"                                                                        \
    "ldr.w %[x1], [%[pixels], #16 * hb_word + 4]\n"                                                                    \
    "smlad %[a0], %[x0], %[w0], %[a0]\n"                                                                               \
    "smlad %[b0], %[x0], %[w1], %[b0]\n"                                                                               \
    "smlad %[a1], %[x1], %[w0], %[a1]\n"                                                                               \
    "smlad %[b1], %[x1], %[w1], %[b1]\n"                                                                               \
    "ldr.w %[x0], [%[pixels], #16 * hb_word + 8]\n"                                                                    \
    "ldr.w %[x1], [%[pixels], #16 * hb_word + 12]\n"                                                                   \
    "smlad %[a2], %[x0], %[w0], %[a2]\n"                                                                               \
    "smlad %[b2], %[x0], %[w1], %[b2]\n"                                                                               \
    "smlad %[a3], %[x1], %[w0], %[a3]\n"                                                                               \
    "smlad %[b3], %[x1], %[w1], %[b3]\n"                                                                               \
    ".set hb_word, hb_word + 1\n"

/* From where the sums are complete to int8: the register w0 holds the shift, x0 the multiplier, x1 the addend. */
#define HB_REQUANTIZE_ASM(sum)                                                                                         \
    "add.w %[w1], %[x1], %[" sum "], asr #31\n"                                                                        \
    "smmlar %[" sum "], %[" sum "], %[x0], %[w1]\n"                                                                    \
    "asr.w %[" sum "], %[" sum "], %[w0]\n"                                                                            \
    "ssat %[" sum "], #8, %[" sum "]\n"

#define HB_STAIRCASE_ASM(sum, multiplier, addend)                                                                      \
    "smmla %[" sum "], %[" sum "], %[" multiplier "], %[" addend "]\n" HB_STAIRCASE_SSAT(sum)

/* The eight sums of two channels; the register `weights` points to the channels. */
#define HB_REQUANTIZE_2X4                                                                                              \
    "ldr.w %[x0], [%[weights], #4]\n"                                                                                  \
    "ldr.w %[x1], [%[weights], #8]\n"                                                                                  \
    "ldr.w %[w0], [%[weights], #12]\n" HB_REQUANTIZE_ASM("a0") HB_REQUANTIZE_ASM("a1") HB_REQUANTIZE_ASM("a2")         \
        HB_REQUANTIZE_ASM("a3") "ldr.w %[x0], [%[weights], #20]\n"                                                     \
                                "ldr.w %[x1], [%[weights], #24]\n"                                                     \
                                "ldr.w %[w0], [%[weights], #28]\n" HB_REQUANTIZE_ASM("b0") HB_REQUANTIZE_ASM("b1")     \
                                    HB_REQUANTIZE_ASM("b2") HB_REQUANTIZE_ASM("b3")

#define HB_STORE_PAIR_ASM(first, second, place)                                                                        \
    "bfi %[" first "], %[" second "], #8, #8\n"                                                                        \
    "strh.w %[" first "], [%[weights], %[" place "]]\n"

#define HB_PAIR_2X4                                                                                                    \
    __asm volatile(                                                                                                    \
        "0:\n"                                                                                                         \
        "ldr.w %[weights], %[first_word]\n"                                                                            \
        "ldr.w %[x0], %[half]\n"                                                                                       \
        "ldr.w %[a0], %[bias_a]\n"                                                                                     \
        "ldr.w %[b0], %[bias_b]\n"                                                                                     \
        "sub.w %[pixels], %[pixels], %[x0]\n"                                                                          \
        "sub.w %[weights], %[weights], %[x0], lsr #1\n"                                                                \
        "mov.w %[a1], %[a0]\n"                                                                                         \
        "mov.w %[a2], %[a0]\n"                                                                                         \
        "mov.w %[a3], %[a0]\n"                                                                                         \
        "mov.w %[b1], %[b0]\n"                                                                                         \
        "mov.w %[b2], %[b0]\n"                                                                                         \
        "mov.w %[b3], %[b0]\n"                                                                                         \
        "cmp.w %[x0], #0\n"                                                                                            \
        "bne.w 2f\n"                                                                                                   \
        ".balign 4\n"                                                                                                  \
        "1:\n"                                                                                                         \
        ".set hb_word, 0\n" HB_TWICE(HB_TWICE(                                                                         \
            HB_WORD_2X4)) "2:\n"                                                                                       \
                          ".set hb_word, 4\n" HB_TWICE(HB_TWICE(                                                       \
                              HB_WORD_2X4)) "ldr.w %[x0], %[last_word]\n"                                              \
                                            "add.w %[pixels], %[pixels], #128\n"                                       \
                                            "add.w %[weights], %[weights], #64\n"                                      \
                                            "cmp.w %[weights], %[x0]\n"                                                \
                                            "bne.w 1b\n"                                                               \
                                            "ldr.w %[weights], %[channel]\n" HB_REQUANTIZE_2X4                         \
                                            "ldr.w %[w1], %[places]\n"                                                 \
                                            "ldr.w %[weights], %[out]\n"                                               \
                                            "ldr.w %[x0], [%[w1]]\n"                                                   \
                                            "ldr.w %[x1], [%[w1], #4]\n"                                               \
                                            "ldr.w %[w0], [%[w1], #8]\n" HB_STORE_PAIR_ASM("a0", "b0", "x0")           \
                                                HB_STORE_PAIR_ASM("a1", "b1", "x1") HB_STORE_PAIR_ASM(                 \
                                                    "a2", "b2", "w0") "ldr.w %[x0], [%[w1], #12]\n"                    \
                                                                      "add.w %[w1], %[w1], #16\n"                      \
                                                                      "str.w %[w1], %[places]\n" HB_STORE_PAIR_ASM(    \
                                                                          "a3", "b3",                                  \
                                                                          "x0") "ldr.w %[x0], %[last_pixel]\n"         \
                                                                                "cmp.w %[pixels], %[x0]\n"             \
                                                                                "bne.w 0b\n"                           \
        : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0), [b1] "=&r"(b1),              \
          [b2] "=&r"(b2), [b3] "=&r"(b3), [x0] "=&r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1),              \
          [pixels] "+r"(pixels), [weights] "+r"(weights), [places] "+m"(places)                                        \
        : [first_word] "m"(first_word), [last_word] "m"(last_word), [last_pixel] "m"(last_pixel), [half] "m"(half),    \
          [bias_a] "m"(bias_a), [bias_b] "m"(bias_b), [channel] "m"(channel), [out] "m"(out)                           \
        : "cc", "memory")

/* Two output channels of blocks of four pixels each. A word of pixel 0 is followed by those of pixels 1 to 3, a word of
 * `weights` for the first channel by that for the second; a pixel has `words` words, a multiple of four. Pixel i of all
 * lies `places[i]` bytes after `out`. One copy serves every step of a model, so that its loop stays in the cache of the
 * flash. */
HB_SHARED void hb_dsp_pair(const uint32_t *pixels, int32_t blocks, int32_t words, const uint32_t *weights,
                           const hb_dsp_channel channel[2], const int32_t *places, int8_t *out)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t half = (words & 4) * 16;
    const uint32_t *const first_word = weights, *const last_word = weights + 2 * words;
    const uint32_t *const last_pixel = pixels + 4 * words * blocks;
    const int32_t bias_a = channel[0].bias, bias_b = channel[1].bias;
    int32_t a0, a1, a2, a3, b0, b1, b2, b3, x0, x1, w0, w1;
    HB_PAIR_2X4;
#else
    for (int32_t i = 0; i < 4 * blocks; i++) {
        int32_t a = channel[0].bias, b = channel[1].bias;
        for (int32_t word = 0; word < words; word++) {
            const uint32_t pixel = pixels[(i / 4 * words + word) * 4 + i % 4];
            a = hb_smlad(pixel, weights[2 * word], a);
            b = hb_smlad(pixel, weights[2 * word + 1], b);
        }
        out[places[i]] = hb_dsp_output(a, channel[0]);
        out[places[i] + 1] = hb_dsp_output(b, channel[1]);
    }
#endif
}

#endif
