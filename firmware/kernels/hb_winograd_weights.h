/* The weights' transform of hb_winograd.h: (24 G) g (24 G)' of an output channel, its second and third row (and column)
 * with the other sign, its last one halved.
 *
 * Two channels' numbers are one number, as in hb_winograd_input.h.
 */
#ifndef HB_WINOGRAD_WEIGHTS_H
#define HB_WINOGRAD_WEIGHTS_H

#include "hb_winograd.h"

/* clang-format off */
/* A column of three words of bytes in r0 to r2, plus 128, those that `rotation` brings to places 0 and 2. */
#define HB_WINOGRAD_FILTER_COLUMN(rotation, at)                                                                        \
    "uxtb16 r3, r0" rotation                                                                                           \
    "uxtb16 r4, r1" rotation                                                                                           \
    "uxtb16 r5, r2" rotation                                                                                           \
    "sub.w r3, r3, #0x00800080\n"                                                                                      \
    "sub.w r4, r4, #0x00800080\n"                                                                                      \
    "sub.w r5, r5, #0x00800080\n"                                                                                      \
    "mul r8, r3, r6\n"                                                                                                 \
    "add.w r9, r3, r5\n"                                                                                               \
    "str.w r8, [r11, #" at "]\n"                                                                                       \
    "lsl.w r9, r9, #2\n"                                                                                               \
    "add.w r3, r3, r5, lsl #2\n"                                                                                       \
    "mul r5, r5, r7\n"                                                                                                 \
    "add.w r8, r9, r4, lsl #2\n"                                                                                       \
    "sub.w r9, r9, r4, lsl #2\n"                                                                                       \
    "add.w r10, r3, r4, lsl #1\n"                                                                                      \
    "sub.w r3, r3, r4, lsl #1\n"                                                                                       \
    "str.w r8, [r11, #" at " + 24]\n"                                                                                  \
    "str.w r9, [r11, #" at " + 48]\n"                                                                                  \
    "str.w r10, [r11, #" at " + 72]\n"                                                                                 \
    "str.w r3, [r11, #" at " + 96]\n"                                                                                  \
    "str.w r5, [r11, #" at " + 120]\n"

/* Registers: r0 to r5 and r8 to r10 a column, r6 and r7 six and twelve, r11 where it goes, r12 `row`, lr the first
 * weight. */
#define HB_WINOGRAD_FILTER_COLUMNS                                                                                     \
    "ldr lr, %[weights]\n"                                                                                             \
    "ldr r11, %[columns]\n"                                                                                            \
    "ldr r12, %[row]\n"                                                                                                \
    "mov.w r6, #6\n"                                                                                                   \
    "mov.w r7, #12\n"                                                                                                  \
    ".balign 4\n"                                                                                                      \
    "0:\n"                                                                                                             \
    "ldr.w r0, [lr]\n"                                                                                                 \
    "ldr.w r1, [lr, r12]\n"                                                                                            \
    "ldr.w r2, [lr, r12, lsl #1]\n"                                                                                    \
    "eor.w r0, r0, #0x80808080\n"                                                                                      \
    "eor.w r1, r1, #0x80808080\n"                                                                                      \
    "eor.w r2, r2, #0x80808080\n"                                                                                      \
    HB_WINOGRAD_FILTER_COLUMN("\n", "0")                                                                               \
    HB_WINOGRAD_FILTER_COLUMN(", ror #8\n", "12")                                                                      \
    "ldr.w r0, %[channels]\n"                                                                                          \
    "ldr.w r1, %[end]\n"                                                                                               \
    "add.w r11, r11, #4\n"                                                                                             \
    "add.w lr, lr, r0\n"                                                                                               \
    "cmp.w r11, r1\n"                                                                                                  \
    "bne.w 0b\n"

#define HB_WINOGRAD_FILTER_ROW                                                                                         \
    "ldmia.w r6!, {r0-r2}\n"                                                                                           \
    "add.w r3, r0, r2\n"                                                                                               \
    "mla r4, r0, r9, r5\n"                                                                                             \
    "add.w r0, r0, r2, lsl #2\n"                                                                                       \
    "mla r2, r2, r10, r5\n"                                                                                            \
    "add.w r3, r5, r3, lsl #2\n"                                                                                       \
    "add.w r0, r0, r5\n"                                                                                               \
    "add.w r11, r3, r1, lsl #2\n"                                                                                      \
    "sub.w r3, r3, r1, lsl #2\n"                                                                                       \
    "add.w r12, r0, r1, lsl #1\n"                                                                                      \
    "sub.w r0, r0, r1, lsl #1\n"                                                                                       \
    "add.w r1, r7, r8\n"                                                                                               \
    "eor.w r4, r4, r5\n"                                                                                               \
    "eor.w r11, r11, r5\n"                                                                                             \
    "eor.w r3, r3, r5\n"                                                                                               \
    "eor.w r12, r12, r5\n"                                                                                             \
    "eor.w r0, r0, r5\n"                                                                                               \
    "eor.w r2, r2, r5\n"                                                                                               \
    "str.w r4, [r7]\n"                                                                                                 \
    "str.w r11, [r7, r8]\n"                                                                                            \
    "str.w r3, [r7, r8, lsl #1]\n"                                                                                     \
    "str.w r12, [r1, r8, lsl #1]\n"                                                                                    \
    "str.w r0, [r7, r8, lsl #2]\n"                                                                                     \
    "str.w r2, [r1, r8, lsl #2]\n"

