/* What the parts of the block profiler share: what it was asked for, where it is, and its blocks. */
#ifndef HB_PROFILER_H
#define HB_PROFILER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "plan.h"
#include "qemu_api.h"

#define HB_MAX_REGIONS 8
#define HB_MARK_BYTES 16
#define HB_MARK_DIGITS 4 /* hexadecimal, each a store to its place in the mark */
#define HB_NO_ADDRESS UINT64_MAX
#define HB_BUCKETS 65536
#define HB_NEVER_LEFT 2

typedef struct {
    uint64_t executions, taken, changes;
} hb_counts;

typedef struct hb_block {
    uint64_t start, end;
    hb_counts now, written;
    uint32_t id, length;
    uint8_t last; /* how it was left the last time: taken (1) or not, or
                   HB_NEVER_LEFT */
    uint8_t watched, calls, tracked;
    struct hb_block *next;
    hb_plan *plan;
    int8_t *leads; /* by instruction: the group of the plan that it leads, or -1 */
    uint8_t code[];
} hb_block;

typedef struct {
    char name[16];
    uint64_t origin, size, reads, writes;
} hb_region;

/* The arguments. */
typedef struct {
    FILE *out;
    uint64_t mark, function, calls, ignored, ignored_size;
    bool each; /* watch each access: slower, and what the plans are tested against */
    int interface;
    hb_region regions[HB_MAX_REGIONS + 1];
    unsigned count;
    hb_region *devices; /* the last one of `regions` */
} hb_profiler_setup;

/* Where the firmware is, and what was counted since the last segment. `cut` is set by an access to a device, after
 * which QEMU may leave the block at `cut_at`. */
typedef struct {
    hb_block *current;
    bool cut;
    uint64_t cut_at, returns_to, depth, returned;
    uint32_t digits, mark;
    uint64_t last_line8, line8_changes, unaligned;
} hb_profiler_state;

extern hb_profiler_setup hb_setup;
extern hb_profiler_state hb_state;

/* blocks.c: all blocks, in order of their numbers. */
extern hb_block **hb_blocks;
extern uint32_t hb_block_count;

/* The block with this address and code; a new one is written to the profile. */
hb_block *hb_find_block(uint64_t start, const uint8_t *code, uint32_t length);
/* See to it that blocks at `address` are watched, or no longer, as hb_setup and hb_state say. */
void hb_watch(uint64_t address);

/* segments.c: the profile's file, which hilbench/profile/record.py describes. */
enum { HB_ENDED_BY_CALL = 1, HB_ENDED_BY_RETURN = 2, HB_ENDED_BY_EXIT = 3 };
void hb_put_setup(void);
void hb_put_block(const hb_block *b);
/* Write what ran since the last segment. */
void hb_end_segment(uint32_t ended_by);
void hb_finish(void);

/* accesses.c: data accesses. */
void hb_watch_access(struct qemu_plugin_insn *insn, uint32_t size);
void hb_watch_leader(struct qemu_plugin_insn *insn, hb_group *group);
/* Count the data accesses of an execution of `b` that has ended `end` bytes into it (the instruction that ends there,
 * if it is not the last one, was watched). */
void hb_settle(hb_block *b, uint32_t end);

static inline void hb_settle_whole(hb_block *b)
{
    if (b->plan) {
        hb_settle(b, b->length + 1);
    }
}

#endif
