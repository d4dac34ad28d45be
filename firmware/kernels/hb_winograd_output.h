/* The outputs' transforms of hb_winograd.h: A' m A, and m A, of the sums of one channel, requantized. */
#ifndef HB_WINOGRAD_OUTPUT_H
#define HB_WINOGRAD_OUTPUT_H

#include "hb_winograd.h"

/* clang-format off */
/* A' times the six sums in r0 to r5, of which the second and the third have the other sign, and the last is halved: r0,
 * r3, r1, r2. */
#define HB_WINOGRAD_SUMS                                                                                               \
    "add.w r1, r1, r2\n"                                                                                               \
    "sub.w r2, r1, r2, lsl #1\n"                                                                                       \
    "add.w r3, r3, r4\n"                                                                                               \
    "sub.w r4, r3, r4, lsl #1\n"                                                                                       \
    "sub.w r0, r0, r1\n"                                                                                               \
    "add.w r0, r0, r3\n"                                                                                               \
    "rsb.w r1, r1, r3, lsl #2\n"                                                                                       \
    "rsb.w r3, r2, r4, lsl #1\n"                                                                                       \
    "rsb.w r2, r2, r4, lsl #3\n"                                                                                       \
    "add.w r2, r2, r5, lsl #1\n"

/* A column of what HB_WINOGRAD_FOLD does. */
#define HB_WINOGRAD_FOLD_COLUMN                                                                                        \
    "ldr.w r0, [r6, #hb_column]\n"                                                                                     \
    "ldr.w r1, [r6, #hb_column + 192]\n"                                                                               \
    "ldr.w r2, [r6, #hb_column + 384]\n"                                                                               \
    "ldr.w r3, [r6, #hb_column + 576]\n"                                                                               \
    "ldr.w r4, [r6, #hb_column + 768]\n"                                                                               \
    "ldr.w r5, [r6, #hb_column + 960]\n"                                                                               \
    HB_WINOGRAD_SUMS                                                                                                   \
    "str.w r0, [r6, #hb_column]\n"                                                                                     \
    "str.w r3, [r6, #hb_column + 192]\n"                                                                               \
    "str.w r1, [r6, #hb_column + 384]\n"                                                                               \
    "str.w r2, [r6, #hb_column + 576]\n"                                                                               \
    ".set hb_column, hb_column + 32\n"

/* A' m of the sums at r6, in the place of the first four rows of m. */
#define HB_WINOGRAD_FOLD                                                                                               \
    ".set hb_column, 0\n"                                                                                              \
    HB_TWICE(HB_TWICE(HB_WINOGRAD_FOLD_COLUMN))                                                                        \
    HB_TWICE(HB_WINOGRAD_FOLD_COLUMN)

#define HB_WINOGRAD_STAIRCASE(sum)                                                                                     \
    "mla " sum ", " sum ", r9, r10\n"                                                                                  \
    "smmla " sum ", " sum ", r11, r12\n"                                                                               \
    "ssat " sum ", #8, " sum ", asr #10\n"
#define HB_WINOGRAD_ROUND(sum)                                                                                         \
    "mla " sum ", " sum ", r9, r10\n"                                                                                  \
    "add.w r4, r12, " sum ", asr #31\n"                                                                                \
    "asr.w " sum ", " sum ", #5\n"                                                                                     \
    "smmlar " sum ", " sum ", r11, r4\n"                                                                               \
    "asr.w " sum ", " sum ", lr\n"                                                                                     \
    "ssat " sum ", #8, " sum "\n"

/* Registers: r6 sums, r7 and r8 an output and the step to the next, r9 what sums are multiplied by, r10 bias, r11
 * multiplier, r12 addend, lr shift. */
#define HB_WINOGRAD_BEGIN                                                                                              \
    "ldr r6, %[sums]\n"                                                                                                \
    "ldr r0, %[channel]\n"                                                                                             \
    "ldr r8, %[pixel]\n"                                                                                               \
    "ldr r9, %[factor]\n"                                                                                              \
    "ldmia.w r0, {r10, r11, r12, lr}\n"                                                                                \
    ".balign 4\n"                                                                                                      \
    "1:\n"

