/* Convolution for cores without SMLAD, in the instructions that every Cortex-M has (Armv6-M): two output channels and
 * three pixels at a time.
 *
 * Activations lie as x + 128 (0 to 255) in halfwords, so that one instruction widens them into a copy, which is what a
 * multiplication that overwrites an operand needs. Of every four bytes, 0 and 2 make a word, then 1 and 3; of a rest of
 * one or two, they make a word; of a rest of three, 0 and 2, then 1. A tile holds a word of each of three pixels, then
 * the next word of each; words of weight 0 fill up to rounds of four. Weights lie in flash as they are read
 * (hilbench/kernels/thumb.py): for every word of a pixel four bytes, the low halfword's weights of both channels, then
 * the high halfword's.
 */
#ifndef HB_THUMB_H
#define HB_THUMB_H

#include <string.h>

#include "hb_requantize.h"

/* One word of two channels and three pixels: 12 products in 49 cycles on a Cortex-M0+. Registers: r1 the tile, r2 the
 * weights, r3 to r5 a word of each pixel, r6 four weights, r0 one of them, r7 a product; the sums are in r8 to r12 and
 * lr, which ADD reaches. Every instruction is a line here: from lines the compiler tells how far its constants may lie.
 */
#define HB_BLOCK_MAC(widened, weight, sum)                                                                             \
    widened "\n"                                                                                                       \
            "muls r7, " weight ", r7\n"                                                                                \
            "add " sum ", r7\n"
#define HB_BLOCK_LOW(weight, first, second, third)                                                                     \
    HB_BLOCK_MAC("uxth r7, r3", weight, first)                                                                         \
    HB_BLOCK_MAC("uxth r7, r4", weight, second)                                                                        \
    HB_BLOCK_MAC("uxth r7, r5", weight, third)
#define HB_BLOCK_HIGH(weight, first, second, third)                                                                    \
    HB_BLOCK_MAC("lsrs r7, r3, #16", weight, first)                                                                    \
    HB_BLOCK_MAC("lsrs r7, r4, #16", weight, second)                                                                   \
    HB_BLOCK_MAC("lsrs r7, r5, #16", weight, third)
#define HB_BLOCK_LOAD                                                                                                  \
    "ldmia r1!, {r3, r4, r5}\n"                                                                                        \
    "ldmia r2!, {r6}\n"                                                                                                \
    "sxtb r0, r6\n"
#define HB_BLOCK_SECOND_WEIGHT                                                                                         \
    "lsls r0, r6, #16\n"                                                                                               \
    "asrs r0, r0, #24\n"
#define HB_BLOCK_THIRD_WEIGHT                                                                                          \
    "lsls r0, r6, #8\n"                                                                                                \
    "asrs r0, r0, #24\n"
#define HB_BLOCK_FOURTH_WEIGHT "asrs r6, r6, #24\n"
#define HB_BLOCK_WORD                                                                                                  \
    HB_BLOCK_LOAD HB_BLOCK_LOW("r0", "r8", "r9", "r10") HB_BLOCK_SECOND_WEIGHT HB_BLOCK_LOW("r0", "r11", "r12", "lr")  \
        HB_BLOCK_THIRD_WEIGHT HB_BLOCK_HIGH("r0", "r8", "r9", "r10")                                                   \
            HB_BLOCK_FOURTH_WEIGHT HB_BLOCK_HIGH("r6", "r11", "r12", "lr")

/* Four words a round. A branch reaches 256 bytes back, or 2 KB without a condition. */
#define HB_BLOCK_LOOP                                                                                                  \
    "1:\n" HB_BLOCK_WORD HB_BLOCK_WORD HB_BLOCK_WORD HB_BLOCK_WORD "ldr r0, %[end]\n"                                  \
    "cmp r1, r0\n"                                                                                                     \
    "beq 2f\n"                                                                                                         \
    "b 1b\n"                                                                                                           \
    "2:\n"

/* The sums of two channels begin with two words. */
#define HB_BLOCK_BEGIN                                                                                                 \
    "ldr r1, %[tile]\n"                                                                                                \
    "ldr r2, %[weights]\n"                                                                                             \
    "ldr r0, %[begin]\n"                                                                                               \
    "ldmia r0!, {r3, r4}\n"                                                                                            \
    "mov r8, r3\n"                                                                                                     \
    "mov r9, r3\n"                                                                                                     \
    "mov r10, r3\n"                                                                                                    \
    "mov r11, r4\n"                                                                                                    \
    "mov r12, r4\n"                                                                                                    \
    "mov lr, r4\n"

