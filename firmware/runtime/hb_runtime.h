/* What the parts of the harness give each other.
 *
 * hb_serve, hb_steps, hb_watermark and hb_link are the same everywhere. "Platform" is what differs between a Cortex-M
 * (hb_cortex_*.c) and a process of the host (ports/host.c).
 */
#ifndef HB_RUNTIME_H
#define HB_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "hb_model.h"

#define HB_NO_STEP 0xffffu
#define HB_FETCH 0xfffeu /* instead of a step: fetch input, then go on with the same step */

/* Numbers as on the wire (hilbench/wire/messages.py). */
enum hb_fault_kind {
    HB_FAULT_OTHER,
    HB_FAULT_HARD,
    HB_FAULT_MEMORY,
    HB_FAULT_BUS,
    HB_FAULT_USAGE,
    HB_FAULT_STACK,
    HB_FAULT_ARENA,
    HB_FAULT_HARNESS_STACK,
    HB_FAULT_EXCEPTION,
};

enum hb_guard {
    HB_GUARD_STACK_MPU = 1 << 0,
    HB_GUARD_STACK_LIMIT = 1 << 1,
    HB_GUARD_STACK_PAINTED = 1 << 2,
    HB_GUARD_FLASH = 1 << 3,
    HB_GUARD_NULL = 1 << 4,
    HB_GUARD_ARENA_PAINTED = 1 << 5,
};

typedef struct {
    uint8_t kind;
    uint16_t step;
    uint32_t pc, lr, psr, cfsr, hfsr, address, sp;
} hb_fault;

/* What boot found out, for HELLO. */
typedef struct {
    uint32_t cpuid;
    uint8_t counter, guards;
    uint32_t empty_step_ticks, loop_ticks;
    const char *note; /* something that the user should read, or null */
} hb_platform_info;

typedef struct {
    uint32_t used, size;
} hb_mark;

extern hb_platform_info hb_platform;

/* --- platform --- */

/* Call `function` on the stack of the model. */
void hb_platform_call(void (*function)(void));
/* 0, or the kind of fault that a painted guard shows. */
uint8_t hb_platform_check(void);
/* High-water marks of the model's stack and of the harness's; size 0 where it cannot be known. */
hb_mark hb_platform_stack(void);
hb_mark hb_platform_harness_stack(void);
/* Room for one 64-bit sum per step. */
uint64_t *hb_platform_step_sums(void);
/* Report and stop: never returns. */
void hb_platform_stop(const hb_fault *fault) __attribute__((noreturn));

/* A point in time: ticks of the counter since its restart, and how many of its interrupts have run by then. */
typedef struct {
    uint64_t ticks;
    uint32_t handled;
} hb_stamp;

/* The counter is restarted at the begin of each run, so that it overflows at the same places in every run. */
void hb_counter_restart(void);
void hb_counter_stamp(hb_stamp *stamp);
/* What passed between two stamps, in cycles or instructions, without the interrupts of the counter itself. */
uint64_t hb_counter_took(const hb_stamp *from, const hb_stamp *to);

/* --- steps --- */

/* The step that is running, HB_NO_STEP outside of the model. */
extern uint16_t hb_current_step;
/* Four stores to it mark the begin of a step for the block profiler: their places spell the step's number, as four
 * hexadecimal digits, because a profiler sees where a store goes, not what it stores. */
extern volatile uint8_t hb_step_mark[16];

/* The body of hb_step_begin, on the stack of the harness. */
void hb_steps_account(uint16_t step);
/* Run the model once; ticks of the whole run. */
uint64_t hb_steps_run(void);
/* Find out what an empty step costs, so that it is taken off every step. */
void hb_steps_calibrate(void);
uint64_t hb_steps_ticks(uint16_t step);

/* --- watermark of the arena --- */

void hb_arena_forget(void);
/* The harness has put bytes up to `end` into the arena. */
void hb_arena_touched(uint32_t end);
/* Paint what has not been touched yet / find out what has. */
void hb_arena_paint(void);
void hb_arena_scan(void);
uint32_t hb_arena_used(void);

/* --- serving --- */

/* Ask the host for bytes of a streamed input and wait for them. */
typedef struct {
    uint8_t input;
    uint32_t offset, bytes;
    uint8_t *to;
} hb_request;

void hb_serve_request(const hb_request *request);
/* Answer the host until the power goes. */
void hb_serve(void) __attribute__((noreturn));
/* Send `fault`, again after each frame that comes. */
void hb_serve_fault(const hb_fault *fault) __attribute__((noreturn));

#endif
