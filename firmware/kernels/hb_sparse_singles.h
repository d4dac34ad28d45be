/* Sparse int8 weights one at a time, with eight pixels (SMLAL) or with one: the loops over streams of `singles`
 * (hb_sparse.h), and their tiles.
 *
 * A place of a tile is a term of the sums, of eight pixels: four words, each with two pixels' activations x and y as
 * x + 128 + 2^24 * y. SMLAL adds the product of such a word and a weight to a sum of 64 bits, which is two sums: the
 * lower one, signed, in 24 bits (the fact `sparse_fits`), the upper one in 40. So one multiplication makes two products
 * of a single weight, as many as SMLAD makes of two.
 */
#ifndef HB_SPARSE_SINGLES_H
#define HB_SPARSE_SINGLES_H

#include "hb_sparse.h"

/* One single with eight pixels, 13 cycles on a Cortex-M4. r11 is the gap before it, and then the one after it. The first
 * one of a channel is the sums. */
#define HB_SINGLE_8(multiply, weight_at, gap_at)                                                                       \
    "add.w r12, r12, r11, lsl #4\n"                                                                                    \
    "ldr.w r8, [r12]\n"                                                                                                \
    "ldr.w r9, [r12, #4]\n"                                                                                            \
    "ldrsb.w r10, [lr, #" weight_at "]\n" multiply " r0, r1, r8, r10\n" multiply " r2, r3, r9, r10\n"                  \
    "ldr.w r8, [r12, #8]\n"                                                                                            \
    "ldr.w r9, [r12, #12]\n"                                                                                           \
    "ldrb.w r11, [lr, #" gap_at "]\n" multiply " r4, r5, r8, r10\n" multiply " r6, r7, r9, r10\n"
#define HB_SINGLE_8_ENTRY(place) HB_SINGLE_8("smlal", "2*" place "-16", "2*" place "-15")
#define HB_SINGLES_MORE "cmp.w r11, #255\n"
#define HB_SINGLES_HEAD                                                                                                \
    "ldrb.w r11, [lr, #1]\n"                                                                                           \
    "ldr.w r12, %[tiles]\n"
#define HB_SINGLES_8                                                                                                   \
    HB_SINGLE_8("smull", "0", "5")                                                                                     \
    "ldrh.w r8, [lr, #2]\n"                                                                                            \
    "ldrb.w r9, [lr, #4]\n" HB_SPARSE_ROUNDS(HB_SINGLE_8_ENTRY, "1", "44", HB_SINGLES_MORE)

/* Both sums of 64 bits as 256 times themselves and their biases, which are in r8 and r9. The upper one lacks 1 where the
 * lower one is negative: bit 23, which is the carry of the first shift. */
#define HB_SINGLES_SUMS(low, high)                                                                                     \
    "lsrs.w r12, " low ", #24\n"                                                                                       \
    "adc.w r12, r12, " high ", lsl #8\n"                                                                               \
    "add.w " low ", r8, " low ", lsl #8\n"                                                                             \
    "add.w " high ", r9, r12, lsl #8\n"
#define HB_SINGLES_SUMS_8                                                                                              \
    "ldmia.w lr!, {r8, r9, r10, r11}\n" HB_SINGLES_SUMS("r0", "r1") HB_SINGLES_SUMS("r2", "r3")                        \
        HB_SINGLES_SUMS("r4", "r5") HB_SINGLES_SUMS("r6", "r7")

/* All output channels of the eight pixels of a tile. Pixel i of a channel goes to out[i * stride]. */
HB_KERNEL void hb_singles_8(const uint32_t *tiles, const uint8_t *stream, int32_t stride, int8_t *out, int staircase)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t triple = 3 * stride;
    if (staircase) {
        HB_SPARSE_TILE(
            HB_SINGLES_HEAD, HB_SINGLES_MORE, HB_SINGLES_8,
            HB_SINGLES_SUMS_8 HB_SPARSE_OUTPUTS(HB_SPARSE_STAIRCASE, HB_SINGLES_HEAD, HB_SINGLES_MORE, "0", "2", "4"));
    } else {
        HB_SPARSE_TILE(HB_SINGLES_HEAD, HB_SINGLES_MORE, HB_SINGLES_8,
                       HB_SINGLES_SUMS_8 HB_SPARSE_SHIFT HB_SPARSE_OUTPUTS(HB_SPARSE_SHIFTED, HB_SINGLES_HEAD,
                                                                           HB_SINGLES_MORE, "0", "2", "4"));
    }
