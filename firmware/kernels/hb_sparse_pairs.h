/* Sparse int8 weights two at a time, with SMLAD: the loop over streams of `pairs` (hb_sparse.h), and its tiles.
 *
 * A place of a tile are two adjacent terms, the first at an even place of a row of the window, of eight pixels: a word
 * of each, 256 times the first one's activation in its lower half, 256 times the second one's in the upper one.
 */
#ifndef HB_SPARSE_PAIRS_H
#define HB_SPARSE_PAIRS_H

#include "hb_sparse.h"

/* One entry of two products with eight pixels, 23 cycles on a Cortex-M4. r11 is the entry and then the next one. The
 * first one of a channel adds its products to the bias, in r7, others (b0 to b6 = r0 to r6) to the sums. */
#define HB_PAIR_8(next_at, b0, b1, b2, b3, b4, b5, b6)                                                                 \
    "ubfx.w r8, r11, #8, #8\n"                                                                                         \
    "sxtb16.w r10, r11\n"                                                                                              \
    "add.w r12, r12, r8, lsl #5\n"                                                                                     \
    "ldr.w r8, [r12]\n"                                                                                                \
    "ldr.w r9, [r12, #4]\n"                                                                                            \
    "ldr.w r11, [r12, #8]\n"                                                                                           \
    "smlad r0, r8, r10, " b0 "\n"                                                                                      \
    "smlad r1, r9, r10, " b1 "\n"                                                                                      \
    "smlad r2, r11, r10, " b2 "\n"                                                                                     \
    "ldr.w r8, [r12, #12]\n"                                                                                           \
    "ldr.w r9, [r12, #16]\n"                                                                                           \
    "ldr.w r11, [r12, #20]\n"                                                                                          \
    "smlad r3, r8, r10, " b3 "\n"                                                                                      \
    "smlad r4, r9, r10, " b4 "\n"                                                                                      \
    "smlad r5, r11, r10, " b5 "\n"                                                                                     \
    "ldr.w r8, [r12, #24]\n"                                                                                           \
    "ldr.w r9, [r12, #28]\n"                                                                                           \
    "ldr.w r11, [lr, #" next_at "]\n"                                                                                  \
    "smlad r6, r8, r10, " b6 "\n"                                                                                      \
    "smlad r7, r9, r10, r7\n"
#define HB_PAIR_8_ENTRY(place) HB_PAIR_8("4*" place "-32", "r0", "r1", "r2", "r3", "r4", "r5", "r6")
#define HB_PAIRS_MORE "cmp.w r11, #0\n"
#define HB_PAIRS_HEAD                                                                                                  \
    "ldr.w r11, [lr]\n"                                                                                                \
    "ldr.w r12, %[tiles]\n"
#define HB_PAIRS_8                                                                                                     \
    "ldr.w r7, [lr, #8]\n" HB_PAIR_8("12", "r7", "r7", "r7", "r7", "r7", "r7",                                         \
                                     "r7") "ldrh.w r8, [lr, #4]\n"                                                     \
                                           "ldrb.w r9, [lr, #6]\n" HB_SPARSE_ROUNDS(HB_PAIR_8_ENTRY, "2", "80",        \
                                                                                    HB_PAIRS_MORE)

/* All output channels of the eight pixels of a tile. Pixel i of a channel goes to out[i * stride]. */
HB_KERNEL void hb_pairs_8(const uint32_t *tiles, const uint8_t *stream, int32_t stride, int8_t *out, int staircase)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t triple = 3 * stride;
    if (staircase) {
        HB_SPARSE_TILE(HB_PAIRS_HEAD, HB_PAIRS_MORE, HB_PAIRS_8,
                       "ldmia.w lr!, {r10, r11}\n" HB_SPARSE_OUTPUTS(HB_SPARSE_STAIRCASE, HB_PAIRS_HEAD, HB_PAIRS_MORE,
                                                                     "7", "4", "8"));
    } else {
        HB_SPARSE_TILE(HB_PAIRS_HEAD, HB_PAIRS_MORE, HB_PAIRS_8,
                       "ldmia.w lr!, {r10, r11}\n" HB_SPARSE_SHIFT HB_SPARSE_OUTPUTS(HB_SPARSE_SHIFTED, HB_PAIRS_HEAD,
                                                                                     HB_PAIRS_MORE, "7", "4", "8"));
    }
