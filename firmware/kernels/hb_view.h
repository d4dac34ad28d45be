/* Views: how kernels see feature maps, whole ones and windows of them alike.
 *
 * Every coordinate is one of the whole tensor, also where a buffer holds only a part of it (the window of one patch).
 * A kernel writes the pixels of an hb_region; what it reads outside the tensor is padding, and what it reads inside
 * lies in the input view's window: the planner has seen to that.
 */
#ifndef HB_VIEW_H
#define HB_VIEW_H

#include <stdint.h>

/* Rows y0 <= y < y1, columns x0 <= x < x1, all channels. */
typedef struct {
    int16_t y0, y1, x0, x1;
} hb_region;

/* NHWC bytes at `data` that begin with pixel (y0, x0) of the tensor; `cols` pixels from one row to the next. Where
 * `ring` is not 0 the view turns: rows from `turn` on lie so many pixels before the place that they would have. Such
 * views are for kernels whose contract says so, one row of outputs at a time. */
typedef struct {
    void *data;
    int16_t y0, x0, cols, turn;
    uint16_t ring;
} hb_view;

/* Rows or columns first <= i < stop. */
typedef struct {
    int16_t first, stop;
} hb_range;

static inline hb_region hb_part(hb_range rows, hb_range cols)
{
    return (hb_region){rows.first, rows.stop, cols.first, cols.stop};
}

/* A buffer that holds a whole tensor, const or not: kernels write to outputs only. */
static inline hb_view hb_whole(const void *data, int32_t cols)
{
    return (hb_view){(void *)data, 0, 0, (int16_t)cols, 0, 0};
}

/* A buffer that holds one part of a tensor. */
static inline hb_view hb_window(void *data, hb_region part)
{
    return (hb_view){data, part.y0, part.x0, (int16_t)(part.x1 - part.x0), 0, 0};
}

/* Index, in elements, of channel 0 of pixel (y, x) of a tensor with `channels` channels. */
static inline int32_t hb_at(const hb_view *view, int32_t y, int32_t x, int32_t channels)
{
    const int32_t back = y >= view->turn ? view->ring : 0;
    return ((y - view->y0) * view->cols + (x - view->x0) - back) * channels;
}

#endif