#else
    while (stream[1] != HB_SPARSE_END || stream[2] != 1) {
        if (stream[1] == HB_SPARSE_END) {
            out += hb_sparse_alone(stream + 2 * stream[2], stream[0], stream[2], 8, stride, out);
            stream += 4 + 2 * stream[2];
            continue;
        }
        int64_t sums[4] = {0};
        const uint8_t *weight = stream, *gap = stream + 1, *next = stream + 5;
        const uint8_t *other = stream + stream[4] - 2 * stream[6];
        for (const uint32_t *x = tiles; *gap != HB_SPARSE_END; weight = other, other += 2) {
            x += 4 * *gap;
            for (int32_t i = 0; i < 4; i++) {
                sums[i] += (int64_t)(int32_t)x[i] * (int8_t)*weight;
            }
            gap = next, next = other + 1;
        }
        const uint8_t *const biases = gap == stream + 5 ? stream + stream[4] : gap + 1;
        for (int32_t i = 0; i < 4; i++) {
            const int32_t low = (int32_t)((uint32_t)sums[i] << 8) >> 8, high = (int32_t)((sums[i] - low) >> 24);
            out[2 * i * stride] = hb_sparse_output(low, biases, biases + 8, staircase);
            out[(2 * i + 1) * stride] = hb_sparse_output(high, biases + 4, biases + 8, staircase);
        }
        stream = biases + 8 + HB_SPARSE_CONSTANTS(staircase);
        out++;
    }
#endif
}

/* One single with one pixel, 6 cycles on a Cortex-M4. */
#define HB_SINGLE_1(weight_at, gap_at)                                                                                 \
    "add.w %[tile], %[tile], %[t]\n"                                                                                   \
    "ldrsb.w %[x0], [%[tile]]\n"                                                                                       \
    "ldrsb.w %[weight], [%[stream], #" weight_at "]\n"                                                                 \
    "ldrb.w %[t], [%[stream], #" gap_at "]\n"                                                                          \
    "smlabb %[sum], %[x0], %[weight], %[sum]\n"
#define HB_SINGLE_1_ENTRY(place) HB_SINGLE_1("2*" place "-16", "2*" place "-15")
#define HB_SINGLES_1_ROUND                                                                                             \
    HB_SINGLE_1_ENTRY("0")                                                                                             \
    HB_SINGLE_1_ENTRY("1")                                                                                             \
    HB_SINGLE_1_ENTRY("2")                                                                                             \
    HB_SINGLE_1_ENTRY("3")                                                                                             \
    HB_SINGLE_1_ENTRY("4")                                                                                             \
    HB_SINGLE_1_ENTRY("5")                                                                                             \
    HB_SINGLE_1_ENTRY("6")                                                                                             \
    HB_SINGLE_1_ENTRY("7")
#define HB_SINGLES_1_STAIRCASE                                                                                         \
    "smmla %[sum], %[sum], %[x1], %[t]\n"                                                                              \
    "ssat %[sum], #8, %[sum], asr #11\n"
#define HB_SINGLES_1_SHIFTED                                                                                           \
    "ldr.w %[weight], [%[stream]], #4\n"                                                                               \
    "asr.w %[sum], %[sum], #7\n"                                                                                       \
    "add.w %[t], %[t], %[sum], asr #31\n"                                                                              \
    "smmlar %[sum], %[sum], %[x1], %[t]\n"                                                                             \
    "asr.w %[sum], %[sum], %[weight]\n"                                                                                \
    "ssat %[sum], #8, %[sum]\n"