/* A line of what HB_WINOGRAD_LINES does. */
#define HB_WINOGRAD_LINE(REQUANTIZE)                                                                                   \
    "ldr.w r0, [r6, #hb_row]\n"                                                                                        \
    "ldr.w r1, [r6, #hb_row + 32]\n"                                                                                   \
    "ldr.w r2, [r6, #hb_row + 64]\n"                                                                                   \
    "ldr.w r3, [r6, #hb_row + 96]\n"                                                                                   \
    "ldr.w r4, [r6, #hb_row + 128]\n"                                                                                  \
    "ldr.w r5, [r6, #hb_row + 160]\n"                                                                                  \
    HB_WINOGRAD_SUMS                                                                                                   \
    REQUANTIZE("r0")                                                                                                   \
    REQUANTIZE("r3")                                                                                                   \
    REQUANTIZE("r1")                                                                                                   \
    REQUANTIZE("r2")                                                                                                   \
    "strb.w r0, [r7]\n"                                                                                                \
    "add.w r5, r7, r8, lsl #1\n"                                                                                       \
    "strb.w r3, [r7, r8]\n"                                                                                            \
    "strb.w r1, [r5]\n"                                                                                                \
    "strb.w r2, [r5, r8]\n"                                                                                            \
    "ldr.w r0, %[row]\n"                                                                                               \
    "add.w r7, r7, r0\n"                                                                                               \
    ".set hb_row, hb_row + %c[line]\n"

/* Four lines of sums, `line` bytes from one to the next, to where the next pointer of `out` points. */
#define HB_WINOGRAD_LINES(REQUANTIZE)                                                                                  \
    "ldr.w r0, %[out]\n"                                                                                               \
    "ldr.w r7, [r0], #4\n"                                                                                             \
    "str.w r0, %[out]\n"                                                                                               \
    "0:\n"                                                                                                             \
    ".set hb_row, 0\n"                                                                                                 \
    HB_TWICE(HB_WINOGRAD_LINE(REQUANTIZE))                                                                             \
    "ldr.w r1, %[lines_end]\n"                                                                                         \
    "add.w r6, r6, #2 * %c[line]\n"                                                                                    \
    "cmp.w r6, r1\n"                                                                                                   \
    "bne.w 0b\n"

/* To the sums of the next tile. */
#define HB_WINOGRAD_NEXT_TILE                                                                                          \
    "add.w r0, r6, #4\n"                                                                                               \
    "ldr.w r1, %[end]\n"                                                                                               \
    "str.w r0, %[lines_end]\n"                                                                                         \
    "sub.w r6, r6, #764\n"                                                                                             \
    "cmp.w r0, r1\n"                                                                                                   \
    "bne.w 1b\n"
/* clang-format on */

/* What the outputs of one channel of some tiles take: six sums a line, which lie eight apart; 16 outputs a tile, `pixel`
 * bytes from one to the next, `row` from one line to the next. Sums times `factor` are what the channel's bias is for. */
typedef struct {
    int32_t *sums;
    int32_t *lines_end, *end; /* of the first tile's lines, and of those after the last tile */
    const hb_dsp_channel *channel;
    uint32_t factor;
    int8_t **out; /* of each tile */
    int32_t pixel, row;
} hb_winograd_job;

