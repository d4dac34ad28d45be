/* CONV_2D, int8, 3x3, stride 1, as integer Winograd F(4x4, 3x3) with SMLAD: 36 products for 16 outputs instead of 144.
 *
 * Tiles of 6x6 inputs are transformed four at a time; the weights lie transformed in flash, 16 bits each, eight times as
 * many bytes as they had.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = [
 *   "groups == 1", "kernel_h == 3", "kernel_w == 3", "stride_h == 1", "stride_w == 1", "dilation_h == 1",
 *   "dilation_w == 1", "in_channels % 4 == 0", "short_requantization", "winograd_fits", "low == -128", "high == 127",
 *   "in_channels * out_channels <= 1024",
 * ]
 * scratch = "576 * ((in_channels + 15) // 16 * 8) + max(1152, 36 * in_channels)"
 * cycles = """
 *   (out_rows + 3) // 4 * ((out_cols + 3) // 4) * (300 + 270 * in_channels + 370 * out_channels)
 *   + ((out_rows + 3) // 4 * ((out_cols + 3) // 4) + 3) // 4 * ((out_channels + 1) // 2)
 *   * (800 + 5650 * ((in_channels + 15) // 16))
 * """
 * arrays = ["winograd_weights", "winograd_channels"]
 */
#ifndef HB_CONV_2D_3X3_WINOGRAD_4X4_DSP_INT8_H
#define HB_CONV_2D_3X3_WINOGRAD_4X4_DSP_INT8_H

#include "hb_winograd.h"

#define HB_WINOGRAD_4X4_PLACES 36

/* Words of two channels are added, subtracted and shifted as one number: the upper half then lacks one where the lower
 * one is negative. Adding 0x8000 and inverting its bit makes that good.
 *
 * B' times the six words in r0 to r5 (of a row, or a column), r4 and r5 with 0x8000 added: r0, r4, r1, r9, r10, r5. */
#define HB_WINOGRAD_4X4_ROW                                                                                            \
    "sub.w r9, r4, r2\n"                                                                                               \
    "sub.w r10, r3, r1\n"                                                                                              \
    "sub.w r0, r0, r2\n"                                                                                               \
    "add.w r0, r9, r0, lsl #2\n"                                                                                       \
    "sub.w r4, r4, r2, lsl #2\n"                                                                                       \
    "sub.w r1, r3, r1, lsl #2\n"                                                                                       \
    "sub.w r5, r5, r3\n"                                                                                               \
    "sub.w r5, r5, r10, lsl #2\n"                                                                                      \
    "add.w r4, r4, r1\n"                                                                                               \
    "sub.w r1, r4, r1, lsl #1\n"                                                                                       \
    "add.w r9, r9, r10, lsl #1\n"                                                                                      \
    "sub.w r10, r9, r10, lsl #2\n"                                                                                     \
    "eor.w r0, r0, #0x8000\n"                                                                                          \
    "eor.w r4, r4, #0x8000\n"                                                                                          \
    "eor.w r1, r1, #0x8000\n"                                                                                          \
    "eor.w r9, r9, #0x8000\n"                                                                                          \
    "eor.w r10, r10, #0x8000\n"                                                                                        \
    "eor.w r5, r5, #0x8000\n"                                                                                          \
    "add.w r11, r7, r8\n"                                                                                              \
    "str.w r0, [r7]\n"                                                                                                 \
    "str.w r4, [r7, r8]\n"                                                                                             \
    "str.w r1, [r7, r8, lsl #1]\n"                                                                                     \
    "str.w r9, [r11, r8, lsl #1]\n"                                                                                    \
    "str.w r10, [r7, r8, lsl #2]\n"                                                                                    \
    "str.w r5, [r11, r8, lsl #2]\n"

