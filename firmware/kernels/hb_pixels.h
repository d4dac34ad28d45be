/* Products of packed weights (hb_packed.h) and activations as they lie, for one to three pixels: nothing is staged.
 *
 * Of four activations, bytes x0 to x3 of a word, SXTB16 makes (x0, x2) and one exclusive or the other word that packed
 * weights are multiplied with, so both are made where they are needed. What a pixel reads are runs of whole words:
 * a row of its window, all of it where rows are adjacent, or zero points in the place of padding.
 *
 * Weights and constants of a pair of output channels make one stream: two biases, the words of the quads in turn, two
 * multipliers, two addends and, where outputs are no staircases, two shifts.
 */
#ifndef HB_PIXELS_H
#define HB_PIXELS_H

#include "hb_packed.h"

/* Most pixels of a block. */
#define HB_PIXELS_MOST 3

/* What two windows of up to three rows read at one border: padding, padding in the one and pixels in the other, pixels. */
#define HB_PIXELS_RUNS 9

/* Whole words x <= i < end of one pixel; those of the next pixel lie `step` bytes further. A round of the loop are four
 * words: `entry` bytes of code are skipped in the first one. */
typedef struct hb_pixels_run {
    int32_t entry;
    struct hb_pixels_run *next;
    intptr_t step;
    const int8_t *x, *end;
} hb_pixels_run;

#define HB_PIXELS_ROUND 4

/* Bytes of code of a word, of blocks of so many pixels. */
#define HB_PIXELS_CODE(pixels) ((pixels) == 1 ? 76 : (pixels) == 2 ? 72 : 104)

HB_KERNEL int32_t hb_pixels_entry(int32_t bytes, int32_t pixels)
{
    return (int32_t)((0u - (uint32_t)bytes / 4) % HB_PIXELS_ROUND) * HB_PIXELS_CODE(pixels);
}

/* Words of the stream of a pair. */
#define HB_PIXELS_WORDS(quads, staircase) (2 * (quads) + ((staircase) ? 6 : 8))

/* Pairs of output channels: where their streams begin, of how many words each, and how often to go on by two pairs (for
 * one pixel) or by one. The second one of two lies `apart` words after the first, and its outputs `beside` bytes; the
 * outputs of a pixel lie `pitch` bytes after those of the one before it. */
typedef struct {
    const int32_t *stream;
    int32_t rounds, apart, beside;
    int8_t *out;
    int32_t pitch;
} hb_pixels_pairs;

#ifdef __ARM_FEATURE_DSP

/* One word of one pixel and four channels, 16 products in 20 cycles on a Cortex-M4. r0 to r3 are the sums of the first
 * pair and of the second, r4 to r7 their weights, r8 and r9 the words of activations, r10 and r11 point to the streams
 * of the pairs, r12 to activations that end at lr. */
#define HB_PIXELS_4X1                                                                                                  \
    "ldr.w r5, [r10, #4]\n"                                                                                            \
    "ldr.w r4, [r10], #8\n"                                                                                            \
    "ldr.w r7, [r11, #4]\n"                                                                                            \
    "ldr.w r6, [r11], #8\n"                                                                                            \
    "ldr.w r8, [r12], #4\n"                                                                                            \
    "sxtb16.w r9, r8\n"                                                                                                \
    "smlad r0, r9, r4, r0\n"                                                                                           \
    "smlad r1, r9, r5, r1\n"                                                                                           \
    "smlad r2, r9, r6, r2\n"                                                                                           \
    "smlad r3, r9, r7, r3\n"                                                                                           \
    "eor.w r8, r8, #0x007f007f\n"                                                                                      \
    "sxtb16.w r4, r4\n"                                                                                                \
    "sxtb16.w r5, r5\n"                                                                                                \
    "sxtb16.w r6, r6\n"                                                                                                \
    "sxtb16.w r7, r7\n"                                                                                                \
    "smlad r0, r8, r4, r0\n"                                                                                           \
    "smlad r1, r8, r5, r1\n"                                                                                           \
    "smlad r2, r8, r6, r2\n"                                                                                           \
    "smlad r3, r8, r7, r3\n"