/* sums[channel][pixel] of two channels: what they begin with, and the products of `words` words of the tile. */
HB_KERNEL void hb_block_sums(const uint32_t *tile, int32_t words, const int8_t *weights, const int32_t *begin,
                             int32_t sums[2][3])
{
#ifdef __thumb__
    const uint32_t *const end = tile + 3 * words;
    int32_t a0, a1, a2, b0, b1, b2;
    __asm volatile(HB_BLOCK_BEGIN HB_BLOCK_LOOP "mov r0, r8\n"
                                                "mov r1, r9\n"
                                                "mov r2, r10\n"
                                                "mov r3, r11\n"
                                                "mov r4, r12\n"
                                                "mov r5, lr\n"
                                                "str r0, %[a0]\n"
                                                "str r1, %[a1]\n"
                                                "str r2, %[a2]\n"
                                                "str r3, %[b0]\n"
                                                "str r4, %[b1]\n"
                                                "str r5, %[b2]\n"
                   : [a0] "=m"(a0), [a1] "=m"(a1), [a2] "=m"(a2), [b0] "=m"(b0), [b1] "=m"(b1), [b2] "=m"(b2)
                   : [tile] "m"(tile), [weights] "m"(weights), [begin] "m"(begin), [end] "m"(end)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",
                     "memory");
    sums[0][0] = a0, sums[0][1] = a1, sums[0][2] = a2, sums[1][0] = b0, sums[1][1] = b1, sums[1][2] = b2;
#else
    for (int32_t i = 0; i < 6; i++) {
        uint32_t sum = (uint32_t)begin[i / 3];
        for (int32_t word = 0; word < words; word++) {
            const uint32_t pair = tile[3 * word + i % 3];
            const int8_t *weight = weights + 4 * word + i / 3;
            sum += (pair & 0xffff) * (uint32_t)weight[0] + (pair >> 16) * (uint32_t)weight[2];
        }
        sums[i / 3][i % 3] = (int32_t)sum;
    }
#endif
}

/* Requantization in two products of 32 bits, whose constants were solved to give the outputs of hb_requantize_int8 for
 * all sums within reach (hilbench/kernels/twoproducts.py). The sum begins with `begin`, which holds the phase. */
typedef struct {
    int32_t whole, part, addend, shift, kink;
} hb_two_products;

typedef struct {
    int32_t begin[2];
    hb_two_products scale[2];
} hb_pair_channels;

#define HB_TWO_PRODUCTS_SUM_BITS 4
#define HB_TWO_PRODUCTS_PART_BITS 10

HB_KERNEL int8_t hb_two_products_output(int32_t sum, const hb_two_products *scale)
{
    const int32_t part = (sum >> HB_TWO_PRODUCTS_SUM_BITS) * scale->part >> HB_TWO_PRODUCTS_PART_BITS;
    const int32_t kink = sum < 0 ? scale->kink : 0;
    const int32_t scaled = sum * scale->whole + part - kink + scale->addend;
    return (int8_t)(hb_clamp(scaled >> scale->shift, 0, 255) + INT8_MIN);
}

/* The output of a sum in r5, in 18 cycles; r0 to r4 hold the channel's hb_two_products, r6 and r7 are overwritten. */
#define HB_TWO_PRODUCTS_R5                                                                                             \
    "asrs r6, r5, #4\n"                                                                                                \
    "muls r6, r1, r6\n"                                                                                                \
    "asrs r6, r6, #10\n"                                                                                               \
    "asrs r7, r5, #31\n"                                                                                               \
    "ands r7, r4\n"                                                                                                    \
    "muls r5, r0, r5\n"                                                                                                \
    "adds r5, r5, r6\n"                                                                                                \
    "subs r5, r5, r7\n"                                                                                                \
    "adds r5, r5, r2\n"                                                                                                \
    "asrs r5, r3\n"                                                                                                    \
    "asrs r6, r5, #31\n"                                                                                               \
    "bics r5, r6\n"                                                                                                    \
    "movs r6, #255\n"                                                                                                  \
    "subs r6, r6, r5\n"                                                                                                \
    "asrs r6, r6, #31\n"                                                                                               \
    "orrs r5, r6\n"                                                                                                    \
    "subs r5, #128\n"

#define HB_BLOCK_FIRST_OUTPUT(sum, result)                                                                             \
    "mov r5, " sum "\n" HB_TWO_PRODUCTS_R5 "ldr r7, %[" result "]\n"                                                   \
    "strb r5, [r7]\n"