#define HB_SINGLES_1(OUTPUT)                                                                                           \
    __asm volatile(".balign 4\n"                                                                                       \
                   "0:\n"                                                                                              \
                   "ldrb.w %[t], [%[stream], #1]\n"                                                                    \
                   "mov.w %[tile], %[pixel]\n"                                                                         \
                   "mov.w %[sum], #0\n"                                                                                \
                   "cmp.w %[t], #255\n"                                                                                \
                   "beq.w 5f\n" HB_SINGLE_1("0", "5") "ldrb.w %[x0], [%[stream], #6]\n"                                \
                                                      "ldrb.w %[x1], [%[stream], #4]\n"                                \
                                                      "mov.w %[weight], #20\n"                                         \
                                                      "add.w %[stream], %[stream], %[x1]\n"                            \
                                                      "adr.w %[x1], 2f\n"                                              \
                                                      "mls %[x0], %[x0], %[weight], %[x1]\n"                           \
                                                      "mov pc, %[x0]\n"                                                \
                                                      ".balign 4\n"                                                    \
                                                      "1:\n"                                                           \
                                                      "add.w %[stream], %[stream], #16\n" HB_SINGLES_1_ROUND "2:\n"    \
                                                      "cmp.w %[t], #255\n"                                             \
                                                      "bne.w 1b\n"                                                     \
                                                      "ldr.w %[x0], [%[stream], #4]\n"                                 \
                                                      "ldr.w %[x1], [%[stream], #8]\n"                                 \
                                                      "ldr.w %[t], [%[stream], #12]\n"                                 \
                                                      "add.w %[stream], %[stream], #16\n"                              \
                                                      "add.w %[sum], %[x0], %[sum], lsl #8\n" OUTPUT "4:\n"            \
                                                      "strb.w %[sum], [%[out]], #1\n"                                  \
                                                      "b.w 0b\n"                                                       \
                                                      "5:\n"                                                           \
                                                      "ldrh.w %[x0], [%[stream], #2]\n"                                \
                                                      "ldrsb.w %[sum], [%[stream]], #4\n"                              \
                                                      "cmp.w %[x0], #1\n"                                              \
                                                      "blo.w 4b\n"                                                     \
                                                      "beq.w 6f\n"                                                     \
                                                      "ldr.w %[x0], [%[stream]], #4\n"                                 \
                                                      "str.w %[x0], [%[out]]\n"                                        \
                                                      "add.w %[out], %[out], %[sum]\n"                                 \
                                                      "b.w 0b\n"                                                       \
                                                      "6:\n"                                                           \
                   : [sum] "=&r"(sum), [x0] "=&r"(x0), [x1] "=&r"(x1), [weight] "=&r"(weight), [t] "=&r"(t),           \
                     [tile] "=&r"(tile), [stream] "+&r"(stream), [out] "+&r"(out)                                      \
                   : [pixel] "r"(pixel)                                                                                \
                   : "cc", "memory")

/* All output channels of one pixel, whose terms lie one after another. */
HB_KERNEL void hb_singles_1(const int8_t *pixel, const uint8_t *stream, int8_t *out, int staircase)
{
#ifdef __ARM_FEATURE_DSP
    const int8_t *tile;
    int32_t sum, x0, x1, weight, t;
    if (staircase) {
        HB_SINGLES_1(HB_SINGLES_1_STAIRCASE);
    } else {
        HB_SINGLES_1(HB_SINGLES_1_SHIFTED);
    }
#else
    while (stream[1] != HB_SPARSE_END || stream[2] != 1) {
        if (stream[1] == HB_SPARSE_END) {
            out += hb_sparse_alone(stream + 2 * stream[2], stream[0], stream[2], 1, 0, out);
            stream += 4 + 2 * stream[2];
            continue;
        }
        int32_t sum = 0;
        const uint8_t *weight = stream, *gap = stream + 1, *next = stream + 5;
        const uint8_t *other = stream + stream[4] - 2 * stream[6];
        for (const int8_t *x = pixel; *gap != HB_SPARSE_END; weight = other, other += 2) {
            x += *gap;
            sum += *x * (int8_t)*weight;
            gap = next, next = other + 1;
        }
        const uint8_t *const biases = gap == stream + 5 ? stream + stream[4] : gap + 1;
        *out++ = hb_sparse_output(sum, biases + 4, biases + 8, staircase);
        stream = biases + 8 + HB_SPARSE_CONSTANTS(staircase);
    }
#endif
}

