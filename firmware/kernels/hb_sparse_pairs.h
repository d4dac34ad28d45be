/* Sparse int8 weights on cores with SMLAD, two at a time: the loops over streams of `pairs` (hb_sparse.h), and their
 * tiles. */
#ifndef HB_SPARSE_PAIRS_H
#define HB_SPARSE_PAIRS_H

#include "hb_sparse.h"

/* One entry of two products with eight pixels, 23 cycles on a Cortex-M4. `t` is the entry and then the next one; the
 * products are added as those of a single are. */
#define HB_PAIR_8(next_at, b0, b1, b2, b3, b4, b5, b6)                                                                 \
    "ubfx.w %[x0], %[t], #8, #8\n"                                                                                     \
    "sxtb16.w %[weight], %[t]\n"                                                                                       \
    "add.w %[tile], %[tile], %[x0], lsl #5\n"                                                                          \
    "ldr.w %[x0], [%[tile]]\n"                                                                                         \
    "ldr.w %[x1], [%[tile], #4]\n"                                                                                     \
    "ldr.w %[t], [%[tile], #8]\n"                                                                                      \
    "smlad %[a0], %[x0], %[weight], %[" b0 "]\n"                                                                       \
    "smlad %[a1], %[x1], %[weight], %[" b1 "]\n"                                                                       \
    "smlad %[a2], %[t], %[weight], %[" b2 "]\n"                                                                        \
    "ldr.w %[x0], [%[tile], #12]\n"                                                                                    \
    "ldr.w %[x1], [%[tile], #16]\n"                                                                                    \
    "ldr.w %[t], [%[tile], #20]\n"                                                                                     \
    "smlad %[a3], %[x0], %[weight], %[" b3 "]\n"                                                                       \
    "smlad %[a4], %[x1], %[weight], %[" b4 "]\n"                                                                       \
    "smlad %[a5], %[t], %[weight], %[" b5 "]\n"                                                                        \
    "ldr.w %[x0], [%[tile], #24]\n"                                                                                    \
    "ldr.w %[x1], [%[tile], #28]\n"                                                                                    \
    "ldr.w %[t], [%[stream], #" next_at "]\n"                                                                          \
    "smlad %[a6], %[x0], %[weight], %[" b6 "]\n"                                                                       \
    "smlad %[a7], %[x1], %[weight], %[a7]\n"
#define HB_PAIR_8_ENTRY(place) HB_PAIR_8("4*" place "-32", "a0", "a1", "a2", "a3", "a4", "a5", "a6")
#define HB_PAIRS_MORE "cmp.w %[t], #0\n"
#define HB_PAIRS_JUMP "ldrb.w %[x0], [%[stream], #-5]\n"
#define HB_PAIRS_8                                                                                                     \
    "ldr.w %[tile], %[tiles]\n"                                                                                        \
    "ldr.w %[a7], [%[stream]]\n"                                                                                       \
    "ldr.w %[t], [%[stream], #4]\n"                                                                                    \
    "add.w %[stream], %[stream], #8\n"                                                                                 \
    "cmp.w %[t], #0\n"                                                                                                 \
    "beq.w 5f\n" HB_PAIR_8("0", "a7", "a7", "a7", "a7", "a7", "a7",                                                    \
                           "a7") "add.w %[stream], %[stream], #4\n" HB_SPARSE_ROUNDS(HB_PAIR_8_ENTRY, "2", "80",       \
                                                                                     HB_PAIRS_JUMP, HB_PAIRS_MORE)

/* All output channels of the eight pixels of a tile, which has eight words in each place, two terms of each pixel. */
HB_KERNEL void hb_pairs_8(const uint32_t *tiles, const uint8_t *stream, int32_t channels, int32_t stride, int8_t *out,
                          int staircase)
{
    const int8_t *const end = out + channels;
#ifdef __ARM_FEATURE_DSP
    const uint32_t *tile;
    int32_t a0, a1, a2, a3, a4, a5, a6, a7, x0, x1, weight, t;
    if (staircase) {
        HB_SPARSE_TILE(HB_PAIRS_8, HB_SPARSE_STAIRCASE_CONSTANTS, HB_SPARSE_STAIRCASE_OUTPUT);
    } else {
        HB_SPARSE_TILE(HB_PAIRS_8, HB_SPARSE_DOUBLED_CONSTANTS, HB_SPARSE_DOUBLED_OUTPUT);
    }
#else
    for (; out < end; out++) {
        int32_t sums[8] = {0};
        const uint8_t *entry = stream + 4;
        if (hb_load32(entry) == 0) {
            for (int32_t i = 0; i < 8; i++) {
                out[i * stride] = (int8_t)stream[0];
            }
            stream += 8;
            continue;
        }
        for (const uint32_t *x = tiles; hb_load32(entry) != 0; entry += 4) {
            const uint32_t word = hb_load32(entry);
            x += 8 * (word >> 8 & 255);
            for (int32_t i = 0; i < 8; i++) {
                sums[i] = hb_smlad(x[i], hb_sxtb16(word), sums[i]);
            }
        }
        const hb_dsp_channel channel = hb_sparse_constants(stream, entry + 4, staircase, &stream);
        for (int32_t i = 0; i < 8; i++) {
            const uint32_t sum = (uint32_t)channel.bias + (uint32_t)sums[i];
            out[i * stride] = hb_sparse_output((int32_t)sum, channel, staircase);
        }
    }
#endif
}

