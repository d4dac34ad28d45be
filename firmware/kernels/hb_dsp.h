/* Pairs of 16-bit numbers in 32-bit words, and the inner loop that multiplies them: two products per SMLAD.
 *
 * Where there is no SMLAD (on the host) plain C of the same meaning takes its place.
 *
 * Activations are held as 2 * (x + input_offset): the factor 2 is the doubling of the doubling high multiply, so that
 * an accumulator can be requantized in four instructions: with C = (2 * output_offset + 1) << (shift - 1) and t = C +
 * (sum < 0 ? -1 : 0), out = saturate((t + round(sum * multiplier / 2^32)) >> shift). The two roundings are those of
 * hb_requantize, exactly; what it takes is 1 <= shift <= 22, and sums and biases below 2^30 (the fact
 * `short_requantization`).
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

HB_KERNEL int32_t hb_saturate8(int32_t value)
{
#ifdef __ARM_FEATURE_DSP
    int32_t result;
    __asm("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
#else
    return hb_clamp(value, INT8_MIN, INT8_MAX);
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

/* `count` weights; a word goes to every `step`-th place. */
HB_KERNEL void hb_widen_weights(const int8_t *weights, int32_t count, uint32_t *wide, int32_t step)
{
#pragma GCC unroll 4
    for (int32_t i = 0; i < count / 4; i++) {
        const uint32_t word = hb_load32(weights + 4 * i);
        wide[2 * i * step] = hb_sxtb16(word);
        wide[(2 * i + 1) * step] = hb_sxtb16(word >> 8);
    }
    if (count % 4 != 0) {
        const uint32_t word = hb_rest(weights + count / 4 * 4, count % 4, 0);
        wide[count / 4 * 2 * step] = hb_sxtb16(word);
        if (count % 4 == 3) {
            wide[(count / 4 * 2 + 1) * step] = hb_sxtb16(word >> 8);
        }
    }
}

/* Bytes 0 and 2 of a word of activations as 2 * (x + offset). */
HB_KERNEL uint32_t hb_widen_pair(uint32_t biased, int32_t offset)
{
    const uint32_t doubled = biased << 1 & 0x01fe01fe;
    const uint32_t rest = (uint32_t)(2 * (offset - 128)) & 0xffff;
    return offset == 128 ? doubled : hb_sadd16(doubled, rest | rest << 16);
}

/* `count` activations; a word goes to every `step`-th place. */
HB_KERNEL void hb_widen_activations(const int8_t *input, int32_t count, int32_t offset, uint32_t *wide, int32_t step)
{
#pragma GCC unroll 4
    for (int32_t i = 0; i < count / 4; i++) {
        const uint32_t biased = hb_load32(input + 4 * i) ^ 0x80808080;
        wide[2 * i * step] = hb_widen_pair(biased, offset);
        wide[(2 * i + 1) * step] = hb_widen_pair(biased >> 8, offset);
    }
    if (count % 4 != 0) {
        const uint32_t biased = hb_rest(input + count / 4 * 4, count % 4, (uint8_t)-offset) ^ 0x80808080;
        wide[count / 4 * 2 * step] = hb_widen_pair(biased, offset);
        if (count % 4 == 3) {
            wide[(count / 4 * 2 + 1) * step] = hb_widen_pair(biased >> 8, offset);
        }
    }
}

/* How the sums of one output channel become int8. */
typedef struct {
    int32_t bias, multiplier, addend, shift;
} hb_dsp_channel;

HB_KERNEL hb_dsp_channel hb_dsp_channel_of(int32_t bias, int32_t multiplier, int32_t shift, int32_t output_offset)
{
    return (hb_dsp_channel){2 * bias, multiplier, (2 * output_offset + 1) * (1 << (-shift - 1)), -shift};
}

HB_KERNEL int32_t hb_dsp_output(int32_t sum, hb_dsp_channel channel)
{
    const int32_t scaled = hb_smmlar(sum, channel.multiplier, channel.addend + (sum >> 31)) >> channel.shift;
    return hb_saturate8(scaled);
}

/* One word of two channels and four pixels. */
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

/* Sums of channels a and b for four pixels. */
typedef struct {
    int32_t a0, a1, a2, a3, b0, b1, b2, b3;
} hb_sums_2x4;

