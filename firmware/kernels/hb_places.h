/* Where the taps of a window lie, as a list: the same for all windows inside of the tensor; elsewhere a pixel of padding
 * takes the place of what is outside. */
#ifndef HB_PLACES_H
#define HB_PLACES_H

#include "hb_conv.h"

/* The list for the window at (top, left); `padding` is where a pixel of padding lies, as seen from there. */
HB_KERNEL void hb_places(int32_t top, int32_t left, int32_t pitch, int32_t padding, int32_t *places,
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

#endif