/* Two pixels and two channels, 16 products in 19 cycles: r0 and r1 are the sums of the first channel, r2 and r3 those of
 * the second, r4 and r5 weights, r6 to r8 activations, r10 points to the stream, r12 to activations that end at lr; r11
 * is the step, r9 the next run. */
#define HB_PIXELS_2X2                                                                                                  \
    "ldr.w r5, [r10, #4]\n"                                                                                            \
    "ldr.w r4, [r10], #8\n"                                                                                            \
    "ldr.w r7, [r12, r11]\n"                                                                                           \
    "ldr.w r6, [r12], #4\n"                                                                                            \
    "sxtb16.w r8, r7\n"                                                                                                \
    "smlad r1, r8, r4, r1\n"                                                                                           \
    "smlad r3, r8, r5, r3\n"                                                                                           \
    "sxtb16.w r8, r6\n"                                                                                                \
    "smlad r0, r8, r4, r0\n"                                                                                           \
    "smlad r2, r8, r5, r2\n"                                                                                           \
    "eor.w r6, r6, #0x007f007f\n"                                                                                      \
    "eor.w r7, r7, #0x007f007f\n"                                                                                      \
    "sxtb16.w r4, r4\n"                                                                                                \
    "sxtb16.w r5, r5\n"                                                                                                \
    "smlad r0, r6, r4, r0\n"                                                                                           \
    "smlad r2, r6, r5, r2\n"                                                                                           \
    "smlad r1, r7, r4, r1\n"                                                                                           \
    "smlad r3, r7, r5, r3\n"

/* Three pixels and two channels, 24 products in 27 cycles: r0 to r2 and r3 to r5 are the sums, r6 and r7 weights, r8, r9,
 * r11 and lr activations, r10 points to the stream, r12 to activations. */
#define HB_PIXELS_2X3                                                                                                  \
    "ldr.w lr, %[step]\n"                                                                                              \
    "ldr.w r7, [r10, #4]\n"                                                                                            \
    "ldr.w r6, [r10], #8\n"                                                                                            \
    "ldr.w r9, [r12, lr]\n"                                                                                            \
    "ldr.w r11, [r12, lr, lsl #1]\n"                                                                                   \
    "ldr.w r8, [r12], #4\n"                                                                                            \
    "sxtb16.w lr, r9\n"                                                                                                \
    "smlad r1, lr, r6, r1\n"                                                                                           \
    "smlad r4, lr, r7, r4\n"                                                                                           \
    "sxtb16.w lr, r11\n"                                                                                               \
    "smlad r2, lr, r6, r2\n"                                                                                           \
    "smlad r5, lr, r7, r5\n"                                                                                           \
    "sxtb16.w lr, r8\n"                                                                                                \
    "smlad r0, lr, r6, r0\n"                                                                                           \
    "smlad r3, lr, r7, r3\n"                                                                                           \
    "eor.w r8, r8, #0x007f007f\n"                                                                                      \
    "eor.w r9, r9, #0x007f007f\n"                                                                                      \
    "eor.w r11, r11, #0x007f007f\n"                                                                                    \
    "sxtb16.w r6, r6\n"                                                                                                \
    "sxtb16.w r7, r7\n"                                                                                                \
    "smlad r0, r8, r6, r0\n"                                                                                           \
    "smlad r3, r8, r7, r3\n"                                                                                           \
    "smlad r1, r9, r6, r1\n"                                                                                           \
    "smlad r4, r9, r7, r4\n"                                                                                           \
    "smlad r2, r11, r6, r2\n"                                                                                          \
    "smlad r5, r11, r7, r5\n"