#ifdef __ARM_FEATURE_DSP
#define HB_WINOGRAD_OUTPUT_ASM(TEXT, bytes)                                                                            \
    __asm volatile(TEXT                                                                                                \
                   : [out] "+m"(job->out), [lines_end] "+m"(job->lines_end)                                            \
                   : [sums] "m"(job->sums), [channel] "m"(job->channel), [pixel] "m"(job->pixel),                      \
                     [factor] "m"(job->factor), [row] "m"(job->row), [end] "m"(job->end), [line] "i"(bytes)            \
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",      \
                     "memory")

/* A' m A of tiles of six lines. */
HB_KERNEL void hb_winograd_squares(hb_winograd_job *job)
{
    if (job->channel->shift == 0) {
        HB_WINOGRAD_OUTPUT_ASM(
            HB_WINOGRAD_BEGIN HB_WINOGRAD_FOLD HB_WINOGRAD_LINES(HB_WINOGRAD_STAIRCASE) HB_WINOGRAD_NEXT_TILE, 192);
    } else {
        HB_WINOGRAD_OUTPUT_ASM(
            HB_WINOGRAD_BEGIN HB_WINOGRAD_FOLD HB_WINOGRAD_LINES(HB_WINOGRAD_ROUND) HB_WINOGRAD_NEXT_TILE, 192);
    }
}

/* m A of four tiles of one line. */
HB_KERNEL void hb_winograd_rows_of_four(hb_winograd_job *job)
{
    if (job->channel->shift == 0) {
        HB_WINOGRAD_OUTPUT_ASM(HB_WINOGRAD_BEGIN HB_WINOGRAD_LINES(HB_WINOGRAD_STAIRCASE), 4);
    } else {
        HB_WINOGRAD_OUTPUT_ASM(HB_WINOGRAD_BEGIN HB_WINOGRAD_LINES(HB_WINOGRAD_ROUND), 4);
    }
}
#else
HB_KERNEL void hb_winograd_sums(const int32_t *sums, int32_t step, uint32_t out[4])
{
    const uint32_t *m = (const uint32_t *)sums;
    const uint32_t s1 = m[step] + m[2 * step], d1 = m[step] - m[2 * step];
    const uint32_t s2 = m[3 * step] + m[4 * step], d2 = m[3 * step] - m[4 * step];
    out[0] = m[0] - s1 + s2;
    out[1] = 2 * d2 - d1;
    out[2] = 4 * s2 - s1;
    out[3] = 8 * d2 - d1 + 2 * m[5 * step];
}

HB_KERNEL void hb_winograd_lines(const int32_t *sums, int32_t line, int8_t *out, const hb_winograd_job *job)
{
    const hb_dsp_channel channel = *job->channel;
    for (int32_t y = 0; y < 4; y++, sums += line) {
        uint32_t folded[4];
        hb_winograd_sums(sums, 8, folded);
        for (int32_t x = 0; x < 4; x++) {
            const int32_t sum = (int32_t)(folded[x] * job->factor + (uint32_t)channel.bias);
            out[y * job->row + x * job->pixel] =
                channel.shift == 0 ? hb_staircase_output(sum, channel) : hb_dsp_output(sum >> 5, channel);
        }
    }
}

HB_KERNEL void hb_winograd_squares(hb_winograd_job *job)
{
    for (int32_t tile = 0; job->sums + tile < job->end - 192; tile++) {
        int32_t *sums = job->sums + tile;
        for (int32_t x = 0; x < 6; x++) {
            uint32_t column[4];
            hb_winograd_sums(sums + 8 * x, 48, column);
            for (int32_t y = 0; y < 4; y++) {
                sums[48 * y + 8 * x] = (int32_t)column[y];
            }
        }
        hb_winograd_lines(sums, 48, job->out[tile], job);
    }
}

HB_KERNEL void hb_winograd_rows_of_four(hb_winograd_job *job)
{
    hb_winograd_lines(job->sums, 1, job->out[0], job);
}
#endif

/* Where the outputs of a block go: bytes from channel 0 of the map to each tile's first output, and how many of its rows
 * and columns lie in the region; whether all of them do. */
typedef struct {
    int32_t tiles, whole;
    int32_t first[4];
    int16_t rows[4], cols[4];
} hb_winograd_target;

/* 1 / 9 modulo 2^32 makes 64 sums of 576; twice that for the staircase. */
#define HB_WINOGRAD_INVERSE UINT32_C(954437177)

/* One channel of a block. What is not whole goes by way of `part`. */
HB_SHARED void hb_winograd_outputs(int32_t *sums, const hb_dsp_channel *channel, const hb_winograd_target *target,
                                   int32_t pixel, int32_t row, int8_t *out)
{
    int8_t part[64], *to[4];
    for (int32_t i = 0; i < 4; i++) {
        to[i] = target->whole ? out + target->first[i] : part + 16 * i;
    }
    hb_winograd_job job = {.sums = sums,
                           .lines_end = sums + 192,
                           .end = sums + 192 + target->tiles,
                           .channel = channel,
                           .factor = HB_WINOGRAD_INVERSE << (channel->shift == 0),
                           .out = to,
                           .pixel = target->whole ? pixel : 1,
                           .row = target->whole ? row : 4};
    hb_winograd_squares(&job);
    for (int32_t tile = 0; !target->whole && tile < target->tiles; tile++) {
        for (int32_t y = 0; y < target->rows[tile]; y++) {
            for (int32_t x = 0; x < target->cols[tile]; x++) {
                out[target->first[tile] + y * row + x * pixel] = part[16 * tile + 4 * y + x];
            }
        }
    }
}

/* 24 sums to 64, or to 128. */
#define HB_WINOGRAD_ROW_INVERSE (UINT32_C(0xaaaaaaab) << 3)

/* One channel of a block of four tiles in a row, one line each, of which `count` outputs exist. */
HB_SHARED void hb_winograd_row_outputs(int32_t *sums, const hb_dsp_channel *channel, int32_t count, int32_t pixel,
                                       int8_t *out)
{
    const int whole = count == 16;
    int8_t part[16], *to = whole ? out : part;
    hb_winograd_job job = {.sums = sums,
                           .lines_end = sums + 4,
                           .channel = channel,
                           .factor = HB_WINOGRAD_ROW_INVERSE << (channel->shift == 0),
                           .out = &to,
                           .pixel = whole ? pixel : 1,
                           .row = whole ? 4 * pixel : 4};
    hb_winograd_rows_of_four(&job);
    for (int32_t i = 0; !whole && i < count; i++) {
        out[i * pixel] = part[i];
    }
}

#endif