/* B' times a column of six pixels' bytes in r0 to r5, those that `rotation` brings to places 0 and 2. */
#define HB_WINOGRAD_4X4_COLUMN(rotation, at)                                                                           \
    "sxtab16 r6, r12, r4" rotation "sxtab16 r7, r12, r2" rotation "sxtab16 r8, r12, r0" rotation "sub.w r9, r6, r7\n"  \
    "sub.w r8, r8, r7\n"                                                                                               \
    "add.w r8, r9, r8, lsl #2\n"                                                                                       \
    "sub.w r6, r6, r7, lsl #2\n"                                                                                       \
    "str.w r8, [r11, #" at "]\n"                                                                                       \
    "sxtab16 r8, r12, r3" rotation "sxtab16 r7, r12, r1" rotation "sub.w r10, r8, r7\n"                                \
    "sub.w r7, r8, r7, lsl #2\n"                                                                                       \
    "add.w r8, r8, r10, lsl #2\n"                                                                                      \
    "add.w r6, r6, r7\n"                                                                                               \
    "sub.w r7, r6, r7, lsl #1\n"                                                                                       \
    "add.w r9, r9, r10, lsl #1\n"                                                                                      \
    "sub.w r10, r9, r10, lsl #2\n"                                                                                     \
    "str.w r6, [r11, #" at " + 48]\n"                                                                                  \
    "sxtab16 r6, r12, r5" rotation "sub.w r6, r6, r8\n"                                                                \
    "str.w r7, [r11, #" at " + 96]\n"                                                                                  \
    "str.w r9, [r11, #" at " + 144]\n"                                                                                 \
    "str.w r10, [r11, #" at " + 192]\n"                                                                                \
    "str.w r6, [r11, #" at " + 240]\n"

/* B' times the same of six words, in plain C: as numbers modulo 2^32. */
HB_KERNEL void hb_winograd_4x4_line(const uint32_t *t, int32_t step, uint32_t out[6])
{
    const uint32_t a = t[4 * step] - 4 * t[2 * step], b = t[3 * step] - 4 * t[step];
    const uint32_t c = t[4 * step] - t[2 * step], d = t[3 * step] - t[step];
    out[0] = c + 4 * (t[0] - t[2 * step]);
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + 2 * d;
    out[4] = c - 2 * d;
    out[5] = t[5 * step] - t[3 * step] - 4 * d;
}

/* B' d of four channels: for each row six words of channels 0 and 2, then six of channels 1 and 3.
 *
 * Registers: r0 to r5 the pixels of a column, r6 to r10 what becomes of them, r11 their place, r12 128 twice, lr the
 * first pixel. */
HB_KERNEL void hb_winograd_4x4_columns(const int8_t *pixels, int32_t row, int32_t pixel, uint32_t *columns)
{
#ifdef __ARM_FEATURE_DSP
    const uint32_t *const end = columns + 6;
    __asm volatile("ldr lr, %[pixels]\n"
                   "ldr r11, %[columns]\n"
                   "mov.w r12, #0x00800080\n"
                   ".balign 4\n"
                   "0:\n"
                   "ldr.w r6, %[row]\n"
                   "ldr.w r0, [lr]\n"
                   "ldr.w r1, [lr, r6]\n"
                   "ldr.w r2, [lr, r6, lsl #1]\n"
                   "ldr.w r4, [lr, r6, lsl #2]\n"
                   "add.w r7, lr, r6\n"
                   "ldr.w r3, [r7, r6, lsl #1]\n"
                   "ldr.w r5, [r7, r6, lsl #2]\n" HB_WINOGRAD_4X4_COLUMN("\n", "0")
                       HB_WINOGRAD_4X4_COLUMN(", ror #8\n", "24") "ldr.w r6, %[pixel]\n"
                                                                  "ldr.w r7, %[end]\n"
                                                                  "add.w r11, r11, #4\n"
                                                                  "add.w lr, lr, r6\n"
                                                                  "cmp.w r11, r7\n"
                                                                  "bne.w 0b\n"
                   :
                   : [pixels] "m"(pixels), [row] "m"(row), [pixel] "m"(pixel), [columns] "m"(columns), [end] "m"(end)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",
                     "memory");
#else
    for (int32_t i = 0; i < 12; i++) {
        uint32_t d[6], out[6];
        for (int32_t y = 0; y < 6; y++) {
            d[y] = (hb_load32(pixels + y * row + i / 2 * pixel) ^ 0x80808080) >> (8 * (i % 2)) & 0x00ff00ff;
        }
        hb_winograd_4x4_line(d, 1, out);
        for (int32_t y = 0; y < 6; y++) {
            columns[12 * y + 6 * (i % 2) + i / 2] = out[y];
        }
    }
#endif
}