/* Registers: r0 to r4, r11 and r12 a row, r5 0x8000, r6 where rows lie, r7 where they go, r8 step, r9 and r10 six and
 * twelve, lr the rows' end. */
#define HB_WINOGRAD_FILTER_ROWS                                                                                        \
    "ldr r6, %[columns]\n"                                                                                             \
    "ldr r7, %[wide]\n"                                                                                                \
    "ldr r8, %[step]\n"                                                                                                \
    "mov.w r5, #0x8000\n"                                                                                              \
    "mov.w r9, #6\n"                                                                                                   \
    "mov.w r10, #12\n"                                                                                                 \
    "add.w lr, r6, #144\n"                                                                                             \
    ".balign 4\n"                                                                                                      \
    "0:\n"                                                                                                             \
    HB_WINOGRAD_FILTER_ROW                                                                                             \
    "add.w r7, r7, #8\n"                                                                                               \
    HB_WINOGRAD_FILTER_ROW                                                                                             \
    "add.w r7, r1, r8, lsl #2\n"                                                                                       \
    "add.w r7, r7, r8\n"                                                                                               \
    "sub.w r7, r7, #8\n"                                                                                               \
    "cmp.w r6, lr\n"                                                                                                   \
    "bne.w 0b\n"
/* clang-format on */

/* The filter of one line of three, as numbers modulo 2^32. */
HB_KERNEL void hb_winograd_filter_line(uint32_t a, uint32_t b, uint32_t c, uint32_t out[6])
{
    out[0] = 6 * a;
    out[1] = 4 * (a + c) + 4 * b;
    out[2] = 4 * (a + c) - 4 * b;
    out[3] = a + 4 * c + 2 * b;
    out[4] = a + 4 * c - 2 * b;
    out[5] = 12 * c;
}

/* Columns of four channels: for each row three words of channels 0 and 2, then three of channels 1 and 3. */
HB_KERNEL void hb_winograd_filter_columns(const int8_t *weights, int32_t channels, uint32_t *columns)
{
    const int32_t row = 3 * channels;
#ifdef __ARM_FEATURE_DSP
    const uint32_t *const end = columns + 3;
    __asm volatile(
        HB_WINOGRAD_FILTER_COLUMNS
        :
        : [weights] "m"(weights), [row] "m"(row), [channels] "m"(channels), [columns] "m"(columns), [end] "m"(end)
        : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
#else
    for (int32_t i = 0; i < 6; i++) {
        uint32_t g[3], out[6];
        for (int32_t y = 0; y < 3; y++) {
            const uint32_t word = hb_load32(weights + y * row + i / 2 * channels) ^ 0x80808080;
            g[y] = (word >> (8 * (i % 2)) & 0x00ff00ff) - 0x00800080;
        }
        hb_winograd_filter_line(g[0], g[1], g[2], out);
        for (int32_t y = 0; y < 6; y++) {
            columns[6 * y + 3 * (i % 2) + i / 2] = out[y];
        }
    }
#endif
}

/* Rows of four channels: two words of each place; places lie `step` bytes apart. */
HB_KERNEL void hb_winograd_filter_rows(const uint32_t *columns, int32_t step, uint32_t *wide)
{
#ifdef __ARM_FEATURE_DSP
    __asm volatile(HB_WINOGRAD_FILTER_ROWS
                   :
                   : [columns] "m"(columns), [wide] "m"(wide), [step] "m"(step)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",
                     "memory");
#else
    for (int32_t i = 0; i < 12; i++) {
        const uint32_t *g = columns + 3 * i;
        uint32_t out[6];
        hb_winograd_filter_line(g[0], g[1], g[2], out);
        for (int32_t x = 0; x < 6; x++) {
            wide[i % 2 * 2 + (i / 2 * 6 + x) * step / 4] = (out[x] + 0x8000) ^ 0x8000;
        }
    }
#endif
}

/* All weights of one output channel; what fills up a place's words is left as it is. */
HB_SHARED void hb_winograd_weights(const int8_t *weights, int32_t channels, uint32_t *wide)
{
    uint32_t columns[36];
    for (int32_t channel = 0; channel < channels; channel += 4, wide += 4) {
        hb_winograd_filter_columns(weights + channel, channels, columns);
        hb_winograd_filter_rows(columns, 8 * HB_WINOGRAD_WORDS(channels), wide);
    }
}

#endif
