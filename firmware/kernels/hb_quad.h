/* Four output channels of one pixel at a time, in the instructions that every Cortex-M has (Armv6-M), straight from the
 * input, word by word: pixels of 4 n channels lie at multiples of four.
 */
#ifndef HB_QUAD_H
#define HB_QUAD_H

#include "hb_places.h"
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

HB_KERNEL hb_quad_weights hb_quad_weights_of(const hb_conv_int8_args *p, int32_t taps, int32_t quads)
{
    return (hb_quad_weights){p->quad_weights, (const hb_quad_channels *)p->quad_channels, taps, quads};
}

/* The sums of four channels, in r8 to r11. */
#define HB_QUAD_BEGIN                                                                                                  \
    "ldr r0, %[channels]\n"                                                                                            \
    "ldmia r0!, {r1, r2, r3, r4}\n"                                                                                    \
    "str r0, %[channels]\n"                                                                                            \
    "mov r8, r1\n"                                                                                                     \
    "mov r9, r2\n"                                                                                                     \
    "mov r10, r3\n"                                                                                                    \
    "mov r11, r4\n"

/* The output of a sum of the channel that comes next. */
#define HB_QUAD_OUTPUT(sum, place)                                                                                     \
    "ldr r5, %[channels]\n"                                                                                            \
    "ldmia r5!, {r0, r1, r2, r3, r4}\n"                                                                                \
    "str r5, %[channels]\n"                                                                                            \
    "mov r5, " sum "\n" HB_TWO_PRODUCTS_R5 "ldr r7, %[result]\n"                                                       \
    "strb r5, [r7, #" place "]\n"

/* The list, in working space: `taps` places, then the pixel of padding. `known` where it holds for windows inside. */
typedef struct {
    int32_t *places;
    int8_t *padding;
    int32_t taps, known;
} hb_quad_list;

HB_KERNEL hb_quad_list hb_quad_list_of(void *scratch, int32_t taps, const hb_conv_int8_args *p)
{
    int32_t *const places = scratch;
    memset(places + taps, -p->input_offset, (size_t)p->in_channels);
    return (hb_quad_list){places, (int8_t *)(places + taps), taps, 0};
}

/* Where the window of output pixel (y, x) begins; the list says where its taps lie. */
HB_KERNEL const int8_t *hb_quad_window(hb_quad_list *list, const hb_view *in, int32_t y, int32_t x,
                                       const hb_conv_int8_args *p)
{
    const int32_t top = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
    const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
    const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
    const int inside = rows.last - rows.first == p->kernel_h && cols.last - cols.first == p->kernel_w;
    const int32_t start = hb_at(in, top, left, p->in_channels);
    if (!inside || !list->known) {
        hb_places(in, top, rows, cols, (int32_t)(list->padding - (const int8_t *)in->data) - start, list->places, p);
        for (int32_t tap = p->kernel_h * p->kernel_w; tap < list->taps; tap++) {
            list->places[tap] = list->places[0];
        }
        list->known = inside;
    }
    return (const int8_t *)in->data + start;
}

#endif
