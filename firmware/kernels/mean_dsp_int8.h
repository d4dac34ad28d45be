/* MEAN, int8, over neighbouring axes before the last one, with SXTAB16: four channels at a time.
 *
 * [kernel]
 * op = ["MEAN"]
 * input = ["int8"]
 * isa = ["dsp"]
 * when = ["kept_stride[2] == 1", "kept[2] % 4 == 0", "reduced[1] == 1", "reduced[0] == 1"]
 * cycles = "100 + kept[0] * kept[1] * kept[2] * (30 + 1.4 * reduced[2])"
 */
#ifndef HB_MEAN_DSP_INT8_H
#define HB_MEAN_DSP_INT8_H

#include "hb_columns.h"
#include "mean_int8.h"

HB_KERNEL void hb_mean_dsp_int8(const void *in, void *out, const hb_mean_args *p)
{
    int8_t *result = out;
    for (int32_t i = 0; i < p->kept[0]; i++) {
        for (int32_t j = 0; j < p->kept[1]; j++) {
            const int8_t *input = (const int8_t *)in + i * p->kept_stride[0] + j * p->kept_stride[1];
            for (int32_t k = 0; k < p->kept[2]; k += 4, result += 4) {
                int32_t sums[4] = {0};
                hb_columns_add(input + k, p->reduced[2], p->reduced_stride[2], sums);
                for (int32_t c = 0; c < 4; c++) {
                    result[c] = hb_mean_int8_of(sums[c], p);
                }
            }
        }
    }
}

#endif