/* From the sum to int8, of a channel with its multiplier and addend, and its shift. */
#define HB_PIXELS_STAIRCASE(sum, multiplier, addend, shift)                                                            \
    "smmla " sum ", " sum ", " multiplier ", " addend "\n"                                                             \
    "ssat " sum ", #8, " sum ", asr #11\n"
#define HB_PIXELS_REQUANTIZE(sum, multiplier, addend, shift)                                                           \
    "asr.w " sum ", " sum ", #7\n"                                                                                     \
    "add.w r12, " addend ", " sum ", asr #31\n"                                                                        \
    "smmlar " sum ", " sum ", " multiplier ", r12\n"                                                                   \
    "asr.w " sum ", " sum ", " shift "\n"                                                                              \
    "ssat " sum ", #8, " sum "\n"

/* The run that a register points to: its first round is entered, in the loop at label `to`. */
#define HB_PIXELS_ENTER(entry, spare, to)                                                                              \
    "adr.w " spare ", " to "\n"                                                                                        \
    "add.w " entry ", " entry ", " spare "\n"                                                                          \
    "mov pc, " entry "\n"
#define HB_PIXELS_FETCH_1(run, to)                                                                                     \
    "ldm.w " run ", {r4, r5, r6, r12, lr}\n"                                                                           \
    "str.w r5, %[next]\n" HB_PIXELS_ENTER("r4", "r6", to)
#define HB_PIXELS_FETCH_2(run, to) "ldm.w " run ", {r4, r9, r11, r12, lr}\n" HB_PIXELS_ENTER("r4", "r6", to)
#define HB_PIXELS_FETCH_3(run, to)                                                                                     \
    "ldm.w " run ", {r6, r7, r8, r12, lr}\n"                                                                           \
    "str.w r7, %[next]\n"                                                                                              \
    "str.w r8, %[step]\n"                                                                                              \
    "str.w lr, %[end]\n" HB_PIXELS_ENTER("r6", "r7", to)

#define HB_PIXELS_LOOP(WORD) ".balign 4\n1:\n" HB_TWICE(HB_TWICE(WORD))

/* Rounds over channels from 3 on; the registers that words were in take the constants of a pair. */
#define HB_PIXELS_ONE(CONSTANTS, OUTPUT)                                                                               \
    "ldr.w r10, %[stream]\n"                                                                                           \
    "3:\n"                                                                                                             \
    "ldr.w r8, %[apart]\n"                                                                                             \
    "ldr.w r9, %[runs]\n"                                                                                              \
    "add.w r11, r10, r8\n"                                                                                             \
    "ldm.w r10!, {r0, r1}\n"                                                                                           \
    "ldm.w r11!, {r2, r3}\n" HB_PIXELS_FETCH_1("r9", "1f") HB_PIXELS_LOOP(                                             \
        HB_PIXELS_4X1) "cmp.w r12, lr\n"                                                                               \
                       "bne.w 1b\n"                                                                                    \
                       "ldr.w r7, %[next]\n"                                                                           \
                       "cbz r7, 4f\n" HB_PIXELS_FETCH_1(                                                               \
                           "r7", "1b") "4:\n"                                                                          \
                                       "ldm.w r10!, {" CONSTANTS("r4, r5, r6, r7", "r8, r9") "}\n" OUTPUT("r0", "r4",  \
                                                                                                          "r6", "r8")  \
                                           OUTPUT("r1", "r5", "r7", "r9") "ldm.w r11!, {" CONSTANTS(                   \
                                               "r4, r5, r6, r7", "r8, r9") "}\n" OUTPUT("r2", "r4", "r6", "r8")        \
                                               OUTPUT("r3", "r5", "r7", "r9") "ldr.w r12, %[out]\n"                    \
                                                                              "ldr.w lr, %[beside]\n"                  \
                                                                              "ldr.w r4, %[rounds]\n"                  \
                                                                              "bfi r0, r1, #8, #8\n"                   \
                                                                              "bfi r2, r3, #8, #8\n"                   \
                                                                              "mov.w r10, r11\n"                       \
                                                                              "strh.w r0, [r12]\n"                     \
                                                                              "strh.w r2, [r12, lr]\n"                 \
                                                                              "add.w r12, r12, #4\n"                   \
                                                                              "subs.w r4, r4, #1\n"                    \
                                                                              "str.w r12, %[out]\n"                    \
                                                                              "str.w r4, %[rounds]\n"                  \
                                                                              "bne.w 3b\n"

