/* DEPTHWISE_CONV_2D, int8, in instructions that every core has: four channels of a pixel at a time, word by word.
 *
 * Weights lie in flash as they are read: for four channels a word per tap, words of weight 0 up to whole rounds of three.
 *
 * [kernel]
 * op = ["DEPTHWISE_CONV_2D"]
 * input = ["int8"]
 * isa = ["thumb"]
 * when = ["channel_multiplier == 1", "in_channels % 4 == 0", "two_products"]
 * scratch = "(kernel_h * kernel_w + 2) // 3 * 12 + in_channels"
 * arrays = ["quad_weights", "quad_channels"]
 * turns = true
 * cycles = "90 + out_rows * out_cols * (60 + 30 * out_channels + 5 * out_channels * kernel_h * kernel_w)"
 */
#ifndef HB_DEPTHWISE_CONV_2D_THUMB_INT8_H
#define HB_DEPTHWISE_CONV_2D_THUMB_INT8_H

#include "hb_quad.h"

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

/* All channels of one pixel: `places[tap]` bytes from `window` on lies the pixel of a tap. */
HB_SHARED void hb_quad_depthwise(const int8_t *window, const int32_t *places, int8_t *result, const hb_quad_weights *w)
{
#ifdef __thumb__
    const int8_t *weights = w->weights;
    const hb_quad_channels *channels = w->channels;
    const int32_t *const end = places + w->taps;
    for (int32_t quads = w->quads; quads > 0; quads--, window += 4, result += 4) {
        __asm volatile(HB_QUAD_BEGIN "ldr r0, %[end]\n"
                                     "mov r12, r0\n"
                                     "ldr r0, %[window]\n"
                                     "ldr r1, %[places]\n"
                                     "ldr r2, %[weights]\n"
                                     "1:\n" HB_QUAD_TAP HB_QUAD_TAP HB_QUAD_TAP "cmp r1, r12\n"
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

HB_KERNEL void hb_depthwise_conv_2d_thumb_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                               void *scratch)
{
    const hb_quad_weights quads = hb_quad_weights_of(p, (p->kernel_h * p->kernel_w + 2) / 3 * 3, p->in_channels / 4);
    hb_quad_list list = hb_quad_list_of(scratch, quads.taps, p);
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int8_t *window = hb_quad_window(&list, &in, y, x, p);
            hb_quad_depthwise(window, list.places, (int8_t *)out.data + hb_at(&out, y, x, p->in_channels), &quads);
        }
    }
}

#endif
