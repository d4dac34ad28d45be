/* Winograd's minimal filtering (Lavin and Gray 2016, section 4.1) of 3x3 windows with stride 1, in integers: a tile of
 * inputs is transformed into places, each is multiplied by the transformed weight of its place, and the products, summed
 * over the channels, are transformed into a tile of outputs.
 *
 * All of it is exact. Inputs are x + 128, from 0 to 255, also where there is padding; what that is away from x +
 * input_offset goes into the bias. Transformed inputs and weights fit 16 bits, and sums are right modulo 2^32. They are a
 * multiple of the outputs' sums; a multiplication modulo 2^32 makes it 128, for the staircase, or HB_WINOGRAD_FACTOR.
 */
#ifndef HB_WINOGRAD_H
#define HB_WINOGRAD_H

#include "hb_conv.h"
#include "hb_dsp.h"

/* SUM_FACTOR of hilbench/kernels/winograd.py: two times 2^HB_WINOGRAD_SHIFT. */
#define HB_WINOGRAD_SHIFT 5

/* Words of a place: two channels each, filled up to rounds of the inner loop. */
#define HB_WINOGRAD_WORDS(channels) (((channels) + 15) / 16 * 8)

/* Rows and columns of the input that may be read: those of the tensor that the region to be written needs. */
typedef struct {
    int32_t row_end, col_end;
} hb_winograd_limits;

HB_KERNEL hb_winograd_limits hb_winograd_limits_of(hb_region at, const hb_conv_int8_args *p)
{
    return (hb_winograd_limits){hb_clamp(at.y1 - p->pad_top + 2, 0, p->in_rows),
                                hb_clamp(at.x1 - p->pad_left + 2, 0, p->in_cols)};
}

/* Where the inputs of a tile lie: a pixel's channels together, `row` bytes from one row to the next. */
typedef struct {
    const int8_t *pixels;
    int32_t row;
} hb_winograd_window;

/* A tile of size x size pixels of which only `inside` may be read, with padding, whose bytes are those of `fill`. */
HB_SHARED void hb_winograd_patch(hb_winograd_window from, hb_region inside, int32_t size, int32_t channels,
                                 uint32_t fill, uint32_t *patch)
{
    for (int32_t y = 0; y < size; y++) {
        for (int32_t x = 0; x < size; x++) {
            const int is_inside = y >= inside.y0 && y < inside.y1 && x >= inside.x0 && x < inside.x1;
            const int8_t *pixel = from.pixels + y * from.row + x * channels;
            for (int32_t channel = 0; channel < channels; channel += 4) {
                *patch++ = is_inside ? hb_load32(pixel + channel) : fill;
            }
        }
    }
}

/* The inputs of the tile whose outputs begin at pixel (y, x): in the map, or copied to `patch`. */
HB_KERNEL hb_winograd_window hb_winograd_window_of(const hb_view *in, int32_t y, int32_t x, int32_t size,
                                                   hb_winograd_limits limits, uint32_t *patch,
                                                   const hb_conv_int8_args *p)
{
    const int32_t top = y - p->pad_top, left = x - p->pad_left;
    const hb_region inside = {(int16_t)hb_clamp(-top, 0, size), (int16_t)hb_clamp(limits.row_end - top, 0, size),
                              (int16_t)hb_clamp(-left, 0, size), (int16_t)hb_clamp(limits.col_end - left, 0, size)};
    const hb_winograd_window window = {(const int8_t *)in->data + hb_at(in, top, left, p->in_channels),
                                       in->cols * p->in_channels};
    if (inside.y0 == 0 && inside.x0 == 0 && inside.y1 == size && inside.x1 == size) {
        return window;
    }
    hb_winograd_patch(window, inside, size, p->in_channels, (uint8_t)-p->input_offset * UINT32_C(0x01010101), patch);
    return (hb_winograd_window){(const int8_t *)patch, size * p->in_channels};
}

/* Where the outputs of a tile go: bytes from channel 0 of the map to the tile's first output, and how many of its rows
 * and columns lie in the region. */
typedef struct {
    int32_t first;
    int16_t rows, cols;
} hb_winograd_target;

