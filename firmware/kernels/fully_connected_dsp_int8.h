/* FULLY_CONNECTED, int8, with SMLAD: four outputs at a time, weights straight from flash.
 *
 * `packed` holds, for four outputs after one another, a word of four weights of each (hb_packed.h). Sums hold 256 times
 * their value, modulo 2^32 (`packed_fits`).
 *
 * [kernel]
 * op = ["FULLY_CONNECTED"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["short_requantization", "packed_fits"]
 * scratch = "2 * packed_inputs"
 * cycles = "batches * (4.7 * inputs + 15.6 * outputs + (outputs + 3) // 4 * (63 + 6.3 * packed_inputs))"
 * arrays = ["packed", "packed_bias", "multiplier", "shift"]
 */
#ifndef HB_FULLY_CONNECTED_DSP_INT8_H
#define HB_FULLY_CONNECTED_DSP_INT8_H

#include "hb_fully_connected.h"
#include "hb_packed.h"

/* Every four inputs become two words; inputs that are missing are 0. */
HB_KERNEL void hb_fully_connected_dsp_widen(const int8_t *input, int32_t inputs, int32_t packed, uint32_t *wide)
{
    for (int32_t i = 0; i < packed; i += 4, wide += 2) {
        uint32_t word = 0;
        if (i + 4 <= inputs) {
            word = hb_load32(input + i);
        } else if (i < inputs) {
            memcpy(&word, input + i, (size_t)(inputs % 4));
        }
        hb_widen_quad(word, wide, 1);
    }
}

#define HB_FULLY_CONNECTED_WORD                                                                                        \
    "ldr.w %[x0], [%[x], #8 * hb_word]\n"                                                                              \
    "ldr.w %[x1], [%[x], #8 * hb_word + 4]\n"                                                                          \
    "ldr.w %[w0], [%[w], #16 * hb_word]\n"                                                                             \
    "ldr.w %[w1], [%[w], #16 * hb_word + 4]\n"                                                                         \
    "ldr.w %[w2], [%[w], #16 * hb_word + 8]\n"                                                                         \
    "ldr.w %[w3], [%[w], #16 * hb_word + 12]\n"                                                                        \
    "smlad %[a0], %[w0], %[x0], %[a0]\n"                                                                               \
    "sxtb16.w %[w0], %[w0]\n"                                                                                          \
    "smlad %[a1], %[w1], %[x0], %[a1]\n"                                                                               \
    "sxtb16.w %[w1], %[w1]\n"                                                                                          \
    "smlad %[a2], %[w2], %[x0], %[a2]\n"                                                                               \
    "sxtb16.w %[w2], %[w2]\n"                                                                                          \
    "smlad %[a3], %[w3], %[x0], %[a3]\n"                                                                               \
    "sxtb16.w %[w3], %[w3]\n"                                                                                          \
    "smlad %[a0], %[w0], %[x1], %[a0]\n"                                                                               \
    "smlad %[a1], %[w1], %[x1], %[a1]\n"                                                                               \
    "smlad %[a2], %[w2], %[x1], %[a2]\n"                                                                               \
    "smlad %[a3], %[w3], %[x1], %[a3]\n"                                                                               \
    ".set hb_word, hb_word + 1\n"

/* Adds the products of `inputs` inputs, a multiple of eight, to four sums. Sixteen a round; the first may be a half
 * one. Registers: four sums, two words of inputs, four of weights, two pointers, the end: thirteen. */
HB_KERNEL void hb_fully_connected_dsp_sums(const uint32_t *x, const int8_t *w, int32_t inputs, int32_t sums[4])
{
#ifdef __ARM_FEATURE_DSP
    const int8_t *const end = w + 4 * inputs;
    const int32_t half = inputs & 8;
    int32_t a0 = sums[0], a1 = sums[1], a2 = sums[2], a3 = sums[3], x0, x1, w0, w1, w2, w3;
    __asm volatile(
        "sub.w %[x], %[x], %[half], lsl #1\n"
        "sub.w %[w], %[w], %[half], lsl #2\n"
        "cmp.w %[half], #0\n"
        "bne.w 2f\n"
        ".balign 4\n"
        "1:\n"
        ".set hb_word, 0\n" HB_TWICE(HB_FULLY_CONNECTED_WORD) "2:\n"
                                                              ".set hb_word, 2\n" HB_TWICE(
                                                                  HB_FULLY_CONNECTED_WORD) "add.w %[x], %[x], #32\n"
                                                                                           "add.w %[w], %[w], #64\n"
                                                                                           "cmp.w %[w], %[end]\n"
                                                                                           "bne.w 1b\n"
        : [a0] "+&r"(a0), [a1] "+&r"(a1), [a2] "+&r"(a2), [a3] "+&r"(a3), [x] "+&r"(x), [w] "+&r"(w), [x0] "=&r"(x0),
          [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2), [w3] "=&r"(w3)
        : [half] "r"(half), [end] "r"(end)
        : "cc", "memory");
    sums[0] = a0, sums[1] = a1, sums[2] = a2, sums[3] = a3;
#else
    for (int32_t i = 0; i < inputs / 4; i++) {
        for (int32_t o = 0; o < 4; o++) {
            const uint32_t word = hb_load32(w + 16 * i + 4 * o);
            sums[o] = hb_smlad(word, x[2 * i], sums[o]);
            sums[o] = hb_smlad(hb_sxtb16(word), x[2 * i + 1], sums[o]);
        }
    }
#endif
}

HB_KERNEL void hb_fully_connected_dsp_int8(const void *in, void *out, const hb_fully_connected_int8_args *p,
                                           void *scratch)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int8_t *result = (int8_t *)out + batch * p->outputs;
        hb_fully_connected_dsp_widen((const int8_t *)in + batch * p->inputs, p->inputs, p->packed_inputs, scratch);
        for (int32_t o = 0; o < p->outputs; o += 4) {
            int32_t sums[4];
            memcpy(sums, p->packed_bias + o, sizeof sums);
            hb_fully_connected_dsp_sums(scratch, p->packed + o * p->packed_inputs, p->packed_inputs, sums);
#pragma GCC unroll 4
            for (int32_t i = 0; i < 4; i++) {
                if (p->outputs % 4 == 0 || o + i < p->outputs) {
                    const hb_dsp_channel channel =
                        hb_dsp_channel_of(0, p->multiplier[o + i], p->shift[o + i], p->output_offset);
                    const int8_t value = hb_dsp_output(sums[i] >> 7, channel);
                    result[o + i] = (int8_t)hb_clamp(value, p->low, p->high);
                }
            }
        }
    }
}

#endif