/* Four terms of a pixel into a tile of eight, the first of which it is: `words` is 2 or 6. */
HB_KERNEL void hb_spread_four(uint32_t terms, int32_t bits, int32_t words, uint32_t *tile)
{
    const uint32_t even = hb_widen_pair(terms ^ 0x80808080, 128, bits);
    const uint32_t odd = hb_widen_pair((terms ^ 0x80808080) >> 8, 128, bits);
    tile[0] = (even & 0xffff) | odd << 16;
    tile[8] = even >> 16 | (odd & 0xffff0000);
    if (words == 6) {
        tile[16] = even, tile[24] = odd;
        tile[32] = (even & 0xffff) | (odd & 0xffff0000);
        tile[40] = (odd & 0xffff) | (even & 0xffff0000);
    }
}

#define HB_SPREAD_PAIRS(even_by, odd_by, QUADS, size)                                                                  \
    __asm volatile("1:\n"                                                                                              \
                   "ldr.w %[t], [%[pixel]], #4\n"                                                                      \
                   "eor.w %[t], %[t], #0x80808080\n"                                                                   \
                   "and.w %[even], %[mask], %[t], lsl #" even_by "\n"                                                  \
                   "and.w %[odd], %[mask], %[t], lsr #" odd_by "\n"                                                    \
                   "pkhbt %[t], %[even], %[odd], lsl #16\n"                                                            \
                   "str.w %[t], [%[tile]]\n"                                                                           \
                   "pkhtb %[t], %[odd], %[even], asr #16\n"                                                            \
                   "str.w %[t], [%[tile], #32]\n" QUADS "add.w %[tile], %[tile], #" size "\n"                          \
                   "cmp.w %[pixel], %[end]\n"                                                                          \
                   "bne.w 1b\n"                                                                                        \
                   : [pixel] "+&r"(pixel), [tile] "+&r"(tile), [even] "=&r"(even), [odd] "=&r"(odd), [t] "=&r"(t)      \
                   : [mask] "r"(UINT32_C(0x00ff00ff) << bits), [end] "r"(end)                                          \
                   : "cc", "memory")
#define HB_SPREAD_QUADS                                                                                                \
    "str.w %[even], [%[tile], #64]\n"                                                                                  \
    "str.w %[odd], [%[tile], #96]\n"                                                                                   \
    "pkhtb %[t], %[odd], %[even]\n"                                                                                    \
    "str.w %[t], [%[tile], #128]\n"                                                                                    \
    "pkhtb %[t], %[even], %[odd]\n"                                                                                    \
    "str.w %[t], [%[tile], #160]\n"

/* `count` terms of a pixel into a tile of eight, the first of which it is. What is missing of four has weight 0. */
HB_KERNEL void hb_spread_pairs(const int8_t *pixel, int32_t count, int32_t bits, int32_t words, uint32_t *tile)
{
    const int8_t *const end = pixel + count / 4 * 4;
#ifdef __ARM_FEATURE_DSP
    uint32_t even, odd, t;
    if (count < 4) {
    } else if (bits == HB_STAIRCASE && words == 2) {
        HB_SPREAD_PAIRS("7", "1", "", "64");
    } else if (bits == HB_STAIRCASE) {
        HB_SPREAD_PAIRS("7", "1", HB_SPREAD_QUADS, "192");
    } else if (words == 2) {
        HB_SPREAD_PAIRS("1", "7", "", "64");
    } else {
        HB_SPREAD_PAIRS("1", "7", HB_SPREAD_QUADS, "192");
    }
#else
    for (; pixel != end; pixel += 4, tile += 8 * words) {
        hb_spread_four(hb_load32(pixel), bits, words, tile);
    }
#endif
    if (count % 4 != 0) {
        uint32_t rest = 0;
        memcpy(&rest, pixel, (size_t)(count % 4));
        hb_spread_four(rest, bits, words, tile);
    }
}

/* One copy of each serves all steps of a model, so that its loop stays in the cache of the flash. */
HB_SHARED void hb_pairs_8_doubled(const uint32_t *tiles, const uint8_t *stream, int32_t channels, int32_t stride,
                                  int8_t *out)
{
    hb_pairs_8(tiles, stream, channels, stride, out, 0);
}

HB_SHARED void hb_pairs_8_staircase(const uint32_t *tiles, const uint8_t *stream, int32_t channels, int32_t stride,
                                    int8_t *out)
{
    hb_pairs_8(tiles, stream, channels, stride, out, 1);
}

#endif
