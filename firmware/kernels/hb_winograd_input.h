/* The inputs' transform of hb_winograd.h: B' d B of a tile.
 *
 * Two channels' numbers, in the halves of a word, are added, subtracted and shifted as one: the upper half then lacks one
 * where the lower one is negative. Adding 0x8000 and inverting its bit makes that good in the end.
 */
#ifndef HB_WINOGRAD_INPUT_H
#define HB_WINOGRAD_INPUT_H

#include "hb_winograd.h"

/* clang-format off */
/* B' times a column of six pixels' bytes in r0 to r5, those that `rotation` brings to places 0 and 2. */
#define HB_WINOGRAD_COLUMN(rotation, at)                                                                               \
    "sxtab16 r6, r12, r4" rotation                                                                                     \
    "sxtab16 r7, r12, r2" rotation                                                                                     \
    "sxtab16 r8, r12, r0" rotation                                                                                     \
    "sub.w r9, r6, r7\n"                                                                                               \
    "sub.w r8, r8, r7\n"                                                                                               \
    "add.w r8, r9, r8, lsl #2\n"                                                                                       \
    "sub.w r6, r6, r7, lsl #2\n"                                                                                       \
    "str.w r8, [r11, #" at "]\n"                                                                                       \
    "sxtab16 r8, r12, r3" rotation                                                                                     \
    "sxtab16 r7, r12, r1" rotation                                                                                     \
    "sub.w r10, r8, r7\n"                                                                                              \
    "sub.w r7, r8, r7, lsl #2\n"                                                                                       \
    "add.w r8, r8, r10, lsl #2\n"                                                                                      \
    "add.w r6, r6, r7\n"                                                                                               \
    "sub.w r7, r6, r7, lsl #1\n"                                                                                       \
    "add.w r9, r9, r10, lsl #1\n"                                                                                      \
    "sub.w r10, r9, r10, lsl #2\n"                                                                                     \
    "str.w r6, [r11, #" at " + 48]\n"                                                                                  \
    "sxtab16 r6, r12, r5" rotation                                                                                     \
    "sub.w r6, r6, r8\n"                                                                                               \
    "str.w r7, [r11, #" at " + 96]\n"                                                                                  \
    "str.w r9, [r11, #" at " + 144]\n"                                                                                 \
    "str.w r10, [r11, #" at " + 192]\n"                                                                                \
    "str.w r6, [r11, #" at " + 240]\n"

/* The column of two pairs of channels at lr. */
#define HB_WINOGRAD_TWO_COLUMNS                                                                                        \
    "ldr.w r6, %[row]\n"                                                                                               \
    "ldr.w r0, [lr]\n"                                                                                                 \
    "ldr.w r1, [lr, r6]\n"                                                                                             \
    "ldr.w r2, [lr, r6, lsl #1]\n"                                                                                     \
    "ldr.w r4, [lr, r6, lsl #2]\n"                                                                                     \
    "add.w r7, lr, r6\n"                                                                                               \
    "ldr.w r3, [r7, r6, lsl #1]\n"                                                                                     \
    "ldr.w r5, [r7, r6, lsl #2]\n"                                                                                     \
    "ldr.w r6, %[pixel]\n"                                                                                             \
    "add.w lr, lr, r6\n"                                                                                               \
    HB_WINOGRAD_COLUMN("\n", "hb_column")                                                                              \
    HB_WINOGRAD_COLUMN(", ror #8\n", "hb_column + 24")                                                                 \
    ".set hb_column, hb_column + 4\n"

/* Registers: r0 to r5 the pixels of a column, r6 to r10 what becomes of them, r11 their place, r12 128 twice, lr the
 * first pixel. */
#define HB_WINOGRAD_COLUMNS                                                                                            \
    "ldr lr, %[pixels]\n"                                                                                              \
    "ldr r11, %[columns]\n"                                                                                            \
    "mov.w r12, #0x00800080\n"                                                                                         \
    ".balign 4\n"                                                                                                      \
    "0:\n"                                                                                                             \
    ".set hb_column, 0\n"                                                                                              \
    HB_TWICE(HB_WINOGRAD_TWO_COLUMNS)                                                                                  \
    "ldr.w r7, %[end]\n"                                                                                               \
    "add.w r11, r11, #8\n"                                                                                             \
    "cmp.w r11, r7\n"                                                                                                  \
    "bne.w 0b\n"

/* B' times the six words of a row. Registers: r0 to r5, r9 and r10 the row, r7 where it goes, r8 step, r11 = r7 + r8. */
#define HB_WINOGRAD_ROW                                                                                                \
    "ldmia.w r6!, {r0-r5}\n"                                                                                           \
    "add.w r4, r4, #0x8000\n"                                                                                          \
    "add.w r5, r5, #0x8000\n"                                                                                          \
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

