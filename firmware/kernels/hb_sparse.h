/* Sparse int8 weights on cores with SMLAL and SMLAD: streams of entries, and what is made of sums. hb_sparse_singles.h
 * has the loops over single weights, hb_sparse_pairs.h those over two at a time (pairs and quads).
 *
 * A stream holds, output channel by output channel and each in whole words:
 *
 *     singles   bytes: weight, gap; halfword: enter; bytes: skip, gap, count, then, filled up at the front to whole
 *               words, weight, gap, weight, gap, ... 255; words: lower and upper bias, multiplier, addend, shift
 *     pairs     bytes: weight, gap, weight, 0; halfword: enter; bytes: skip, output; words: bias, then entries as the
 *               first one, 0, multiplier, addend, shift
 *
 * A gap is the distance from the entry before (from the first place of a tile for the first one), in places of a tile;
 * a longer one is bridged by entries of weight 0. 255, or an entry 0, ends a channel. Its first entry stands at its
 * head; of the others `count`, 0 to 8, are left for the first round of the loop. `enter` is where in that round's code
 * these are, and `skip` how far the stream goes to the end of them. Of a channel without entries there is its output in
 * the place of the first weight, or beside `skip`, and `enter` is 0. Where `enter` is 2 four outputs follow in a word, and
 * in the place of one stands how many of them are of channels without entries; the others are written again. Where it is
 * 1 the stream ends.
 *
 * Sums become int8 as those of packed weights do (hb_packed.h): 256 times the sum, modulo 2^32, with a bias that holds
 * what offsets of the input are left. Where outputs are staircases there is no shift. hilbench/kernels/sparse.py writes
 * streams.
 */
#ifndef HB_SPARSE_H
#define HB_SPARSE_H

#include "hb_packed.h"

#define HB_SPARSE_END 255

/* Entries of a channel after its first one: eight a round, of 1 << `log` bytes and of `size` bytes of code each. r8 is
 * where the first round is entered, r9 how far the stream goes to its end, so that entries have the same places in every
 * round. MORE leaves the flags at "ne" if there are more. */
#define HB_SPARSE_ROUNDS(ENTRY, log, size, MORE)                                                                       \
    "add.w lr, lr, r9\n"                                                                                               \
    ".balign 4\n"                                                                                                      \
    "add pc, r8\n"                                                                                                     \
    "nop\n"                                                                                                            \
    "1:\n"                                                                                                             \
    "add.w lr, lr, #8<<" log "\n" ENTRY("0") ENTRY("1") ENTRY("2") ENTRY("3") ENTRY("4") ENTRY("5") ENTRY("6")         \
        ENTRY("7") "2:\n" MORE "bne.w 1b\n"                                                                            \
                   ".if 2b - 1b - 4 - 8 * " size "\n"                                                                  \
                   ".error \"an entry has another length\"\n"                                                          \
                   ".endif\n"

/* 256 times a sum to int8, with the multiplier in r10, the addend in r11, and the shift in r8; r9 is free. */
#define HB_SPARSE_STAIRCASE(sum)                                                                                       \
    "smmla " sum ", " sum ", r10, r11\n"                                                                               \
    "ssat " sum ", #8, " sum ", asr #11\n"
#define HB_SPARSE_SHIFTED(sum)                                                                                         \
    "asr.w " sum ", " sum ", #7\n"                                                                                     \
    "add.w r9, r11, " sum ", asr #31\n"                                                                                \
    "smmlar " sum ", " sum ", r10, r9\n"                                                                               \
    "asr.w " sum ", " sum ", r8\n"                                                                                     \
    "ssat " sum ", #8, " sum "\n"
#define HB_SPARSE_SHIFT "ldr.w r8, [lr], #4\n"

/* Where the outputs of a channel go: at r8 for the first pixel, and r9 bytes on for the next one; r10 is three times
 * that. HEAD loads what comes next of the stream. */
#define HB_SPARSE_PLACES(HEAD)                                                                                         \
    "ldr.w r8, %[out]\n"                                                                                               \
    "ldr.w r9, %[stride]\n"                                                                                            \
    "ldr.w r10, %[triple]\n" HEAD

/* Eight sums to int8, stored; then the next channel with entries, from 0 on. At 5 is what has none: `output` and `enter`
 * are where these lie, of `size` bytes. Four outputs at once are stored at 7. The stream ends at 6. */
