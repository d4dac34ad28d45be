/* CONV_2D, int8, in instructions that every core has: four output channels of a pixel at a time, straight from the input.
 *
 * It takes hardly any working space, and does not mind how few pixels there are. Weights lie in flash as they are read:
 * for four output channels and every word of four inputs a word of each channel.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * isa = ["thumb"]
 * when = ["groups == 1", "in_channels % 4 == 0", "out_channels % 4 == 0", "two_products"]
 * scratch = "4 * kernel_h * kernel_w + in_channels"
 * arrays = ["quad_weights", "quad_channels"]
 * turns = true
 * cycles = """
 *   out_rows * out_cols * (90 + 6 * kernel_h * kernel_w
 *     + out_channels // 4 * (120 + kernel_h * kernel_w * (10 + 14 * in_channels)))"""
 */
#ifndef HB_CONV_2D_QUAD_THUMB_INT8_H
#define HB_CONV_2D_QUAD_THUMB_INT8_H

#include "hb_quad.h"

/* One word of four inputs and four channels: 16 products in 73 cycles on a Cortex-M0+. Registers: r1 the input, r12 its
 * end, r2 the weights, r3 to r6 four inputs, r7 four weights, r0 one of them; r8 to r11 the sums, lr the list. */
#define HB_QUAD_ROW(sum)                                                                                               \
    "ldmia r2!, {r7}\n"                                                                                                \
    "sxtb r0, r7\n"                                                                                                    \
    "muls r0, r3, r0\n"                                                                                                \
    "add " sum ", r0\n"                                                                                                \
    "lsls r0, r7, #16\n"                                                                                               \
    "asrs r0, r0, #24\n"                                                                                               \
    "muls r0, r4, r0\n"                                                                                                \
    "add " sum ", r0\n"                                                                                                \
    "lsls r0, r7, #8\n"                                                                                                \
    "asrs r0, r0, #24\n"                                                                                               \
    "muls r0, r5, r0\n"                                                                                                \
    "add " sum ", r0\n"                                                                                                \
    "asrs r7, r7, #24\n"                                                                                               \
    "muls r7, r6, r7\n"                                                                                                \
    "add " sum ", r7\n"
#define HB_QUAD_WORD                                                                                                   \
    "ldmia r1!, {r6}\n"                                                                                                \
    "sxtb r3, r6\n"                                                                                                    \
    "lsls r4, r6, #16\n"                                                                                               \
    "asrs r4, r4, #24\n"                                                                                               \
    "lsls r5, r6, #8\n"                                                                                                \
    "asrs r5, r5, #24\n"                                                                                               \
    "asrs r6, r6, #24\n" HB_QUAD_ROW("r8") HB_QUAD_ROW("r9") HB_QUAD_ROW("r10") HB_QUAD_ROW("r11")

/* All channels of one pixel: `places[tap]` bytes from `window` on lie the `depth` inputs of a tap. */
HB_SHARED void hb_quad_convolution(const int8_t *window, const int32_t *places, int32_t depth, int8_t *result,
                                   const hb_quad_weights *w)
{
#ifdef __thumb__
    const int8_t *weights = w->weights;
    const hb_quad_channels *channels = w->channels;
    const int32_t *const end = places + w->taps;
    for (int32_t quads = w->quads; quads > 0; quads--, result += 4) {
        __asm volatile(
            HB_QUAD_BEGIN "ldr r0, %[places]\n"
                          "ldr r2, %[weights]\n"
                          "1:\n"
                          "ldmia r0!, {r1}\n"
                          "mov lr, r0\n"
                          "ldr r0, %[window]\n"
                          "adds r1, r1, r0\n"
                          "ldr r0, %[depth]\n"
                          "adds r0, r0, r1\n"
                          "mov r12, r0\n"
                          "2:\n" HB_QUAD_WORD "cmp r1, r12\n"
                          "bne 2b\n"
                          "mov r0, lr\n"
                          "ldr r1, %[end]\n"
                          "cmp r0, r1\n"
                          "bne 1b\n"
                          "str r2, %[weights]\n" HB_QUAD_OUTPUT("r8", "0") HB_QUAD_OUTPUT("r9", "1")
                              HB_QUAD_OUTPUT("r10", "2") HB_QUAD_OUTPUT("r11", "3")
            : [weights] "+m"(weights), [channels] "+m"(channels)
            : [window] "m"(window), [places] "m"(places), [end] "m"(end), [result] "m"(result), [depth] "m"(depth)
            : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
    }
#else
    const int32_t words = w->taps * depth / 4;
    for (int32_t c = 0; c < 4 * w->quads; c++) {
        const hb_quad_channels *channels = &w->channels[c / 4];
        uint32_t sum = (uint32_t)channels->begin[c % 4];
        for (int32_t i = 0; i < 4 * words; i++) {
            const int8_t weight = w->weights[16 * (c / 4 * words + i / 4) + 4 * (c % 4) + i % 4];
            sum += (uint32_t)(window[places[i / depth] + i % depth] * weight);
        }
        result[c] = hb_two_products_output((int32_t)sum, &channels->scale[c % 4]);
    }
#endif
}

HB_KERNEL void hb_conv_2d_quad_thumb_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p,
                                          void *scratch)
{
    const hb_quad_weights quads = hb_quad_weights_of(p, p->kernel_h * p->kernel_w, p->out_channels / 4);
    hb_quad_list list = hb_quad_list_of(scratch, quads.taps, p);
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int8_t *window = hb_quad_window(&list, &in, y, x, p);
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->out_channels);
            hb_quad_convolution(window, list.places, p->in_channels, result, &quads);
        }
    }
}

#endif