/* Registers besides: r6 where rows lie, r12 their end. */
#define HB_WINOGRAD_ROWS                                                                                               \
    "ldr r6, %[columns]\n"                                                                                             \
    "ldr r7, %[tile]\n"                                                                                                \
    "ldr r8, %[step]\n"                                                                                                \
    "add.w r12, r6, #288\n"                                                                                            \
    ".balign 4\n"                                                                                                      \
    "0:\n"                                                                                                             \
    HB_WINOGRAD_ROW                                                                                                    \
    "add.w r7, r7, #16\n"                                                                                              \
    HB_WINOGRAD_ROW                                                                                                    \
    "add.w r7, r11, r8, lsl #2\n"                                                                                      \
    "add.w r7, r7, r8\n"                                                                                               \
    "sub.w r7, r7, #16\n"                                                                                              \
    "cmp.w r6, r12\n"                                                                                                  \
    "bne.w 0b\n"
/* B' times six pixels' bytes of a row in r0 to r5, to places lr bytes apart from r11 on. */
#define HB_WINOGRAD_PIXELS(rotation)                                                                                   \
    "sxtab16 r6, r12, r4" rotation                                                                                     \
    "sxtab16 r7, r12, r2" rotation                                                                                     \
    "sxtab16 r8, r12, r0" rotation                                                                                     \
    "add.w r6, r6, #0x8000\n"                                                                                          \
    "sub.w r9, r6, r7\n"                                                                                               \
    "sub.w r8, r8, r7\n"                                                                                               \
    "add.w r8, r9, r8, lsl #2\n"                                                                                       \
    "sub.w r6, r6, r7, lsl #2\n"                                                                                       \
    "eor.w r8, r8, #0x8000\n"                                                                                          \
    "str.w r8, [r11]\n"                                                                                                \
    "sxtab16 r8, r12, r3" rotation                                                                                     \
    "sxtab16 r7, r12, r1" rotation                                                                                     \
    "sub.w r10, r8, r7\n"                                                                                              \
    "sub.w r7, r8, r7, lsl #2\n"                                                                                       \
    "add.w r8, r8, r10, lsl #2\n"                                                                                      \
    "add.w r6, r6, r7\n"                                                                                               \
    "sub.w r7, r6, r7, lsl #1\n"                                                                                       \
    "add.w r9, r9, r10, lsl #1\n"                                                                                      \
    "sub.w r10, r9, r10, lsl #2\n"                                                                                     \
    "eor.w r6, r6, #0x8000\n"                                                                                          \
    "eor.w r7, r7, #0x8000\n"                                                                                          \
    "str.w r6, [r11, lr]\n"                                                                                            \
    "str.w r7, [r11, lr, lsl #1]\n"                                                                                    \
    "sxtab16 r6, r12, r5" rotation                                                                                     \
    "eor.w r9, r9, #0x8000\n"                                                                                          \
    "add.w r6, r6, #0x8000\n"                                                                                          \
    "eor.w r10, r10, #0x8000\n"                                                                                        \
    "sub.w r6, r6, r8\n"                                                                                               \
    "add.w r8, r11, lr\n"                                                                                              \
    "eor.w r6, r6, #0x8000\n"                                                                                          \
    "str.w r10, [r11, lr, lsl #2]\n"                                                                                   \
    "str.w r9, [r8, lr, lsl #1]\n"                                                                                     \
    "str.w r6, [r8, lr, lsl #2]\n"

/* Registers: r0 to r5 four channels of a row, r6 to r10 what becomes of them, r11 its place, r12 128 twice, lr step. */
#define HB_WINOGRAD_ROW_INPUT                                                                                          \
    "ldr r11, %[to]\n"                                                                                                 \
    "ldr lr, %[step]\n"                                                                                                \
    "mov.w r12, #0x00800080\n"                                                                                         \
    ".balign 4\n"                                                                                                      \
    "0:\n"                                                                                                             \
    "ldr.w r7, %[pixels]\n"                                                                                            \
    "ldr.w r6, %[pixel]\n"                                                                                             \
    "ldr.w r0, [r7]\n"                                                                                                 \
    "ldr.w r1, [r7, r6]\n"                                                                                             \
    "ldr.w r2, [r7, r6, lsl #1]\n"                                                                                     \
    "ldr.w r4, [r7, r6, lsl #2]\n"                                                                                     \
    "add.w r8, r7, r6\n"                                                                                               \
    "ldr.w r3, [r8, r6, lsl #1]\n"                                                                                     \
    "ldr.w r5, [r8, r6, lsl #2]\n"                                                                                     \
    "add.w r7, r7, #4\n"                                                                                               \
    "str.w r7, %[pixels]\n"                                                                                            \
    HB_WINOGRAD_PIXELS("\n")                                                                                           \
    "add.w r11, r11, #16\n"                                                                                            \
    HB_WINOGRAD_PIXELS(", ror #8\n")                                                                                   \
    "ldr.w r6, %[end]\n"                                                                                               \
    "add.w r11, r11, #16\n"                                                                                            \
    "cmp.w r11, r6\n"                                                                                                  \
    "bne.w 0b\n"
/* clang-format on */

/* B' times six words, as numbers modulo 2^32. */
HB_KERNEL void hb_winograd_line(const uint32_t *t, uint32_t out[6])
{
    const uint32_t a = t[4] - 4 * t[2], b = t[3] - 4 * t[1], c = t[4] - t[2], d = t[3] - t[1];
    out[0] = c + 4 * (t[0] - t[2]);
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + 2 * d;
    out[4] = c - 2 * d;
    out[5] = t[5] - t[3] - 4 * d;
}

