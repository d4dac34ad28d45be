/* Rolling stages: operators that run a few pixels of a row at a time, each on demand of the next, over rings.
 *
 * Of a map that flows through a stage only the pixels that are still read are kept: pixel p, counted row by row, lies
 * in slot p modulo the ring. The last map of the stage asks for its pieces one after the other; a piece asks for the
 * pixels that it reads, and where they are not there yet they are computed first, a piece at a time. The planner has
 * run the same demands without the numbers, and made each ring as long as they need it.
 */
#ifndef HB_ROLL_H
#define HB_ROLL_H

#include <string.h>

#include "hb_kernel.h"

#define HB_ROLL_INPUTS 4

/* Sliding window along one axis: output i reads `extent` inputs from i * stride - before on, of `size`. */
typedef struct {
    int16_t stride, before, extent, size;
} hb_axis;

/* What an operator reads of map `from` of its stage. It is gathered at `window` first; where that is NULL it is one
 * run of the ring, or the map is a row, or exists whole. */
typedef struct {
    uint8_t from;
    hb_axis rows, cols;
    uint8_t *window;
} hb_roll_input;

/* A map that is written in pieces: to a ring of `ring` pixels, or whole where that is 0. Where `keep` is not 0 the ring
 * is a row: when it is full, its last `keep` pixels are moved to its beginning. */
typedef struct {
    int16_t rows, cols, piece;
    uint16_t ring, keep, pixel_bytes;
    uint8_t *data;
    const hb_roll_input *in;
    uint8_t inputs;
} hb_roll_map;

/* The next piece of a map begins at (y, x) and goes to `slot`; asked for are the pixels up to (asked_y, asked_x), by
 * the map `asked_by`. */
typedef struct {
    int16_t y, x, asked_y, asked_x;
    uint16_t slot, asked_by;
} hb_roll_state;

/* What the function of a step gets: where its operands are, and the pixels to write. */
typedef struct {
    hb_view in[HB_ROLL_INPUTS], out;
    hb_region at;
} hb_piece;

typedef void (*hb_roll_run)(uint8_t map, const hb_piece *piece);

/* Inputs that outputs first <= i < stop read; what lies wholly outside becomes the nearest one. */
HB_KERNEL hb_range hb_roll_reads(const hb_axis *axis, int32_t first, int32_t stop)
{
    const int32_t start = first * axis->stride - axis->before;
    const int32_t end = (stop - 1) * axis->stride - axis->before + axis->extent;
    const int32_t low = start < 0 ? 0 : start < axis->size ? start : axis->size - 1;
    const int32_t high = end > axis->size ? axis->size : end;
    return (hb_range){(int16_t)low, (int16_t)(high > low ? high : low + 1)};
}

HB_KERNEL hb_region hb_roll_region(const hb_roll_input *in, const hb_roll_map *map, const hb_roll_state *now)
{
    return hb_part(hb_roll_reads(&in->rows, now->y, now->y + 1), hb_roll_reads(&in->cols, now->x, now->x + map->piece));
}

HB_KERNEL int hb_roll_written(const hb_roll_state *now, int32_t y, int32_t x)
{
    return now->y > y || (now->y == y && now->x > x);
}

/* The input map of which pixels are missing for the next piece of map k, having asked for them; k itself if none is. */
HB_KERNEL uint8_t hb_roll_missing(const hb_roll_map *maps, hb_roll_state *state, uint8_t k)
{
    for (uint8_t i = 0; i < maps[k].inputs; i++) {
        const hb_roll_input *in = &maps[k].in[i];
        const hb_region need = hb_roll_region(in, &maps[k], &state[k]);
        if (!hb_roll_written(&state[in->from], need.y1 - 1, need.x1 - 1)) {
            state[in->from].asked_y = (int16_t)(need.y1 - 1);
            state[in->from].asked_x = (int16_t)(need.x1 - 1);
            state[in->from].asked_by = k;
            return in->from;
        }
    }
    return k;
}

/* Slot of pixel (y, x), which has been written. */
HB_KERNEL int32_t hb_roll_slot(const hb_roll_map *map, const hb_roll_state *now, int32_t y, int32_t x)
{
    const int32_t slot = now->slot - ((now->y - y) * map->cols + now->x - x);
    return slot < 0 ? slot + map->ring : slot;
}

