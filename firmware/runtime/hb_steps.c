/* Ticks per step: sums of 64 bits, for a step of a patch stage begins once per patch.
 *
 * What is measured of a step is from hb_step_begin's return to its next call; the cost of an empty step, found once at
 * boot, is taken off. Everything else is overhead: sum of the steps + overhead = the whole run, exactly.
 */
#include "hb_runtime.h"

uint16_t hb_current_step = HB_NO_STEP;
volatile uint8_t hb_step_mark[16];

static hb_stamp resumed;
static hb_request request;
/* A run is legs between waits for the host, which are nobody's time. */
static hb_stamp leg_start;
static uint64_t legs_before; /* ticks */

static void check(void)
{
    uint8_t kind = hb_platform_check();
    if (kind != 0) {
        static hb_fault fault; /* zero but for what a painted guard knows */
        fault.kind = kind;
        fault.step = hb_current_step;
        hb_platform_stop(&fault);
    }
}

static void mark(uint16_t step)
{
    hb_step_mark[step >> 12] = 0;
    hb_step_mark[step >> 8 & 15] = 0;
    hb_step_mark[step >> 4 & 15] = 0;
    hb_step_mark[step & 15] = 0;
}

/* The counter begins anew after a wait, so that its interrupts come at the same instructions in every run. */
static void fetch(void)
{
    hb_stamp leg_end;
    hb_counter_stamp(&leg_end);
    legs_before += hb_counter_took(&leg_start, &leg_end);
    hb_serve_request(&request);
    hb_counter_restart();
    hb_counter_stamp(&leg_start);
}

/* By way of hb_step_begin, so that it runs on the harness's stack and is nobody's time. */
void hb_input_fetch(uint16_t input, uint32_t offset, uint32_t bytes, void *to)
{
    request.input = (uint8_t)input;
    request.offset = offset;
    request.bytes = bytes;
    request.to = to;
    hb_step_begin(HB_FETCH);
    __asm volatile(""); /* so that it is called, not jumped to: the block profiler waits for the call's return */
}

void hb_steps_account(uint16_t step)
{
    hb_stamp now;
    hb_counter_stamp(&now);
    if (hb_current_step < hb_model.steps) {
        uint64_t took = hb_counter_took(&resumed, &now);
        uint32_t empty = hb_platform.empty_step_ticks;
        hb_platform_step_sums()[hb_current_step] += took > empty ? took - empty : 0;
    }
    check();
    if (step == HB_FETCH) {
        fetch();
        step = hb_current_step;
    }
    hb_current_step = step;
    mark(step);
    hb_counter_stamp(&resumed);
}

static void reset(void)
{
    uint64_t *sums = hb_platform_step_sums();
    for (uint32_t i = 0; i < hb_model.steps; i++) {
        sums[i] = 0;
    }
    hb_current_step = HB_NO_STEP;
    hb_counter_restart();
    legs_before = 0;
}

uint64_t hb_steps_run(void)
{
    reset();
    hb_arena_paint();
    hb_stamp end;
    hb_counter_stamp(&leg_start);
    hb_platform_call(hb_model.run);
    hb_counter_stamp(&end);
    check();
    hb_current_step = HB_NO_STEP;
    hb_arena_scan();
    return legs_before + hb_counter_took(&leg_start, &end);
}

static void empty_step(void)
{
    hb_step_begin(0);
    hb_step_begin(hb_model.steps);
}

void hb_steps_calibrate(void)
{
    hb_platform.empty_step_ticks = 0;
    reset();
    hb_platform_call(empty_step);
    hb_platform.empty_step_ticks = (uint32_t)hb_steps_ticks(0);
    hb_current_step = HB_NO_STEP;
}

uint64_t hb_steps_ticks(uint16_t step)
{
    return hb_platform_step_sums()[step];
}