/* Adds the products of `words` words, a multiple of four, for two channels and four pixels. A word of
 * `weights` for channel 0 is followed by that for channel 1, a word of pixel 0 by those for pixels 1 to 3.
 *
 * Registers: eight sums, two words of weights, two of pixels, two pointers: all fourteen. The end of the weights is
 * read from the stack. Eight words a round; the first round may be half of one. A word takes 16 cycles on a Cortex-M4
 * for its 16 products: six loads, which pipeline in groups of four and two, and eight SMLAD. */
HB_KERNEL hb_sums_2x4 hb_dot_2x4(const uint32_t *pixels, const uint32_t *weights, int32_t words, hb_sums_2x4 sums)
{
#ifdef __ARM_FEATURE_DSP
    const uint32_t *const end = weights + 2 * words;
    const int32_t half = words & 4;
    int32_t x0 = half, x1, w0, w1;
    pixels -= 4 * half;
    weights -= 2 * half;
    __asm volatile("cmp.w %[x0], #0\n"
                   "bne.w 2f\n"
                   ".balign 4\n"
                   "1:\n"
                   ".set hb_word, 0\n"
                   ".rept 4\n" HB_WORD_2X4 ".endr\n"
                   "2:\n"
                   ".set hb_word, 4\n"
                   ".rept 4\n" HB_WORD_2X4 ".endr\n"
                   "ldr.w %[x0], %[end]\n"
                   "add.w %[pixels], %[pixels], #128\n"
                   "add.w %[weights], %[weights], #64\n"
                   "cmp.w %[weights], %[x0]\n"
                   "bne.w 1b\n"
                   : [a0] "+r"(sums.a0), [a1] "+r"(sums.a1), [a2] "+r"(sums.a2), [a3] "+r"(sums.a3), [b0] "+r"(sums.b0),
                     [b1] "+r"(sums.b1), [b2] "+r"(sums.b2), [b3] "+r"(sums.b3), [pixels] "+r"(pixels),
                     [weights] "+r"(weights), [x0] "+r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1)
                   : [end] "m"(end)
                   : "cc", "memory");
#else
    for (const uint32_t *end = pixels + 4 * words; pixels < end; pixels += 4, weights += 2) {
        sums.a0 = hb_smlad(pixels[0], weights[0], sums.a0), sums.b0 = hb_smlad(pixels[0], weights[1], sums.b0);
        sums.a1 = hb_smlad(pixels[1], weights[0], sums.a1), sums.b1 = hb_smlad(pixels[1], weights[1], sums.b1);
        sums.a2 = hb_smlad(pixels[2], weights[0], sums.a2), sums.b2 = hb_smlad(pixels[2], weights[1], sums.b2);
        sums.a3 = hb_smlad(pixels[3], weights[0], sums.a3), sums.b3 = hb_smlad(pixels[3], weights[1], sums.b3);
    }
#endif
    return sums;
}

/* Two int8 outputs side by side. */
HB_KERNEL void hb_store_pair(int8_t *to, int32_t first, int32_t second)
{
#ifdef __ARM_FEATURE_DSP
    __asm("bfi %0, %1, #8, #8" : "+r"(first) : "r"(second));
#else
    first = (uint8_t)first | second * 256;
#endif
    const uint16_t both = (uint16_t)first;
    memcpy(to, &both, sizeof both);
}

/* Two output channels of blocks of four pixels each, `words` words a pixel; pixel i lies `places[i]` bytes after `out`.
 * One copy serves every step of a model: its loop should stay in the cache of the flash. */
HB_SHARED void hb_dsp_pair(const uint32_t *pixels, int32_t blocks, int32_t words, const uint32_t *weights,
                           const hb_dsp_channel channel[2], const int32_t *places, int8_t *out)
{
    for (int32_t block = 0; block < blocks; block++, pixels += 4 * words, places += 4) {
        const int32_t a = channel[0].bias, b = channel[1].bias;
        const hb_sums_2x4 sums = hb_dot_2x4(pixels, weights, words, (hb_sums_2x4){a, a, a, a, b, b, b, b});
        const hb_dsp_channel first = channel[0], second = channel[1];
        const int32_t a0 = hb_dsp_output(sums.a0, first), a1 = hb_dsp_output(sums.a1, first);
        const int32_t a2 = hb_dsp_output(sums.a2, first), a3 = hb_dsp_output(sums.a3, first);
        hb_store_pair(out + places[0], a0, hb_dsp_output(sums.b0, second));
        hb_store_pair(out + places[1], a1, hb_dsp_output(sums.b1, second));
        hb_store_pair(out + places[2], a2, hb_dsp_output(sums.b2, second));
        hb_store_pair(out + places[3], a3, hb_dsp_output(sums.b3, second));
    }
}

#endif
