/* ADD and SUB, int8, as add_solved_int8.h does them, with Helium: four elements at a time.
 *
 * [kernel]
 * op = ["ADD", "SUB"]
 * input = ["int8"]
 * isa = ["mve"]
 * when = ["solved", "a_y and a_x and a_c and b_y and b_x and b_c"]
 * in_place = true
 * cycles = "60 + 2.8 * out_rows * out_cols * channels"
 */
#ifndef HB_ADD_SOLVED_MVE_INT8_H
#define HB_ADD_SOLVED_MVE_INT8_H

#include "add_solved_int8.h"
#include "hb_mve.h"

HB_KERNEL void hb_add_solved_mve_int8(hb_view a, hb_view b, hb_view out, hb_region at, const hb_binary_int8_args *p)
{
    const int32_t run = (at.x1 - at.x0) * p->channels;
    for (int32_t y = at.y0; y < at.y1; y++) {
        const int8_t *first = (const int8_t *)a.data + hb_at(&a, y, at.x0, p->channels);
        const int8_t *second = (const int8_t *)b.data + hb_at(&b, y, at.x0, p->channels);
        int8_t *result = (int8_t *)out.data + hb_at(&out, y, at.x0, p->channels);
        int32_t i = 0;
#if defined(__ARM_FEATURE_MVE)
        for (; i + 4 <= run; i += 4) {
            const int32x4_t scaled =
                vmlaq_n_s32(vmulq_n_s32(vldrbq_s32(first + i), p->solved_a), vldrbq_s32(second + i), p->solved_b);
            const int32x4_t sum = vshlq_r_s32(vaddq_n_s32(scaled, p->solved_c), -p->solved_shift);
            vstrbq_s32(result + i, vminq_s32(vmaxq_s32(sum, vdupq_n_s32(p->low)), vdupq_n_s32(p->high)));
        }
#endif
        hb_add_solved_run(first + i, second + i, result + i, run - i, p);
    }
}

#endif