#define HB_PIXELS_TWO(CONSTANTS, OUTPUT)                                                                               \
    "ldr.w r10, %[stream]\n"                                                                                           \
    "3:\n"                                                                                                             \
    "ldr.w r9, %[runs]\n"                                                                                              \
    "ldm.w r10!, {r0, r2}\n"                                                                                           \
    "mov.w r1, r0\n"                                                                                                   \
    "mov.w r3, r2\n" HB_PIXELS_FETCH_2("r9", "1f") HB_PIXELS_LOOP(                                                     \
        HB_PIXELS_2X2) "cmp.w r12, lr\n"                                                                               \
                       "bne.w 1b\n"                                                                                    \
                       "cmp.w r9, #0\n"                                                                                \
                       "beq.w 4f\n" HB_PIXELS_FETCH_2(                                                                 \
                           "r9", "1b") "4:\n"                                                                          \
                                       "ldm.w r10!, {" CONSTANTS("r4, r5, r6, r7", "r8, r9") "}\n" OUTPUT("r0", "r4",  \
                                                                                                          "r6", "r8")  \
                                           OUTPUT("r1", "r4", "r6", "r8") OUTPUT("r2", "r5", "r7", "r9")               \
                                               OUTPUT("r3", "r5", "r7", "r9") "ldr.w r12, %[out]\n"                    \
                                                                              "ldr.w lr, %[pitch]\n"                   \
                                                                              "ldr.w r4, %[rounds]\n"                  \
                                                                              "bfi r0, r2, #8, #8\n"                   \
                                                                              "bfi r1, r3, #8, #8\n"                   \
                                                                              "strh.w r1, [r12, lr]\n"                 \
                                                                              "strh.w r0, [r12], #2\n"                 \
                                                                              "subs.w r4, r4, #1\n"                    \
                                                                              "str.w r12, %[out]\n"                    \
                                                                              "str.w r4, %[rounds]\n"                  \
                                                                              "bne.w 3b\n"

#define HB_PIXELS_THREE(CONSTANTS, OUTPUT)                                                                             \
    "ldr.w r10, %[stream]\n"                                                                                           \
    "3:\n"                                                                                                             \
    "ldr.w r9, %[runs]\n"                                                                                              \
    "ldm.w r10!, {r0, r3}\n"                                                                                           \
    "mov.w r1, r0\n"                                                                                                   \
    "mov.w r2, r0\n"                                                                                                   \
    "mov.w r4, r3\n"                                                                                                   \
    "mov.w r5, r3\n" HB_PIXELS_FETCH_3("r9", "1f") HB_PIXELS_LOOP(                                                     \
        HB_PIXELS_2X3) "ldr.w r6, %[end]\n"                                                                            \
                       "cmp.w r12, r6\n"                                                                               \
                       "bne.w 1b\n"                                                                                    \
                       "ldr.w r7, %[next]\n"                                                                           \
                       "cbz r7, 4f\n" HB_PIXELS_FETCH_3(                                                               \
                           "r7", "1b") "4:\n"                                                                          \
                                       "ldm.w r10!, {" CONSTANTS("r6, r7, r8, r9",                                     \
                                                                 "r11, lr") "}\n" OUTPUT("r0", "r6", "r8", "r11")      \
                                           OUTPUT("r1", "r6", "r8", "r11") OUTPUT("r2", "r6", "r8", "r11")             \
                                               OUTPUT("r3", "r7", "r9", "lr") OUTPUT("r4", "r7", "r9", "lr")           \
                                                   OUTPUT("r5", "r7", "r9", "lr") "ldr.w r12, %[out]\n"                \
                                                                                  "ldr.w lr, %[pitch]\n"               \
                                                                                  "ldr.w r6, %[rounds]\n"              \
                                                                                  "bfi r0, r3, #8, #8\n"               \
                                                                                  "bfi r1, r4, #8, #8\n"               \
                                                                                  "bfi r2, r5, #8, #8\n"               \
                                                                                  "strh.w r1, [r12, lr]\n"             \
                                                                                  "strh.w r2, [r12, lr, lsl #1]\n"     \
                                                                                  "strh.w r0, [r12], #2\n"             \
                                                                                  "subs.w r6, r6, #1\n"                \
                                                                                  "str.w r12, %[out]\n"                \
                                                                                  "str.w r6, %[rounds]\n"              \
                                                                                  "bne.w 3b\n"