HB_KERNEL hb_winograd_target hb_winograd_target_of(const hb_view *out, hb_region at, int32_t y, int32_t x, int32_t size,
                                                   int32_t channels)
{
    return (hb_winograd_target){hb_at(out, y, x, channels), (int16_t)hb_clamp(at.y1 - y, 0, size),
                                (int16_t)hb_clamp(at.x1 - x, 0, size)};
}

/* One word of two output channels and four tiles, as HB_WORD_2X4, with an instruction of the caller's. */
#define HB_WINOGRAD_WORD(MULTIPLY, word)                                                                               \
    "ldr.w r12, [r1, #8 * " #word "]\n"                                                                                \
    "ldr.w lr, [r1, #8 * " #word " + 4]\n"                                                                             \
    "ldr.w r2, [r0, #16 * " #word "]\n"                                                                                \
    "ldr.w r3, [r0, #16 * " #word " + 4]\n" MULTIPLY("r4", "r2", "r12") MULTIPLY("r8", "r2", "lr")                     \
        MULTIPLY("r5", "r3", "r12")                                                                                    \
            MULTIPLY("r9", "r3", "lr") "ldr.w r2, [r0, #16 * " #word " + 8]\n"                                         \
                                       "ldr.w r3, [r0, #16 * " #word " + 12]\n" MULTIPLY("r6", "r2", "r12")            \
                                           MULTIPLY("r10", "r2", "lr") MULTIPLY("r7", "r3", "r12")                     \
                                               MULTIPLY("r11", "r3", "lr")
#define HB_WINOGRAD_FIRST(sum, x, w) "smuad " sum ", " x ", " w "\n"
#define HB_WINOGRAD_NEXT(sum, x, w) "smlad " sum ", " x ", " w ", " sum "\n"

/* Sums of the products of all places of two output channels and four tiles, `words` words each, a multiple of eight.
 * A word of tile 0 is followed by those of tiles 1 to 3, a word of the first channel's weights by that of the second's;
 * of each place the four tiles' sums of the first channel go to `sums`, then those of the second.
 *
 * Registers: r0 inputs, r1 weights, r2 and r3 two tiles' words, r12 and lr two channels' weights, r4 to r11 the sums. */
HB_SHARED void hb_winograd_products(const uint32_t *tiles, const uint32_t *weights, int32_t words, int32_t places,
                                    int32_t *sums)
{
#ifdef __ARM_FEATURE_DSP
    const int32_t step = 8 * words;
    const uint32_t *last_word = weights + 2 * words;
    const int32_t *const end = sums + 8 * places;
    __asm volatile(
        "ldr r0, %[tiles]\n"
        "ldr r1, %[weights]\n"
        ".balign 4\n"
        "0:\n" HB_WINOGRAD_WORD(HB_WINOGRAD_FIRST, 0) "1:\n" HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 1)
            HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 2) HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 3)
                HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 4) HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 5)
                    HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 6)
                        HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 7) "ldr.w r2, %[last_word]\n"
                                                              "add.w r0, r0, #128\n"
                                                              "add.w r1, r1, #64\n"
                                                              "cmp.w r1, r2\n"
                                                              "bne.w 2f\n"
                                                              "ldr.w r3, %[step]\n"
                                                              "ldr.w r12, %[sums]\n"
                                                              "ldr.w lr, %[end]\n"
                                                              "add.w r2, r2, r3\n"
                                                              "stmia.w r12!, {r4-r11}\n"
                                                              "str.w r2, %[last_word]\n"
                                                              "str.w r12, %[sums]\n"
                                                              "cmp.w r12, lr\n"
                                                              "bne.w 0b\n"
                                                              "b.w 3f\n"
                                                              "2:\n" HB_WINOGRAD_WORD(HB_WINOGRAD_NEXT, 0) "b.w 1b\n"
                                                                                                           "3:\n"
        : [sums] "+m"(sums), [last_word] "+m"(last_word)
        : [tiles] "m"(tiles), [weights] "m"(weights), [step] "m"(step), [end] "m"(end)
        : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
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

/* The output of a sum that is 128 times what the staircase takes, or HB_WINOGRAD_FACTOR times what else is rounded. */
HB_KERNEL int8_t hb_winograd_round(int32_t sum, const hb_dsp_channel *channel)
{
    return channel->shift == 0 ? hb_staircase_output(sum, *channel) : hb_dsp_output(sum >> HB_WINOGRAD_SHIFT, *channel);
}

#endif
