/* Where the taps of a window lie, as a list: the same for all windows inside of the tensor; elsewhere a pixel of padding
 * takes the place of what is outside. */
#ifndef HB_PLACES_H
#define HB_PLACES_H

#include "hb_conv.h"

/* The list for a window that begins in row `top`, of which `rows` and `cols` are inside; `padding` is where a pixel of
 * padding lies, as seen from where the window begins. */
HB_KERNEL void hb_places(const hb_view *in, int32_t top, hb_span rows, hb_span cols, int32_t padding, int32_t *places,
                         const hb_conv_int8_args *p)
{
    const int32_t pitch = p->dilation_h * in->cols * p->in_channels, step = p->dilation_w * p->in_channels;
    const int32_t ring = top < in->turn ? in->ring * p->in_channels : 0;
#pragma GCC unroll 3
    for (int32_t y = 0; y < p->kernel_h; y++) {
        const int32_t row = y * pitch - (top + y * p->dilation_h >= in->turn ? ring : 0);
        const int32_t first = y >= rows.first ? cols.first : p->kernel_w, last = y < rows.last ? cols.last : 0;
#pragma GCC unroll 3
        for (int32_t x = 0; x < p->kernel_w; x++) {
            *places++ = x >= first && x < last ? row + x * step : padding;
        }
    }
}

#endif
