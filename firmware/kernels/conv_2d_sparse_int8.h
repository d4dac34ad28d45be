/* CONV_2D, int8, sparse weights: the zeros are neither stored nor multiplied. The sums are those of the dense kernel.
 *
 * [kernel]
 * op = ["CONV_2D"]
 * input = ["int8"]
 * weights = "sparse"
 * cycles = "out_rows * out_cols * (61 + out_channels * (38 + 25.4 * kernel_h * kernel_w) + 17 * nonzeros)"
 * arrays = ["values", "gaps", "counts", "bias", "multiplier", "shift"]
 */
#ifndef HB_CONV_2D_SPARSE_INT8_H
#define HB_CONV_2D_SPARSE_INT8_H

#include "hb_conv.h"
#include "hb_requantize.h"

HB_KERNEL void hb_conv_2d_sparse_int8(hb_view in, hb_view out, hb_region at, const hb_conv_int8_args *p)
{
    const int8_t *input = in.data;
    const int32_t pitch = p->dilation_h * in.cols * p->in_channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const hb_span rows = hb_taps(top, p->dilation_h, p->kernel_h, p->in_rows);
        for (int32_t x = at.x0; x < at.x1; x++) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const hb_span cols = hb_taps(left, p->dilation_w, p->kernel_w, p->in_cols);
            const int32_t start = hb_at(&in, top, left, p->in_channels);
            int8_t *result = (int8_t *)out.data + hb_at(&out, y, x, p->out_channels);
            const int8_t *value = p->values;
            const uint8_t *gap = p->gaps;
            const uint16_t *count = p->counts;
            for (int32_t o = 0; o < p->out_channels; o++) {
                const int32_t channel = p->groups == 1 ? 0 : o / p->group_outputs * p->group_inputs;
                uint32_t sum = (uint32_t)p->bias[o];
                for (int32_t ky = 0; ky < p->kernel_h; ky++) {
                    for (int32_t kx = 0; kx < p->kernel_w; kx++) {
                        const int32_t entries = *count++;
                        if (ky >= rows.first && ky < rows.last && kx >= cols.first && kx < cols.last) {
                            const int8_t *pixel =
                                &input[start + channel + ky * pitch + kx * p->dilation_w * p->in_channels];
                            for (int32_t i = 0; i < entries; i++) {
                                pixel += gap[i];
                                sum += (uint32_t)((*pixel + p->input_offset) * value[i]);
                            }
                        }
                        value += entries;
                        gap += entries;
                    }
                }
                result[o] = hb_requantize_int8(sum, p->multiplier[o], p->shift[o], p->output_offset, p->low, p->high);
            }
        }
    }
}

#endif