#define HB_BLOCK_SECOND_OUTPUT(sum, result)                                                                            \
    "mov r5, " sum "\n" HB_TWO_PRODUCTS_R5 "ldr r7, %[" result "]\n"                                                   \
    "strb r5, [r7, #1]\n"                                                                                              \
    "adds r7, #2\n"                                                                                                    \
    "str r7, %[" result "]\n"

/* Pairs of channels: for each of them `words` words of weights. */
typedef struct {
    const int8_t *weights;
    const hb_pair_channels *channels;
    int32_t words, pairs;
} hb_block_weights;

/* All outputs of three pixels, which lie at `result`. */
HB_SHARED void hb_block_outputs(const uint32_t *tile, int8_t *const result[3], const hb_block_weights *w)
{
#ifdef __thumb__
    const int8_t *weights = w->weights;
    const hb_pair_channels *channels = w->channels;
    const uint32_t *const end = tile + 3 * w->words;
    int8_t *first = result[0], *second = result[1], *third = result[2];
    for (int32_t pairs = w->pairs; pairs > 0; pairs--) {
        __asm volatile(
            HB_BLOCK_BEGIN HB_BLOCK_LOOP
            "str r2, %[weights]\n"
            "ldr r5, %[begin]\n"
            "adds r5, #8\n"
            "ldmia r5!, {r0, r1, r2, r3, r4}\n"
            "str r5, %[begin]\n" HB_BLOCK_FIRST_OUTPUT("r8", "first") HB_BLOCK_FIRST_OUTPUT("r9", "second")
                HB_BLOCK_FIRST_OUTPUT("r10", "third") "ldr r5, %[begin]\n"
                                                      "ldmia r5!, {r0, r1, r2, r3, r4}\n"
                                                      "str r5, %[begin]\n" HB_BLOCK_SECOND_OUTPUT("r11", "first")
                                                          HB_BLOCK_SECOND_OUTPUT("r12", "second")
                                                              HB_BLOCK_SECOND_OUTPUT("lr", "third")
            : [weights] "+m"(weights), [begin] "+m"(channels), [first] "+m"(first), [second] "+m"(second),
              [third] "+m"(third)
            : [tile] "m"(tile), [end] "m"(end)
            : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
    }
#else
    for (int32_t pair = 0; pair < w->pairs; pair++) {
        const hb_pair_channels *channels = &w->channels[pair];
        int32_t sums[2][3];
        hb_block_sums(tile, w->words, w->weights + 4 * w->words * pair, channels->begin, sums);
        for (int32_t i = 0; i < 6; i++) {
            result[i % 3][2 * pair + i / 3] = hb_two_products_output(sums[i / 3][i % 3], &channels->scale[i / 3]);
        }
    }
#endif
}

/* Bytes 0 and 2 of a word, as x + 128, in halfwords; those of 1 and 3 lie eight bits further up. */
#define HB_PAIR_MASK UINT32_C(0x00ff00ff)
#define HB_PAIR_SIGNS UINT32_C(0x80808080)

/* `count` bytes of one pixel become words of a tile; returns where the next word goes. */
HB_KERNEL uint32_t *hb_block_widen(const int8_t *bytes, int32_t count, uint32_t *tile)
{
    int32_t i = 0;
    if (((uintptr_t)bytes & 3) == 0) {
#pragma GCC unroll 4
        for (; i < count / 4 * 4; i += 4, tile += 6) {
            uint32_t word;
            memcpy(&word, __builtin_assume_aligned(bytes + i, 4), sizeof word);
            word ^= HB_PAIR_SIGNS;
            tile[0] = word & HB_PAIR_MASK, tile[3] = word >> 8 & HB_PAIR_MASK;
        }
    } else {
        for (; i < count / 4 * 4; i += 4, tile += 6) {
            tile[0] = (uint32_t)(bytes[i] + 128) | (uint32_t)(bytes[i + 2] + 128) << 16;
            tile[3] = (uint32_t)(bytes[i + 1] + 128) | (uint32_t)(bytes[i + 3] + 128) << 16;
        }
    }
    if (count % 4 != 0) {
        const int32_t second = count % 4 == 3 ? i + 2 : i + 1;
        tile[0] = (uint32_t)(bytes[i] + 128) | (count % 4 > 1 ? (uint32_t)(bytes[second] + 128) << 16 : 0);
        tile += 3;
    }
    if (count % 4 == 3) {
        tile[0] = (uint32_t)(bytes[i + 1] + 128);
        tile += 3;
    }
    return tile;
}

#endif