#else
    while (hb_load32(stream) != 0 || stream[4] != 1) {
        if (hb_load32(stream) == 0) {
            out += hb_sparse_alone(stream + 7 + stream[4] / 2, stream[7], stream[4], 8, stride, out);
            stream += 8 + 2 * stream[4];
            continue;
        }
        uint32_t sums[8] = {0}, word = hb_load32(stream);
        const uint8_t *entry = stream + 8;
        for (const uint32_t *x = tiles; word != 0; word = hb_load32(entry)) {
            x += 8 * (word >> 8 & 255);
            for (int32_t i = 0; i < 8; i++) {
                sums[i] = (uint32_t)hb_smlad(x[i], hb_sxtb16(word), (int32_t)sums[i]);
            }
            entry += 4;
        }
        for (int32_t i = 0; i < 8; i++) {
            out[i * stride] = hb_sparse_output((int32_t)sums[i] / 256, stream + 8, entry + 4, staircase);
        }
        stream = entry + 4 + HB_SPARSE_CONSTANTS(staircase);
        out++;
    }
#endif
}

/* Four terms of a pixel into a column of a tile: 7 cycles on a Cortex-M4. */
#define HB_SPREAD_ONE(pixel, column)                                                                                   \
    "ldr.w %[t], [" pixel "]\n"                                                                                        \
    "and.w %[a], %[mask], %[t], lsl #8\n"                                                                              \
    "and.w %[b], %[mask], %[t]\n"                                                                                      \
    "pkhbt %[t], %[a], %[b], lsl #16\n"                                                                                \
    "str.w %[t], [%[tile], #4*" column "]\n"                                                                           \
    "pkhtb %[t], %[b], %[a], asr #16\n"                                                                                \
    "str.w %[t], [%[tile], #4*" column "+32]\n"
#define HB_SPREAD_PAIRS                                                                                                \
    __asm volatile(                                                                                                    \
        ".balign 4\n"                                                                                                  \
        "1:\n" HB_SPREAD_ONE("%[even]", "0") HB_SPREAD_ONE("%[odd]", "1")                                              \
            HB_SPREAD_ONE("%[even], %[pitch], lsl #1", "2") HB_SPREAD_ONE("%[odd], %[pitch], lsl #1", "3")             \
                HB_SPREAD_ONE("%[even], %[pitch], lsl #2", "4") HB_SPREAD_ONE("%[odd], %[pitch], lsl #2", "5")         \
                    HB_SPREAD_ONE("%[even], %[triple], lsl #1", "6")                                                   \
                        HB_SPREAD_ONE("%[odd], %[triple], lsl #1", "7") "add.w %[even], %[even], #4\n"                 \
                                                                        "add.w %[odd], %[odd], #4\n"                   \
                                                                        "add.w %[tile], %[tile], #64\n"                \
                                                                        "cmp.w %[even], %[end]\n"                      \
                                                                        "bne.w 1b\n"                                   \
        : [even] "+&r"(even), [odd] "+&r"(odd), [tile] "+&r"(tile), [a] "=&r"(a), [b] "=&r"(b), [t] "=&r"(t)           \
        : [pitch] "r"(pitch), [triple] "r"(triple), [mask] "r"(UINT32_C(0xff00ff00)), [end] "r"(end)                   \
        : "cc", "memory")

/* `count` terms of eight pixels that lie `pitch` bytes apart. What is missing of the last four has weight 0. */
HB_KERNEL void hb_spread_pairs(const int8_t *even, int32_t pitch, int32_t count, uint32_t *tile)
{
    const int8_t *const end = even + count / 4 * 4;
#ifdef __ARM_FEATURE_DSP
    if (count >= 4) {
        const int8_t *odd = even + pitch;
        const int32_t triple = 3 * pitch;
        uint32_t a, b, t;
        HB_SPREAD_PAIRS;
    }
    count %= 4;
#else
    (void)end;
#endif
    for (; count > 0; count -= 2, even += 2) {
        for (int32_t i = 0; i < 8; i++, tile++) {
            const uint32_t second = count > 1 ? (uint8_t)even[i * pitch + 1] : 0;
            *tile = (uint32_t)(uint8_t)even[i * pitch] << 8 | second << 24;
        }
    }
}

/* One copy of each serves all steps of a model, so that its loop stays in the cache of the flash. */
HB_SHARED void hb_pairs_8_shifted(const uint32_t *tiles, const uint8_t *stream, int32_t stride, int8_t *out)
{
    hb_pairs_8(tiles, stream, stride, out, 0);
}

HB_SHARED void hb_pairs_8_staircase(const uint32_t *tiles, const uint8_t *stream, int32_t stride, int8_t *out)
{
    hb_pairs_8(tiles, stream, stride, out, 1);
}

#endif