/* B' d of four channels: for each row six words of channels 0 and 2, then six of channels 1 and 3. */
HB_KERNEL void hb_winograd_columns(const int8_t *pixels, int32_t row, int32_t pixel, uint32_t *columns)
{
#ifdef __ARM_FEATURE_DSP
    const uint32_t *const end = columns + 6;
    __asm volatile(HB_WINOGRAD_COLUMNS
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
        hb_winograd_line(d, out);
        for (int32_t y = 0; y < 6; y++) {
            columns[12 * y + 6 * (i % 2) + i / 2] = out[y];
        }
    }
#endif
}

/* (B' d) B of four channels: two words of each place; places lie `step` bytes apart. */
HB_KERNEL void hb_winograd_rows(const uint32_t *columns, int32_t step, uint32_t *tile)
{
#ifdef __ARM_FEATURE_DSP
    __asm volatile(HB_WINOGRAD_ROWS
                   :
                   : [columns] "m"(columns), [tile] "m"(tile), [step] "m"(step)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
#else
    for (int32_t i = 0; i < 12; i++) {
        uint32_t out[6];
        hb_winograd_line(columns + 6 * i, out);
        for (int32_t x = 0; x < 6; x++) {
            tile[i % 2 * 4 + (i / 2 * 6 + x) * step / 4] = (out[x] + 0x8000) ^ 0x8000;
        }
    }
#endif
}

/* All channels of the tile whose first pixel is at `pixels`; rows of pixels lie `row` bytes apart. */
HB_SHARED void hb_winograd_input(const int8_t *pixels, int32_t row, int32_t channels, uint32_t *tile)
{
    uint32_t columns[72];
    for (int32_t channel = 0; channel < channels; channel += 4, tile += 8) {
        hb_winograd_columns(pixels + channel, row, channels, columns);
        hb_winograd_rows(columns, 16 * HB_WINOGRAD_WORDS(channels), tile);
    }
}

/* d B of all channels of one row of a tile: two words of each place for four channels; places lie `step` bytes apart. */
HB_KERNEL void hb_winograd_row_tile(const int8_t *pixels, int32_t pixel, int32_t step, uint32_t *to)
{
    const uint32_t *const end = to + 2 * pixel;
#ifdef __ARM_FEATURE_DSP
    __asm volatile(HB_WINOGRAD_ROW_INPUT
                   : [pixels] "+m"(pixels)
                   : [pixel] "m"(pixel), [step] "m"(step), [to] "m"(to), [end] "m"(end)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc",
                     "memory");
#else
    for (int32_t bits = 0; to < end; to += 4, bits ^= 8, pixels += bits == 0 ? 4 : 0) {
        uint32_t d[6], out[6];
        for (int32_t x = 0; x < 6; x++) {
            d[x] = (hb_load32(pixels + x * pixel) ^ 0x80808080) >> bits & 0x00ff00ff;
        }
        hb_winograd_line(d, out);
        for (int32_t x = 0; x < 6; x++) {
            to[x * step / 4] = (out[x] + 0x8000) ^ 0x8000;
        }
    }
#endif
}

/* The same of some tiles, which begin four pixels apart. */
HB_SHARED void hb_winograd_row_input(const int8_t *pixels, int32_t channels, int32_t tiles, int32_t step,
                                     uint32_t *block)
{
    for (int32_t tile = 0; tile < tiles; tile++, pixels += 4 * channels) {
        hb_winograd_row_tile(pixels, channels, step, block + tile);
    }
}

/* Words from one place to another, or (`step` 0) the same one. */
HB_KERNEL uint32_t *hb_winograd_copy(uint32_t *to, const int8_t *from, int32_t words, int32_t step)
{
#pragma GCC unroll 4
    for (int32_t i = 0; i < words; i++, from += step) {
        *to++ = hb_load32(from);
    }
    return to;
}

/* The same of a tile of which only the pixels `inside` may be read. What is not there is `fill`, four bytes; `patch` has
 * room for a whole tile. */
HB_SHARED void hb_winograd_edge(const int8_t *pixels, int32_t row, int32_t channels, hb_region inside, uint32_t fill,
                                uint32_t *patch, uint32_t *tile)
{
    const int32_t words = channels / 4;
    uint32_t *to = patch;
    for (int32_t y = 0; y < 6; y++) {
        const int is_inside = y >= inside.y0 && y < inside.y1;
        const int32_t first = is_inside ? inside.x0 : 6, last = is_inside ? inside.x1 : 6;
        to = hb_winograd_copy(to, (const int8_t *)&fill, first * words, 0);
        to = hb_winograd_copy(to, pixels + y * row + first * channels, (last - first) * words, 4);
        to = hb_winograd_copy(to, (const int8_t *)&fill, (6 - last) * words, 0);
    }
    hb_winograd_input((const int8_t *)patch, 6 * channels, channels, tile);
}

#endif
