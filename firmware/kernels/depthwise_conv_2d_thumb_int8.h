/* DEPTHWISE_CONV_2D, int8, in instructions that every core has: four channels of a pixel at a time, word by word.
 *
 * Where the taps of a window lie is a list, which is the same for all windows inside of the tensor; elsewhere a pixel of
 * padding takes the place of what is outside. Weights lie in flash as they are read: for four channels a word per tap,
 * words of weight 0 up to whole rounds of three. Maps of four channels and more begin at multiples of four.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["thumb"]
 * when = ["channel_multiplier == 1", "in_channels % 4 == 0", "two_products"]
 * scratch = "(kernel_h * kernel_w + 2) // 3 * 12 + in_channels"
 * arrays = ["quad_weights", "quad_channels"]
 * cycles = "90 + out_rows * out_cols * (60 + 30 * out_channels + 5 * out_channels * kernel_h * kernel_w)"
 */
#ifndef HB_DEPTHWISE_CONV_2D_THUMB_INT8_H
#define HB_DEPTHWISE_CONV_2D_THUMB_INT8_H

#include "hb_conv.h"
#include "hb_thumb.h"

/* What the sums of four channels begin with, and how they become outputs. */
typedef struct {
    int32_t begin[4];
    hb_two_products scale[4];
} hb_quad_channels;

typedef struct {
    const int8_t *weights;
    const hb_quad_channels *channels;
    int32_t taps, quads;
} hb_quad_weights;

/* One tap of four channels: 4 products in 26 cycles on a Cortex-M0+. Registers: r0 where the four channels of the
 * window begin, r1 the list, r2 the weights, r3 a word of the pixel, r4 of weights; r8 to r11 the sums. */
#define HB_QUAD_TAP                                                                                                    \
    "ldmia r1!, {r3}\n"                                                                                                \
    "ldr r3, [r3, r0]\n"                                                                                               \
    "ldmia r2!, {r4}\n"                                                                                                \
    "sxtb r5, r3\n"                                                                                                    \
    "sxtb r6, r4\n"                                                                                                    \
    "muls r5, r6, r5\n"                                                                                                \
    "add r8, r5\n"                                                                                                     \
    "lsls r5, r3, #16\n"                                                                                               \
    "asrs r5, r5, #24\n"                                                                                               \
    "lsls r6, r4, #16\n"                                                                                               \
    "asrs r6, r6, #24\n"                                                                                               \
    "muls r5, r6, r5\n"                                                                                                \
    "add r9, r5\n"                                                                                                     \
    "lsls r5, r3, #8\n"                                                                                                \
    "asrs r5, r5, #24\n"                                                                                               \
    "lsls r6, r4, #8\n"                                                                                                \
    "asrs r6, r6, #24\n"                                                                                               \
    "muls r5, r6, r5\n"                                                                                                \
    "add r10, r5\n"                                                                                                    \
    "asrs r3, r3, #24\n"                                                                                               \
    "asrs r4, r4, #24\n"                                                                                               \
    "muls r3, r4, r3\n"                                                                                                \
    "add r11, r3\n"

#define HB_QUAD_OUTPUT(sum, place)                                                                                     \
    "ldr r5, %[channels]\n"                                                                                            \
    "ldmia r5!, {r0, r1, r2, r3, r4}\n"                                                                                \
    "str r5, %[channels]\n"                                                                                            \
    "mov r5, " sum "\n" HB_TWO_PRODUCTS_R5 "ldr r7, %[result]\n"                                                       \
    "strb r5, [r7, #" place "]\n"

/* All channels of one pixel: `places[tap]` bytes from `window` on lies the pixel of a tap. */
HB_SHARED void hb_quad_outputs(const int8_t *window, const int32_t *places, int8_t *result, const hb_quad_weights *w)
{
#ifdef __thumb__
    const int8_t *weights = w->weights;
    const hb_quad_channels *channels = w->channels;
    const int32_t *const end = places + w->taps;
    for (int32_t quads = w->quads; quads > 0; quads--, window += 4, result += 4) {
        __asm volatile("ldr r0, %[channels]\n"
                       "ldmia r0!, {r1, r2, r3, r4}\n"
                       "str r0, %[channels]\n"
                       "mov r8, r1\n"
                       "mov r9, r2\n"
                       "mov r10, r3\n"
                       "mov r11, r4\n"
                       "ldr r0, %[end]\n"
                       "mov r12, r0\n"
                       "ldr r0, %[window]\n"
                       "ldr r1, %[places]\n"
                       "ldr r2, %[weights]\n"
                       "1:\n"
                       ".rept 3\n" HB_QUAD_TAP ".endr\n"
                       "cmp r1, r12\n"
                       "bne 1b\n"
                       "str r2, %[weights]\n" HB_QUAD_OUTPUT("r8", "0") HB_QUAD_OUTPUT("r9", "1")
                           HB_QUAD_OUTPUT("r10", "2") HB_QUAD_OUTPUT("r11", "3")
                       : [weights] "+m"(weights), [channels] "+m"(channels)
                       : [window] "m"(window), [places] "m"(places), [end] "m"(end), [result] "m"(result)
                       : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "cc",
                         "memory");
    }
#else
    for (int32_t c = 0; c < 4 * w->quads; c++) {
        const hb_quad_channels *channels = &w->channels[c / 4];
        uint32_t sum = (uint32_t)channels->begin[c % 4];
        for (int32_t tap = 0; tap < w->taps; tap++) {
            sum += (uint32_t)(window[places[tap] + c] * w->weights[4 * (c / 4 * w->taps + tap) + c % 4]);
        }
        result[c] = hb_two_products_output((int32_t)sum, &channels->scale[c % 4]);
    }
#endif
}

/* The list for the window at (top, left); `padding` is where a pixel of padding lies, as seen from there. */
HB_KERNEL void hb_quad_places(int32_t top, int32_t left, int32_t pitch, int32_t padding, int32_t *places,
                              const hb_conv_int8_args *p)
{
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = kx * p->dilation_w;
            const int inside = top + y >= 0 && top + y < p->in_rows && left + x >= 0 && left + x < p->in_cols;
            *places++ = inside ? (y * pitch + x) * p->in_channels : padding;
        }
    }
}

HB_KERNEL void hb_depthwise_conv_2d_thumb_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                               void *scratch)
{
    const int32_t used = p->kernel_h * p->kernel_w, taps = (used + 2) / 3 * 3;
    const hb_quad_weights quads = {p->quad_weights, (const hb_quad_channels *)p->quad_channels, taps,
                                   p->in_channels / 4};
    const int32_t high = (p->kernel_h - 1) * p->dilation_h, wide = (p->kernel_w - 1) * p->dilation_w;
    int32_t *const places = scratch;
    int8_t *const padding = (int8_t *)(places + taps);
    int known = 0;
    memset(padding, -p->input_offset, (size_t)p->in_channels);
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
            const int inside = top >= 0 && top + high < p->in_rows && left >= 0 && left + wide < p->in_cols;
            const int32_t start = hb_at(&in, top, left, p->in_channels);
            if (!inside || !known) {
                const int32_t outside = (int32_t)(padding - (const int8_t *)in.data) - start;
                hb_quad_places(top, left, in.cols, outside, places, p);
                for (int32_t tap = used; tap < taps; tap++) {
                    places[tap] = places[0];
                }
                known = inside;
            }
            hb_quad_outputs((const int8_t *)in.data + start, places,
                            (int8_t *)out.data + hb_at(&out, y, x, p->in_channels), &quads);
        }
    }
}

#endif
