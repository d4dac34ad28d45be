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

/* A' m, in the place of the first four rows of m. */
#define HB_WINOGRAD_FOLD                                                                                               \
    "ldr r6, %[sums]\n"                                                                                                \
    ".balign 4\n"                                                                                                      \
    ".set hb_column, 0\n"                                                                                              \
    ".rept 6\n"                                                                                                        \
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
    ".set hb_column, hb_column + 32\n"                                                                                 \
    ".endr\n"

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
#define HB_WINOGRAD_OUTPUT(REQUANTIZE)                                                                                 \
    "ldr r6, %[sums]\n"                                                                                                \
    "ldr r0, %[channel]\n"                                                                                             \
    "ldr r7, %[out]\n"                                                                                                 \
    "ldr r8, %[pixel]\n"                                                                                               \
    "ldr r9, %[factor]\n"                                                                                              \
    "ldmia.w r0, {r10, r11, r12, lr}\n"                                                                                \
    ".balign 4\n"                                                                                                      \
    "0:\n"                                                                                                             \
    ".set hb_row, 0\n"                                                                                                 \
    ".rept 2\n"                                                                                                        \
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
    ".set hb_row, hb_row + %c[line]\n"                                                                                      \
    ".endr\n"                                                                                                          \
    "ldr.w r1, %[end]\n"                                                                                               \
    "add.w r6, r6, #2 * %c[line]\n"                                                                                             \
    "cmp.w r6, r1\n"                                                                                                   \
    "bne.w 0b\n"
/* clang-format on */

/* 16 outputs of one channel: four lines of four, from six sums a line that lie eight apart. Outputs lie `pixel` bytes
 * apart, lines of them `row` bytes. Sums times `factor` are what the channel's bias is for. */
typedef struct {
    int32_t *sums;
    int32_t *sums_end; /* of the four lines */
    const hb_dsp_channel *channel;
    uint32_t factor;
    int8_t *out;
    int32_t pixel, row;
} hb_winograd_job;

#ifdef __ARM_FEATURE_DSP
#define HB_WINOGRAD_OUTPUT_ASM(REQUANTIZE)                                                                             \
    __asm volatile(HB_WINOGRAD_OUTPUT(REQUANTIZE)                                                                      \
                   :                                                                                                   \
                   : [sums] "m"(job->sums), [channel] "m"(job->channel), [out] "m"(job->out), [pixel] "m"(job->pixel), \
                     [factor] "m"(job->factor), [row] "m"(job->row), [end] "m"(job->sums_end), [line] "i"(line)        \
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",      \
                     "memory")

/* `line` bytes from the sums of one line to those of the next. */
HB_KERNEL void hb_winograd_lines(const hb_winograd_job *job, int32_t line)
{
    if (job->channel->shift == 0) {
        HB_WINOGRAD_OUTPUT_ASM(HB_WINOGRAD_STAIRCASE);
    } else {
        HB_WINOGRAD_OUTPUT_ASM(HB_WINOGRAD_ROUND);
    }
}

HB_KERNEL void hb_winograd_fold(const hb_winograd_job *job)
{
    __asm volatile(HB_WINOGRAD_FOLD : : [sums] "m"(job->sums) : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "memory");
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

HB_KERNEL void hb_winograd_lines(const hb_winograd_job *job, int32_t line)
{
    const hb_dsp_channel channel = *job->channel;
    for (int32_t y = 0; y < 4; y++) {
        uint32_t sums[4];
        hb_winograd_sums(job->sums + y * line / 4, 8, sums);
        for (int32_t x = 0; x < 4; x++) {
            const int32_t sum = (int32_t)(sums[x] * job->factor + (uint32_t)channel.bias);
            job->out[y * job->row + x * job->pixel] =
                channel.shift == 0 ? hb_staircase_output(sum, channel) : hb_dsp_output(sum >> 5, channel);
        }
    }
}

HB_KERNEL void hb_winograd_fold(const hb_winograd_job *job)
{
    for (int32_t x = 0; x < 6; x++) {
        uint32_t column[4];
        hb_winograd_sums(job->sums + 8 * x, 48, column);
        for (int32_t y = 0; y < 4; y++) {
            job->sums[48 * y + 8 * x] = (int32_t)column[y];
        }
    }
}
#endif

/* Where the outputs of a tile go: bytes from channel 0 of the map to the tile's first output, and how many of its rows
 * and columns lie in the region. */
typedef struct {
    int32_t first;
    int16_t rows, cols;
} hb_winograd_target;

/* 1 / 9 modulo 2^32 makes 64 sums of 576; twice that for the staircase. */
#define HB_WINOGRAD_INVERSE UINT32_C(954437177)

/* One channel of a block, of which the first `tiles` tiles exist. Of a tile that is not whole what is in the region. */
HB_SHARED void hb_winograd_outputs(int32_t *sums, const hb_dsp_channel *channel, const hb_winograd_target *targets,
                                   int32_t tiles, int32_t pixel, int32_t row, int8_t *out)
{
    const uint32_t factor = HB_WINOGRAD_INVERSE << (channel->shift == 0);
    int8_t part[16];
    hb_winograd_job job = {sums, sums + 192, channel, factor, part, pixel, row};
    for (const hb_winograd_target *target = targets; target < targets + tiles; target++, job.sums++, job.sums_end++) {
        const int whole = target->rows == 4 && target->cols == 4;
        job.out = whole ? out + target->first : part;
        job.pixel = whole ? pixel : 1;
        job.row = whole ? row : 4;
        hb_winograd_fold(&job);
        hb_winograd_lines(&job, 192);
        for (int32_t i = 0; !whole && i < target->rows * target->cols; i++) {
            const int32_t y = i / target->cols, x = i % target->cols;
            out[target->first + y * row + x * pixel] = part[4 * y + x];
        }
    }
}

/* 24 sums to 64, or to 128. */
#define HB_WINOGRAD_ROW_INVERSE (UINT32_C(0xaaaaaaab) << 3)

/* One channel of a block of four tiles in a row, without rows of their own, of which `count` outputs exist. */
HB_SHARED void hb_winograd_row_outputs(int32_t *sums, const hb_dsp_channel *channel, int32_t count, int32_t pixel,
                                       int8_t *out)
{
    const uint32_t factor = HB_WINOGRAD_ROW_INVERSE << (channel->shift == 0);
    int8_t part[16];
    const hb_winograd_job job = {
        sums, sums + 4, channel, factor, count < 16 ? part : out, count < 16 ? 1 : pixel, count < 16 ? 4 : 4 * pixel};
    hb_winograd_lines(&job, 4);
    for (int32_t i = 0; count < 16 && i < count; i++) {
        out[i * pixel] = part[i];
    }
}

#endif