/* The rows of a region, one after another, from the ring to `window`. */
HB_KERNEL void hb_roll_gather(const hb_roll_map *map, const hb_roll_state *now, hb_region part, uint8_t *window)
{
    const int32_t pixels = part.x1 - part.x0;
    const size_t bytes = (size_t)(pixels * map->pixel_bytes);
    for (int32_t y = part.y0; y < part.y1; y++, window += bytes) {
        const int32_t slot = hb_roll_slot(map, now, y, part.x0);
        const int32_t room = map->ring - slot;
        const uint8_t *run = map->data + slot * map->pixel_bytes;
        if (pixels <= room) {
            memcpy(window, run, bytes);
        } else {
            const size_t head = (size_t)(room * map->pixel_bytes);
            memcpy(window, run, head);
            memcpy(window + head, map->data, bytes - head);
        }
    }
}

HB_KERNEL hb_view hb_roll_view(const hb_roll_map *map, const hb_roll_state *now, hb_region part, uint8_t *window)
{
    if (map->ring == 0) {
        return hb_whole(map->data, map->cols);
    }
    if (window == NULL) {
        const int32_t slot = hb_roll_slot(map, now, part.y0, part.x0);
        return (hb_view){map->data + slot * map->pixel_bytes, part.y0, part.x0, map->cols};
    }
    hb_roll_gather(map, now, part, window);
    return hb_window(window, part);
}

/* Make room for the next piece of a map. */
HB_KERNEL void hb_roll_slide(const hb_roll_map *map, hb_roll_state *now)
{
    if (now->slot + map->piece <= map->ring) {
        return;
    }
    if (map->keep > 0) {
        const size_t bytes = (size_t)map->keep * map->pixel_bytes;
        memmove(map->data, map->data + (now->slot - map->keep) * map->pixel_bytes, bytes);
    }
    now->slot = map->keep;
}

/* Compute the next piece of map k, whose inputs are there. */
HB_KERNEL void hb_roll_piece(const hb_roll_map *maps, hb_roll_state *state, uint8_t k, hb_roll_run run)
{
    const hb_roll_map *map = &maps[k];
    hb_roll_state *now = &state[k];
    hb_piece piece;
    piece.at = (hb_region){now->y, (int16_t)(now->y + 1), now->x, (int16_t)(now->x + map->piece)};
    for (uint8_t i = 0; i < map->inputs; i++) {
        const hb_roll_input *in = &map->in[i];
        piece.in[i] = hb_roll_view(&maps[in->from], &state[in->from], hb_roll_region(in, map, now), in->window);
    }
    hb_roll_slide(map, now);
    const int32_t slot = map->ring == 0 ? now->y * map->cols + now->x : now->slot;
    piece.out = hb_window(map->data + slot * map->pixel_bytes, piece.at);
    run(k, &piece);
    now->x = (int16_t)(now->x + map->piece);
    if (now->x == map->cols) {
        now->x = 0;
        now->y++;
    }
    now->slot = (uint16_t)(now->slot + map->piece);
}

/* Write map `wanted` to its end, and whatever it asks for before. */
HB_KERNEL void hb_roll_whole(const hb_roll_map *maps, hb_roll_state *state, uint8_t wanted, hb_roll_run run)
{
    state[wanted].asked_y = (int16_t)(maps[wanted].rows - 1);
    state[wanted].asked_x = (int16_t)(maps[wanted].cols - 1);
    for (uint8_t k = wanted;;) {
        if (!hb_roll_written(&state[k], state[k].asked_y, state[k].asked_x)) {
            const uint8_t missing = hb_roll_missing(maps, state, k);
            if (missing == k) {
                hb_roll_piece(maps, state, k, run);
            }
            k = missing;
        } else if (k != wanted) {
            k = (uint8_t)state[k].asked_by;
        } else {
            return;
        }
    }
}

/* Run a stage of `count` maps; `memory` holds a state for each of them. */
HB_KERNEL void hb_roll(const hb_roll_map *maps, uint8_t count, void *memory, hb_roll_run run)
{
    hb_roll_state *state = memory;
    memset(state, 0, count * sizeof *state);
    hb_roll_whole(maps, state, (uint8_t)(count - 1), run);
    for (uint8_t k = 0; k < count; k++) {
        if (maps[k].ring == 0) {
            hb_roll_whole(maps, state, k, run);
        }
    }
}

#endif