/* Four terms of two pixels into a column of a tile: 15 cycles on a Cortex-M4. */
#define HB_SPREAD_TWO(left, right, column)                                                                             \
    "ldr.w %[a], [" left "]\n"                                                                                         \
    "ldr.w %[b], [" right "]\n"                                                                                        \
    "eor.w %[a], %[a], #0x80808080\n"                                                                                  \
    "lsl.w %[t], %[b], #24\n"                                                                                          \
    "uxtab %[t], %[t], %[a]\n"                                                                                         \
    "str.w %[t], [%[tile], #4*" column "]\n"                                                                           \
    "and.w %[t], %[mask], %[b], lsl #16\n"                                                                             \
    "uxtab %[t], %[t], %[a], ror #8\n"                                                                                 \
    "str.w %[t], [%[tile], #4*" column "+16]\n"                                                                        \
    "and.w %[t], %[mask], %[b], lsl #8\n"                                                                              \
    "uxtab %[t], %[t], %[a], ror #16\n"                                                                                \
    "str.w %[t], [%[tile], #4*" column "+32]\n"                                                                        \
    "and.w %[t], %[mask], %[b]\n"                                                                                      \
    "uxtab %[t], %[t], %[a], ror #24\n"                                                                                \
    "str.w %[t], [%[tile], #4*" column "+48]\n"
#define HB_SPREAD_SINGLES                                                                                              \
    __asm volatile(                                                                                                    \
        ".balign 4\n"                                                                                                  \
        "1:\n" HB_SPREAD_TWO("%[even]", "%[odd]", "0")                                                                 \
            HB_SPREAD_TWO("%[even], %[pitch], lsl #1", "%[odd], %[pitch], lsl #1", "1")                                \
                HB_SPREAD_TWO("%[even], %[pitch], lsl #2", "%[odd], %[pitch], lsl #2", "2") HB_SPREAD_TWO(             \
                    "%[even], %[triple], lsl #1", "%[odd], %[triple], lsl #1", "3") "add.w %[even], %[even], #4\n"     \
                                                                                    "add.w %[odd], %[odd], #4\n"       \
                                                                                    "add.w %[tile], %[tile], #64\n"    \
                                                                                    "cmp.w %[even], %[end]\n"          \
                                                                                    "bne.w 1b\n"                       \
        : [even] "+&r"(even), [odd] "+&r"(odd), [tile] "+&r"(tile), [a] "=&r"(a), [b] "=&r"(b), [t] "=&r"(t)           \
        : [pitch] "r"(pitch), [triple] "r"(triple), [mask] "r"(UINT32_C(0xff000000)), [end] "r"(end)                   \
        : "cc", "memory")

/* `count` terms of eight pixels that lie `pitch` bytes apart. */
HB_KERNEL void hb_spread_singles(const int8_t *even, int32_t pitch, int32_t count, uint32_t *tile)
{
#ifdef __ARM_FEATURE_DSP
    if (count >= 4) {
        const int8_t *const end = even + count / 4 * 4, *odd = even + pitch;
        const int32_t triple = 3 * pitch;
        uint32_t a, b, t;
        HB_SPREAD_SINGLES;
    }
    count %= 4;
#endif
    for (; count > 0; count--, even++) {
        for (int32_t i = 0; i < 8; i += 2, tile++) {
            *tile = (uint8_t)(even[i * pitch] + 128) | (uint32_t)(uint8_t)even[(i + 1) * pitch] << 24;
        }
    }
}

/* One copy of each serves all steps of a model, so that its loop stays in the cache of the flash. */
HB_SHARED void hb_singles_8_shifted(const uint32_t *tiles, const uint8_t *stream, int32_t stride, int8_t *out)
{
    hb_singles_8(tiles, stream, stride, out, 0);
}

HB_SHARED void hb_singles_8_staircase(const uint32_t *tiles, const uint8_t *stream, int32_t stride, int8_t *out)
{
    hb_singles_8(tiles, stream, stride, out, 1);
}

HB_SHARED void hb_singles_1_shifted(const int8_t *pixel, const uint8_t *stream, int8_t *out)
{
    hb_singles_1(pixel, stream, out, 0);
}

HB_SHARED void hb_singles_1_staircase(const int8_t *pixel, const uint8_t *stream, int8_t *out)
{
    hb_singles_1(pixel, stream, out, 1);
}

#endif
