/* Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, section 4.1) in integers: a tile of 6x6 inputs is
 * transformed into 36 places, each is multiplied by the transformed weight of its place, and the products, summed over
 * the channels, are transformed into 4x4 outputs: 36 products instead of 144.
 *
 * All of it is exact. Inputs are x + 128, from 0 to 255, also where there is padding; what that is away from x +
 * input_offset goes into the bias. Transformed inputs and weights fit 16 bits, and sums are right modulo 2^32. They are
 * 576 times the outputs' sums; a multiplication modulo 2^32 makes that 128, for the staircase, or 64
 * (nine has an inverse). hilbench/kernels/winograd.py makes the constants.
 *
 * F(1x4, hx3) transforms rows only, and sums the products over rows as well: six products instead of twelve, 24 times the
 * sums.
 *
 * Four tiles make a block. Of each place a word (two channels) of tile 0 is followed by those of tiles 1 to 3, then comes
 * the next word; of weights a word of one output channel is followed by that of the next output channel.
 */
#ifndef HB_WINOGRAD_H
#define HB_WINOGRAD_H

#include "hb_conv.h"
#include "hb_dsp.h"

#define HB_WINOGRAD_PLACES 36
#define HB_WINOGRAD_ROW_PLACES 6

/* Words of a place, filled up to rounds of the inner loop. */
#define HB_WINOGRAD_WORDS(channels) (((channels) + 15) / 16 * 8)

/* One word of two output channels and four tiles: 16 products in 16 cycles on a Cortex-M4. */
/* clang-format off */
#define HB_WINOGRAD_WORD(MULTIPLY)                                                                                     \
    "ldr.w r12, [r1, #8 * hb_word]\n"                                                                                  \
    "ldr.w lr, [r1, #8 * hb_word + 4]\n"                                                                               \
    "ldr.w r2, [r0, #16 * hb_word]\n"                                                                                  \
    "ldr.w r3, [r0, #16 * hb_word + 4]\n"                                                                              \
    MULTIPLY("r4", "r2", "r12")                                                                                        \
    MULTIPLY("r8", "r2", "lr")                                                                                         \
    MULTIPLY("r5", "r3", "r12")                                                                                        \
    MULTIPLY("r9", "r3", "lr")                                                                                         \
    "ldr.w r2, [r0, #16 * hb_word + 8]\n"                                                                              \
    "ldr.w r3, [r0, #16 * hb_word + 12]\n"                                                                             \
    MULTIPLY("r6", "r2", "r12")                                                                                        \
    MULTIPLY("r10", "r2", "lr")                                                                                        \
    MULTIPLY("r7", "r3", "r12")                                                                                        \
    MULTIPLY("r11", "r3", "lr")                                                                                        \
    ".set hb_word, hb_word + 1\n"
#define HB_WINOGRAD_FIRST(sum, x, w) "smuad " sum ", " x ", " w "\n"
#define HB_WINOGRAD_NEXT(sum, x, w) "smlad " sum ", " x ", " w ", " sum "\n"

/* Registers: r0 inputs, r1 weights, r2 and r3 two tiles' words, r12 and lr two channels' weights, r4 to r11 the sums. */
#define HB_WINOGRAD_PRODUCTS                                                                                           \
    "ldr r0, %[tiles]\n"                                                                                               \
    "ldr r1, %[weights]\n"                                                                                             \
    ".balign 4\n"                                                                                                      \
    "0:\n"                                                                                                             \
    ".set hb_word, 0\n"                                                                                                \
    HB_WINOGRAD_WORD(HB_WINOGRAD_FIRST)                                                                                \
    "1:\n"                                                                                                             \
    HB_TWICE(HB_TWICE(HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT)))                                                             \
    HB_TWICE(HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT))                                                                       \
    HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT)                                                                                 \
    "ldr.w r2, %[last_word]\n"                                                                                         \
    "add.w r0, r0, #128\n"                                                                                             \
    "add.w r1, r1, #64\n"                                                                                              \
    "cmp.w r1, r2\n"                                                                                                   \
    "bne.w 2f\n"                                                                                                       \
    "ldr.w r3, %[step]\n"                                                                                              \
    "ldr.w r12, %[sums]\n"                                                                                             \
    "ldr.w lr, %[end]\n"                                                                                               \
    "add.w r2, r2, r3\n"                                                                                               \
    "stmia.w r12!, {r4-r11}\n"                                                                                         \
    "str.w r2, %[last_word]\n"                                                                                         \
    "str.w r12, %[sums]\n"                                                                                             \
    "cmp.w r12, lr\n"                                                                                                  \
    "bne.w 0b\n"                                                                                                       \
    "b.w 3f\n"                                                                                                         \
    "2:\n"                                                                                                             \
    ".set hb_word, 0\n"                                                                                                \
    HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT)                                                                                 \
    "b.w 1b\n"                                                                                                         \
    "3:\n"
/* clang-format on */

/* Sums of the products of two output channels and a block, `words` words a place, a multiple of eight: of each place the
 * four tiles' sums of the first channel, then those of the second. */
HB_SHARED void hb_winograd_products(const uint32_t *tiles, const uint32_t *weights, int32_t words, int32_t places,
                                    int32_t *sums)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t step = 8 * words;
    const uint32_t *last_word = weights + 2 * words;
    const int32_t *const end = sums + 8 * places;
    __asm volatile(HB_WINOGRAD_PRODUCTS
                   : [sums] "+m"(sums), [last_word] "+m"(last_word)
                   : [tiles] "m"(tiles), [weights] "m"(weights), [step] "m"(step), [end] "m"(end)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",
                     "memory");
#else
    for (int32_t place = 0; place < places; place++, tiles += 4 * words, weights += 2 * words) {
        for (int32_t i = 0; i < 8; i++) {
            int32_t sum = 0;
            for (int32_t word = 0; word < words; word++) {
                sum = hb_smlad(tiles[4 * word + i % 4], weights[2 * word + i / 4], sum);
            }
            *sums++ = sum;
        }
    }
#endif
}

#endif