/* (B' d) B of four channels, of which a place's words lie four apart, and the places `step` bytes.
 *
 * Registers: r0 to r5, r9 and r10 a row, r6 where it lies, r7 where it goes, r8 step, r11 step more, r12 the end. */
HB_KERNEL void hb_winograd_4x4_rows(const uint32_t *columns, int32_t step, uint32_t *tile)
{
#ifdef __ARM_FEATURE_DSP
    __asm volatile("ldr r6, %[columns]\n"
                   "ldr r7, %[tile]\n"
                   "ldr r8, %[step]\n"
                   "add.w r12, r6, #288\n"
                   ".balign 4\n"
                   "0:\n"
                   "ldmia.w r6!, {r0-r5}\n"
                   "add.w r4, r4, #0x8000\n"
                   "add.w r5, r5, #0x8000\n" HB_WINOGRAD_4X4_ROW "add.w r7, r7, #16\n"
                   "ldmia.w r6!, {r0-r5}\n"
                   "add.w r4, r4, #0x8000\n"
                   "add.w r5, r5, #0x8000\n" HB_WINOGRAD_4X4_ROW "add.w r7, r11, r8, lsl #2\n"
                   "add.w r7, r7, r8\n"
                   "sub.w r7, r7, #16\n"
                   "cmp.w r6, r12\n"
                   "bne.w 0b\n"
                   :
                   : [columns] "m"(columns), [tile] "m"(tile), [step] "m"(step)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
#else
    for (int32_t i = 0; i < 12; i++) {
        uint32_t out[6];
        hb_winograd_4x4_line(columns + 6 * i, 1, out);
        for (int32_t x = 0; x < 6; x++) {
            tile[i % 2 * 4 + (i / 2 * 6 + x) * step / 4] = (out[x] + 0x8000) ^ 0x8000;
        }
    }
#endif
}

/* B' d B of all channels of a tile. */
HB_SHARED void hb_winograd_4x4_input(hb_winograd_window from, int32_t channels, uint32_t *tile)
{
    uint32_t columns[72];
    for (int32_t channel = 0; channel < channels; channel += 4, tile += 8) {
        hb_winograd_4x4_columns(from.pixels + channel, from.row, channels, columns);
        hb_winograd_4x4_rows(columns, 16 * HB_WINOGRAD_WORDS(channels), tile);
    }
}

/* A' times the six sums in r0 to r5, of which the last is halved: r0, r3, r1, r2. */
#define HB_WINOGRAD_4X4_SUMS                                                                                           \
    "add.w r1, r1, r2\n"                                                                                               \
    "sub.w r2, r1, r2, lsl #1\n"                                                                                       \
    "add.w r3, r3, r4\n"                                                                                               \
    "sub.w r4, r3, r4, lsl #1\n"                                                                                       \
    "add.w r0, r0, r1\n"                                                                                               \
    "add.w r0, r0, r3\n"                                                                                               \
    "add.w r1, r1, r3, lsl #2\n"                                                                                       \
    "add.w r3, r2, r4, lsl #1\n"                                                                                       \
    "add.w r2, r2, r4, lsl #3\n"                                                                                       \
    "add.w r2, r2, r5, lsl #1\n"

/* Registers from here: r6 sums, r7 and r8 an output and the step to the next, r9 what sums are multiplied by, r10 bias,
 * r11 multiplier, r12 addend, lr shift. */
#define HB_WINOGRAD_4X4_STAIRCASE(sum)                                                                                 \
    "mla " sum ", " sum ", r9, r10\n"                                                                                  \
    "smmla " sum ", " sum ", r11, r12\n"                                                                               \
    "ssat " sum ", #8, " sum ", asr #10\n"
#define HB_WINOGRAD_4X4_ROUND(sum)                                                                                     \
    "mla " sum ", " sum ", r9, r10\n"                                                                                  \
    "add.w r4, r12, " sum ", asr #31\n"                                                                                \
    "asr.w " sum ", " sum ", #5\n"                                                                                     \
    "smmlar " sum ", " sum ", r11, r4\n"                                                                               \
    "asr.w " sum ", " sum ", lr\n"                                                                                     \
    "ssat " sum ", #8, " sum "\n"

#define HB_WINOGRAD_4X4_OUTPUTS(REQUANTIZE)                                                                            \
    __asm volatile("ldr r6, %[sums]\n"                                                                                 \
                   "ldr r0, %[channel]\n"                                                                              \
                   "ldr r7, %[out]\n"                                                                                  \
                   "ldr r8, %[pixel]\n"                                                                                \
                   "ldr r9, %[inverse]\n"                                                                              \
                   "ldmia.w r0, {r10, r11, r12, lr}\n"                                                                 \
                   ".balign 4\n"                                                                                       \
                   "0:\n"                                                                                              \
                   "ldr.w r0, [r6]\n"                                                                                  \
                   "ldr.w r1, [r6, #32]\n"                                                                             \
                   "ldr.w r2, [r6, #64]\n"                                                                             \
                   "ldr.w r3, [r6, #96]\n"                                                                             \
                   "ldr.w r4, [r6, #128]\n"                                                                            \
                   "ldr.w r5, [r6, #160]\n" HB_WINOGRAD_4X4_SUMS REQUANTIZE("r0") REQUANTIZE("r3") REQUANTIZE("r1")    \
                       REQUANTIZE("r2") "strb.w r0, [r7]\n"                                                            \
                                        "add.w r5, r7, r8, lsl #1\n"                                                   \
                                        "strb.w r3, [r7, r8]\n"                                                        \
                                        "strb.w r1, [r5]\n"                                                            \
                                        "strb.w r2, [r5, r8]\n"                                                        \
                                        "ldr.w r0, %[row]\n"                                                           \
                                        "ldr.w r1, %[end]\n"                                                           \
                                        "add.w r6, r6, #192\n"                                                         \
                                        "add.w r7, r7, r0\n"                                                           \
                                        "cmp.w r6, r1\n"                                                               \
                                        "bne.w 0b\n"                                                                   \
                   :                                                                                                   \
                   : [sums] "m"(sums), [channel] "m"(channel), [out] "m"(out), [pixel] "m"(pixel),                     \
                     [inverse] "m"(inverse), [row] "m"(row), [end] "m"(end)                                            \
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",      \
                     "memory")

#ifdef __ARM_FEATURE_DSP
/* A' m, in the place of the first four rows of m. */
HB_KERNEL void hb_winograd_4x4_fold(int32_t *sums)
{
    __asm volatile("ldr r6, %[sums]\n"
                   ".set hb_column, 0\n"
                   ".rept 6\n"
                   "ldr.w r0, [r6, #hb_column]\n"
                   "ldr.w r1, [r6, #hb_column + 192]\n"
                   "ldr.w r2, [r6, #hb_column + 384]\n"
                   "ldr.w r3, [r6, #hb_column + 576]\n"
                   "ldr.w r4, [r6, #hb_column + 768]\n"
                   "ldr.w r5, [r6, #hb_column + 960]\n" HB_WINOGRAD_4X4_SUMS "str.w r0, [r6, #hb_column]\n"
                   "str.w r3, [r6, #hb_column + 192]\n"
                   "str.w r1, [r6, #hb_column + 384]\n"
                   "str.w r2, [r6, #hb_column + 576]\n"
                   ".set hb_column, hb_column + 32\n"
                   ".endr\n"
                   :
                   : [sums] "m"(sums)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "memory");
}

/* A' m A of one channel of a tile as outputs. */
HB_KERNEL void hb_winograd_4x4_output(int32_t *sums, const hb_dsp_channel *channel, uint32_t inverse, int8_t *out,
                                      int32_t pixel, int32_t row)
{
    const int32_t *const end = sums + 192;
    hb_winograd_4x4_fold(sums);
    if (channel->shift == 0) {
        HB_WINOGRAD_4X4_OUTPUTS(HB_WINOGRAD_4X4_STAIRCASE);
    } else {
        HB_WINOGRAD_4X4_OUTPUTS(HB_WINOGRAD_4X4_ROUND);
    }
}
#else
HB_KERNEL void hb_winograd_4x4_sums(const uint32_t *m, int32_t step, uint32_t out[4])
{
    const uint32_t s1 = m[step] + m[2 * step], d1 = m[step] - m[2 * step];
    const uint32_t s2 = m[3 * step] + m[4 * step], d2 = m[3 * step] - m[4 * step];
    out[0] = m[0] + s1 + s2;
    out[1] = d1 + 2 * d2;
    out[2] = s1 + 4 * s2;
    out[3] = d1 + 8 * d2 + 2 * m[5 * step];
}

HB_KERNEL void hb_winograd_4x4_output(int32_t *sums, const hb_dsp_channel *channel, uint32_t inverse, int8_t *out,
                                      int32_t pixel, int32_t row)
{
    uint32_t folded[24], line[4];
    for (int32_t x = 0; x < 6; x++) {
        hb_winograd_4x4_sums((const uint32_t *)sums + 8 * x, 48, line);
        for (int32_t y = 0; y < 4; y++) {
            folded[6 * y + x] = line[y];
        }
    }
    for (int32_t y = 0; y < 4; y++) {
        hb_winograd_4x4_sums(folded + 6 * y, 1, line);
        for (int32_t x = 0; x < 4; x++) {
            const uint32_t sum = line[x] * inverse + (uint32_t)channel->bias;
            out[y * row + x * pixel] = hb_winograd_round((int32_t)sum, channel);
        }
    }
}
#endif

/* The outputs of one channel of some tiles, whose sums lie eight apart. A whole tile goes where it belongs, of another
 * one what is in the region. 576 sums times the inverse of nine modulo 2^32 are 64 sums. */
HB_SHARED void hb_winograd_4x4_outputs(int32_t *sums, const hb_dsp_channel *channel, const hb_winograd_target *targets,
                                       int32_t tiles, int32_t pixel, int32_t row, int8_t *out)
{
    const uint32_t inverse = UINT32_C(954437177) << (channel->shift == 0);
    for (int32_t tile = 0; tile < tiles; tile++, targets++, sums++) {
        if (targets->rows == 4 && targets->cols == 4) {
            hb_winograd_4x4_output(sums, channel, inverse, out + targets->first, pixel, row);
        } else {
            int8_t whole[16];
            hb_winograd_4x4_output(sums, channel, inverse, whole, 1, 4);
            for (int32_t i = 0; i < targets->rows * targets->cols; i++) {
                const int32_t y = i / targets->cols, x = i % targets->cols;
                out[targets->first + y * row + x * pixel] = whole[4 * y + x];
            }
        }
    }
}

HB_KERNEL void hb_conv_2d_3x3_winograd_4x4_dsp_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                                    void *scratch)
{
    const int32_t words = HB_WINOGRAD_WORDS(p->in_channels), row = out.cols * p->out_channels;
    uint32_t *tiles = scratch;
    int32_t *sums = (int32_t *)tiles + 4 * HB_WINOGRAD_4X4_PLACES * words;
    const hb_dsp_channel *channels = (const hb_dsp_channel *)p->winograd_channels;
    const int32_t across = (at.x1 - at.x0 + 3) / 4, count = across * ((at.y1 - at.y0 + 3) / 4);
    const hb_winograd_limits limits = hb_winograd_limits_of(at, p);
    for (int32_t start = 0; start < count; start += 4) {
        const int32_t some = hb_clamp(count - start, 0, 4);
        hb_winograd_target targets[4];
        for (int32_t i = 0; i < some; i++) {
            const int32_t y = at.y0 + (start + i) / across * 4, x = at.x0 + (start + i) % across * 4;
            const hb_winograd_window window = hb_winograd_window_of(&in, y, x, 6, limits, (uint32_t *)sums, p);
            hb_winograd_4x4_input(window, p->in_channels, tiles + i);
            targets[i] = hb_winograd_target_of(&out, at, y, x, 4, p->out_channels);
        }
        const uint32_t *weights = (const uint32_t *)p->winograd_weights;
        for (int32_t o = 0; o < p->out_channels; o += 2, weights += 2 * HB_WINOGRAD_4X4_PLACES * words) {
            hb_winograd_products(tiles, weights, words, HB_WINOGRAD_4X4_PLACES, sums);
            for (int32_t c = o; c < o + 2 && c < p->out_channels; c++) {
                hb_winograd_4x4_outputs(sums + 4 * (c - o), channels + c, targets, some, p->out_channels, row,
                                        (int8_t *)out.data + c);
            }
        }
    }
}

#endif