#define HB_PIXELS_FOUR_CONSTANTS(common, shifts) common
#define HB_PIXELS_SIX_CONSTANTS(common, shifts) common ", " shifts

#define HB_PIXELS_ASM(BLOCK, staircase)                                                                                \
    if (staircase) {                                                                                                   \
        HB_PIXELS_RUN_ASM(BLOCK(HB_PIXELS_FOUR_CONSTANTS, HB_PIXELS_STAIRCASE));                                       \
    } else {                                                                                                           \
        HB_PIXELS_RUN_ASM(BLOCK(HB_PIXELS_SIX_CONSTANTS, HB_PIXELS_REQUANTIZE));                                       \
    }
#define HB_PIXELS_RUN_ASM(text)                                                                                        \
    __asm volatile(                                                                                                    \
        text                                                                                                           \
        : [out] "+m"(pairs.out), [rounds] "+m"(pairs.rounds), [next] "=m"(next), [step] "=m"(step), [end] "=m"(end)    \
        : [stream] "m"(pairs.stream), [apart] "m"(apart), [runs] "m"(runs), [beside] "m"(pairs.beside),                \
          [pitch] "m"(pairs.pitch)                                                                                     \
        : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory")

HB_KERNEL void hb_pixels_rounds(const hb_pixels_run *runs, int32_t pixels, hb_pixels_pairs pairs, int staircase)
{
    const int32_t apart = 4 * pairs.apart;
    const hb_pixels_run *next;
    const int8_t *end;
    int32_t step;
    if (pixels == 1) {
        HB_PIXELS_ASM(HB_PIXELS_ONE, staircase)
    } else if (pixels == 2) {
        HB_PIXELS_ASM(HB_PIXELS_TWO, staircase)
    } else {
        HB_PIXELS_ASM(HB_PIXELS_THREE, staircase)
    }
}

#else

/* Of a pair, output `which` of a pixel; returns where the stream goes on after the words. */
HB_KERNEL const int32_t *hb_pixels_sum(const hb_pixels_run *run, int32_t pixel, const int32_t *stream, int32_t which,
                                       int32_t *sum)
{
    *sum = stream[which];
    for (stream += 2; run != NULL; run = run->next) {
        const int8_t *x = (const int8_t *)((intptr_t)run->x + pixel * run->step);
        for (int32_t words = (int32_t)(run->end - run->x) / 4; words > 0; words--, x += 4, stream += 2) {
            const uint32_t weights = (uint32_t)stream[which];
            uint32_t wide[2];
            hb_widen_quad(hb_load32(x), wide, 1);
            *sum = hb_smlad(hb_sxtb16(weights), wide[1], hb_smlad(weights, wide[0], *sum));
        }
    }
    return stream;
}

/* One pair of `pixels` pixels; returns the stream of the next pair. */
HB_KERNEL const int32_t *hb_pixels_pair(const hb_pixels_run *runs, int32_t pixels, const int32_t *stream, int8_t *out,
                                        int32_t pitch, int staircase)
{
    const int32_t *constants = stream;
    for (int32_t i = 0; i < 2 * pixels; i++) {
        const int32_t which = i % 2;
        int32_t sum;
        constants = hb_pixels_sum(runs, i / 2, stream, which, &sum);
        const int32_t shift = staircase ? HB_STAIRCASE_SHIFT + 1 : constants[4 + which];
        const hb_dsp_channel channel = {0, constants[which], constants[2 + which], shift};
        out[i / 2 * pitch + which] = hb_packed_output(sum, channel, staircase);
    }
    return constants + (staircase ? 4 : 6);
}

HB_KERNEL void hb_pixels_rounds(const hb_pixels_run *runs, int32_t pixels, hb_pixels_pairs pairs, int staircase)
{
    for (; pairs.rounds > 0; pairs.rounds--, pairs.out += pixels == 1 ? 4 : 2) {
        const int32_t *const second = pairs.stream + pairs.apart;
        pairs.stream = hb_pixels_pair(runs, pixels, pairs.stream, pairs.out, pairs.pitch, staircase);
        if (pixels == 1) {
            pairs.stream = hb_pixels_pair(runs, 1, second, pairs.out + pairs.beside, pairs.pitch, staircase);
        }
    }
}

#endif

/* Pixels of a row, one after another, and where their outputs go: `runs` are those of the first one. */
typedef struct {
    const int32_t *stream;
    int32_t quads, channels, count;
    int8_t *out;
    hb_pixels_run *last, runs[HB_PIXELS_RUNS];
} hb_pixels_row;

/* All output channels of one to three pixels. An odd last one is computed together with the one before it, once more. */
HB_KERNEL void hb_pixels_block(hb_pixels_row *row, int32_t pixels, int staircase)
{
    const int32_t group = pixels == 1 ? 4 : 2, channels = row->channels;
    const int32_t words = HB_PIXELS_WORDS(row->quads, staircase), rest = (int32_t)((uint32_t)channels % group);
    for (hb_pixels_run *run = row->runs; run != NULL; run = run->next) {
        run->entry = hb_pixels_entry((int32_t)(run->end - run->x), pixels);
    }
    hb_pixels_pairs pairs = {row->stream, (int32_t)((uint32_t)channels / group), words, 2, row->out, channels};
    for (int32_t left = rest;; left = 0) {
        if (pairs.rounds > 0) {
            hb_pixels_rounds(row->runs, pixels, pairs, staircase);
        }
        if (left == 0) {
            break;
        }
        const int32_t apart = left == 3 ? words : 0, last = left == 3 ? 3 : 2;
        pairs = (hb_pixels_pairs){row->stream + channels / group * (group / 2) * words,
                                  1,
                                  apart,
                                  left == 3,
                                  row->out + channels - last,
                                  channels};
    }
    row->count -= pixels, row->out += pixels * channels;
}

/* Threes, then what is left. */
HB_KERNEL void hb_pixels_all(hb_pixels_row *row, int staircase)
{
    for (;;) {
        const int32_t pixels = row->count < HB_PIXELS_MOST ? row->count : HB_PIXELS_MOST;
        if (pixels == 1) {
            hb_pixels_block(row, 1, staircase);
        } else if (pixels == 2) {
            hb_pixels_block(row, 2, staircase);
        } else {
            hb_pixels_block(row, HB_PIXELS_MOST, staircase);
        }
        if (row->count == 0) {
            return;
        }
        for (hb_pixels_run *run = row->runs; run != NULL; run = run->next) {
            run->x += pixels * run->step, run->end += pixels * run->step;
        }
    }
}

/* One copy serves every step of a model. */
HB_SHARED void hb_pixels_plain(hb_pixels_row *row)
{
    hb_pixels_all(row, 0);
}

HB_SHARED void hb_pixels_staircase(hb_pixels_row *row)
{
    hb_pixels_all(row, 1);
}

#endif
