/* Sparse int8 weights two at a time, with SMLAD: the loop over streams of `pairs` (hb_sparse.h), and its tiles.
 *
 * A place of a tile are two adjacent terms, the first at an even place of a row of the window, of eight pixels: a word
 * of each, 256 times the first one's activation in its lower half, 256 times the second one's in the upper one. Quads have
 * six places of every four terms: all that two of them make.
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

/* Four terms of a pixel into a column of a tile: 7 cycles on a Cortex-M4, and 6 more for quads. */
#define HB_SPREAD_TWO_WORDS(column) ""
#define HB_SPREAD_SIX_WORDS(column)                                                                                    \
    "str.w %[a], [%[tile], #4*" column "+64]\n"                                                                        \
    "str.w %[b], [%[tile], #4*" column "+96]\n"                                                                        \
    "pkhtb %[t], %[b], %[a]\n"                                                                                         \
    "str.w %[t], [%[tile], #4*" column "+128]\n"                                                                       \
    "pkhtb %[t], %[a], %[b]\n"                                                                                         \
    "str.w %[t], [%[tile], #4*" column "+160]\n"
#define HB_SPREAD_ONE(pixel, column, MORE)                                                                             \
    "ldr.w %[t], [" pixel "]\n"                                                                                        \
    "and.w %[a], %[mask], %[t], lsl #8\n"                                                                              \
    "and.w %[b], %[mask], %[t]\n"                                                                                      \
    "pkhbt %[t], %[a], %[b], lsl #16\n"                                                                                \
    "str.w %[t], [%[tile], #4*" column "]\n"                                                                           \
    "pkhtb %[t], %[b], %[a], asr #16\n"                                                                                \
    "str.w %[t], [%[tile], #4*" column "+32]\n" MORE(column)
#define HB_SPREAD_PAIRS(MORE, size)                                                                                    \
    __asm volatile(                                                                                                    \
        ".balign 4\n"                                                                                                  \
        "1:\n" HB_SPREAD_ONE("%[even]", "0", MORE) HB_SPREAD_ONE("%[odd]", "1", MORE) HB_SPREAD_ONE(                   \
            "%[even], %[pitch], lsl #1", "2", MORE) HB_SPREAD_ONE("%[odd], %[pitch], lsl #1", "3", MORE)               \
            HB_SPREAD_ONE("%[even], %[pitch], lsl #2", "4", MORE) HB_SPREAD_ONE("%[odd], %[pitch], lsl #2", "5", MORE) \
                HB_SPREAD_ONE("%[even], %[triple], lsl #1", "6", MORE)                                                 \
                    HB_SPREAD_ONE("%[odd], %[triple], lsl #1", "7", MORE) "add.w %[even], %[even], #4\n"               \
                                                                          "add.w %[odd], %[odd], #4\n"                 \
                                                                          "add.w %[tile], %[tile], #" size "\n"        \
                                                                          "cmp.w %[even], %[end]\n"                    \
                                                                          "bne.w 1b\n"                                 \
        : [even] "+&r"(even), [odd] "+&r"(odd), [tile] "+&r"(tile), [a] "=&r"(a), [b] "=&r"(b), [t] "=&r"(t)           \
        : [pitch] "r"(pitch), [triple] "r"(triple), [mask] "r"(UINT32_C(0xff00ff00)), [end] "r"(end)                   \
        : "cc", "memory")

/* One to four terms of a pixel into a column of a tile; what is missing is 0. */
HB_KERNEL void hb_spread_four(const int8_t *pixel, int32_t count, int32_t words, uint32_t *tile)
{
    uint32_t bytes = 0;
    memcpy(&bytes, pixel, (size_t)count);
    const uint32_t even = bytes << 8 & 0xff00ff00, odd = bytes & 0xff00ff00;
    tile[0] = (even & 0xffff) | odd << 16;
    tile[8] = even >> 16 | (odd & 0xffff0000);
    if (words == 6) {
        tile[16] = even, tile[24] = odd;
        tile[32] = (even & 0xffff) | (odd & 0xffff0000);
        tile[40] = (odd & 0xffff) | (even & 0xffff0000);
    }
}

/* `count` terms of eight pixels that lie `pitch` bytes apart. What is missing of the last four has weight 0. */
HB_KERNEL void hb_spread_pairs(const int8_t *even, int32_t pitch, int32_t count, int32_t words, uint32_t *tile)
{
#ifdef __ARM_FEATURE_DSP
    if (count >= 4) {
        const int8_t *const end = even + count / 4 * 4, *odd = even + pitch;
        const int32_t triple = 3 * pitch;
        uint32_t a, b, t;
        if (words == 2) {
            HB_SPREAD_PAIRS(HB_SPREAD_TWO_WORDS, "64");
        } else {
            HB_SPREAD_PAIRS(HB_SPREAD_SIX_WORDS, "192");
        }
    }
    count %= 4;
#endif
    for (; count > 0; count -= 4, even += 4, tile += 8 * words) {
        for (int32_t i = 0; i < 8; i++) {
            hb_spread_four(even + i * pitch, count < 4 ? count : 4, words, tile + i);
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