#define HB_SPARSE_OUTPUTS(OUTPUT, HEAD, MORE, output, enter, size)                                                     \
    OUTPUT("r0")                                                                                                       \
    OUTPUT("r1")                                                                                                       \
    OUTPUT("r2")                                                                                                       \
    OUTPUT("r3")                                                                                                       \
    OUTPUT("r4")                                                                                                       \
    OUTPUT("r5")                                                                                                       \
    OUTPUT("r6")                                                                                                       \
    OUTPUT("r7")                                                                                                       \
    "4:\n" HB_SPARSE_PLACES(HEAD) "strb.w r1, [r8, r9]\n"                                                              \
                                  "add.w r1, r8, r9\n"                                                                 \
                                  "strb.w r2, [r8, r9, lsl #1]\n"                                                      \
                                  "strb.w r3, [r8, r10]\n"                                                             \
                                  "strb.w r4, [r8, r9, lsl #2]\n"                                                      \
                                  "strb.w r5, [r1, r9, lsl #2]\n"                                                      \
                                  "strb.w r6, [r8, r10, lsl #1]\n"                                                     \
                                  "strb.w r7, [r1, r10, lsl #1]\n"                                                     \
                                  "strb.w r0, [r8], #1\n"                                                              \
                                  "str.w r8, %[out]\n" MORE "bne.w 0b\n"                                               \
                                  "5:\n"                                                                               \
                                  "ldrh.w r8, [lr, #" enter "]\n"                                                      \
                                  "ldrsb.w r0, [lr, #" output "]\n"                                                    \
                                  "add.w lr, lr, #" size "\n"                                                          \
                                  "cmp.w r8, #1\n"                                                                     \
                                  "beq.w 6f\n"                                                                         \
                                  "bhi.w 7f\n"                                                                         \
                                  "mov.w r1, r0\n"                                                                     \
                                  "mov.w r2, r0\n"                                                                     \
                                  "mov.w r3, r0\n"                                                                     \
                                  "mov.w r4, r0\n"                                                                     \
                                  "mov.w r5, r0\n"                                                                     \
                                  "mov.w r6, r0\n"                                                                     \
                                  "mov.w r7, r0\n"                                                                     \
                                  "b.w 4b\n"                                                                           \
                                  "7:\n"                                                                               \
                                  "ldr.w r2, [lr], #4\n" HB_SPARSE_PLACES(HEAD) "str.w r2, [r8, r9]\n"                 \
                                                                                "add.w r1, r8, r9\n"                   \
                                                                                "str.w r2, [r8, r9, lsl #1]\n"         \
                                                                                "str.w r2, [r8, r10]\n"                \
                                                                                "str.w r2, [r8, r9, lsl #2]\n"         \
                                                                                "str.w r2, [r1, r9, lsl #2]\n"         \
                                                                                "str.w r2, [r8, r10, lsl #1]\n"        \
                                                                                "str.w r2, [r1, r10, lsl #1]\n"        \
                                                                                "str.w r2, [r8]\n"                     \
                                                                                "add.w r8, r8, r0\n"                   \
                                                                                "str.w r8, %[out]\n" MORE "bne.w 0b\n" \
                                                                                "b.w 5b\n"                             \
                                                                                "6:\n"

/* All channels of a stream. r0 to r7 are the sums, r8 and r9 words of pixels, r10 weights, r11 gap or entry, r12 points
 * into the tile and lr into the stream: all fourteen registers. What is not needed within a round is on the stack. */
#define HB_SPARSE_TILE(HEAD, MORE, SUMS, OUTPUTS)                                                                      \
    __asm volatile(".balign 4\n"                                                                                       \
                   "ldr.w lr, %[stream]\n" HEAD MORE "beq.w 5f\n"                                                      \
                   "0:\n" SUMS OUTPUTS                                                                                 \
                   : [out] "+m"(out)                                                                                   \
                   : [tiles] "m"(tiles), [stream] "m"(stream), [stride] "m"(stride), [triple] "m"(triple)              \
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",      \
                     "memory")

/* What plain C makes of channels without entries: the outputs at `constant`, one, or those of four, of which `step`
 * are for good. */
HB_KERNEL int32_t hb_sparse_alone(const uint8_t *constant, int32_t step, int four, int32_t pixels, int32_t stride,
                                  int8_t *out)
{
    for (int32_t i = 0; i < pixels; i++) {
        memcpy(out + i * stride, constant, four ? 4 : 1);
    }
    return four ? step : 1;
}

/* What plain C makes of a sum, of a bias, and of the multiplier, addend and shift at `end`. */
HB_KERNEL int8_t hb_sparse_output(int32_t sum, const uint8_t *bias, const uint8_t *end, int staircase)
{
    const int32_t shift = staircase ? HB_STAIRCASE_SHIFT + 1 : (int32_t)hb_load32(end + 8);
    const hb_dsp_channel channel = {0, (int32_t)hb_load32(end), (int32_t)hb_load32(end + 4), shift};
    return hb_packed_output((int32_t)(hb_load32(bias) + 256 * (uint32_t)sum), channel, staircase);
}

/* Bytes of multiplier, addend and shift. */
#define HB_SPARSE_CONSTANTS(staircase) ((staircase) ? 8 : 12)

#endif
