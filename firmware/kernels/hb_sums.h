/* Averages over a whole map that is never there whole: its pixels are added up as they flow by (hb_roll.h).
 *
 * Each function takes the pixels `at`, of a map, and the sums so far, one per channel. The first pixel begins them, the
 * last one writes the output, as the kernel of the same operator does for a map that is there.
 */
#ifndef HB_SUMS_H
#define HB_SUMS_H

#include "hb_pool.h"
#include "mean_int8.h"

typedef struct {
    int32_t rows, cols, channels;
} hb_map;

HB_KERNEL int hb_sums_begin(hb_region at)
{
    return at.y0 == 0 && at.x0 == 0;
}

HB_KERNEL int hb_sums_end(hb_region at, hb_map map)
{
    return at.y1 == map.rows && at.x1 == map.cols;
}

/* One more pixel; four channels at a time, because loads pipeline. */
HB_KERNEL void hb_sums_add_int8(const int8_t *pixel, int32_t *sums, int32_t channels)
{
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4) {
        const int32_t a = pixel[c], b = pixel[c + 1], d = pixel[c + 2], e = pixel[c + 3];
        const int32_t first = sums[c], second = sums[c + 1], third = sums[c + 2], fourth = sums[c + 3];
        sums[c] = first + a, sums[c + 1] = second + b, sums[c + 2] = third + d, sums[c + 3] = fourth + e;
    }
    for (; c < channels; c++) {
        sums[c] += pixel[c];
    }
}

HB_KERNEL void hb_sums_int8(hb_view in, int32_t *sums, hb_map map, hb_region at)
{
    for (int32_t c = 0; hb_sums_begin(at) && c < map.channels; c++) {
        sums[c] = 0;
    }
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            hb_sums_add_int8((const int8_t *)in.data + hb_at(&in, y, x, map.channels), sums, map.channels);
        }
    }
}

HB_KERNEL void hb_sums_float32(hb_view in, float *sums, hb_map map, hb_region at)
{
    for (int32_t c = 0; hb_sums_begin(at) && c < map.channels; c++) {
        sums[c] = 0;
    }
    for (int32_t y = at.y0; y < at.y1; y++) {
        for (int32_t x = at.x0; x < at.x1; x++) {
            const float *pixel = (const float *)in.data + hb_at(&in, y, x, map.channels);
            for (int32_t c = 0; c < map.channels; c++) {
                sums[c] += pixel[c];
            }
        }
    }
}

HB_KERNEL void hb_average_pool_2d_int8_sums(hb_view in, void *out, void *memory, hb_map map, hb_region at,
                                            const hb_pool_int8_args *p)
{
    const int32_t *sums = memory;
    const int32_t count = map.rows * map.cols;
    int8_t *result = out;
    hb_sums_int8(in, memory, map, at);
    for (int32_t c = 0; hb_sums_end(at, map) && c < map.channels; c++) {
        result[c] = hb_average_int8(sums[c], count, p);
    }
}

HB_KERNEL void hb_average_pool_2d_float32_sums(hb_view in, void *out, void *memory, hb_map map, hb_region at,
                                               const hb_pool_float32_args *p)
{
    const float *sums = memory;
    float *result = out;
    hb_sums_float32(in, memory, map, at);
    for (int32_t c = 0; hb_sums_end(at, map) && c < map.channels; c++) {
        result[c] = hb_clampf(sums[c] / (float)(map.rows * map.cols), p->low, p->high);
    }
}

HB_KERNEL void hb_mean_int8_sums(hb_view in, void *out, void *memory, hb_map map, hb_region at, const hb_mean_args *p)
{
    const int32_t *sums = memory;
    int8_t *result = out;
    hb_sums_int8(in, memory, map, at);
    for (int32_t c = 0; hb_sums_end(at, map) && c < map.channels; c++) {
        result[c] = hb_mean_int8_of(sums[c], p);
    }
}

HB_KERNEL void hb_mean_float32_sums(hb_view in, void *out, void *memory, hb_map map, hb_region at,
                                    const hb_mean_args *p)
{
    const float *sums = memory;
    float *result = out;
    hb_sums_float32(in, memory, map, at);
    for (int32_t c = 0; hb_sums_end(at, map) && c < map.channels; c++) {
        result[c] = sums[c] / (float)p->count;
    }
}

#endif
