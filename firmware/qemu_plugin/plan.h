/* Which data accesses of a block follow from which: one callback into the profiler per group instead of per access.
 *
 * Accesses at constant distances from each other (one base register, or literals) are a group. Only its first one, the
 * leader, is watched; when the block has ended, the others' addresses follow from the leader's. A block is planned
 * where every access is made whenever the block runs: none is conditional, and all are decoded.
 */
#ifndef HB_PLAN_H
#define HB_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#define HB_MAX_GROUPS 16u
#define HB_UNSET UINT64_MAX

/* One access, `delta` bytes from its group's leader; `end` is the offset in the block behind its instruction. */
typedef struct {
    int32_t delta;
    uint16_t end;
    uint8_t group, size;
    bool store;
} hb_planned;

/* `leader` is the leader's address in the running execution of the block. The sums are those of the whole group, by the
 * lowest bits of the leader's address where they depend on them. */
typedef struct {
    uint64_t leader;
    bool constant;
    int32_t lowest, highest; /* bytes from the leader that are touched first and last */
    int32_t first_read, last_read;
    uint32_t reads, writes;
    uint32_t unaligned[4];
    uint32_t line8_changes[8]; /* from one read of the group to the next */
} hb_group;

typedef struct {
    uint32_t groups, accesses;
    hb_group group[HB_MAX_GROUPS];
    hb_planned access[];
} hb_plan;

/* The plan of a block, or NULL where each access is better watched. `leads[i]` becomes the group that instruction i
 * leads, -1 for none. `conditional`: the block may begin within an IT block. */
hb_plan *hb_make_plan(uint64_t start, const uint8_t *code, uint32_t length, bool conditional, int8_t *leads);

#endif
