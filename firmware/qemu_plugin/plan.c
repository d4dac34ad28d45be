#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "thumb.h"

#define MAX_ACCESSES 256u
#define WORTH 2u /* callbacks that a plan must save */

/* A register's value, as far as it is known: what it was when `version` began, plus `moved`. */
typedef struct {
    uint32_t version;
    int32_t moved;
} value;

/* A group as it is found: its base register and that register's version; the leader is at base + `leader`. */
typedef struct {
    uint32_t base, version;
    int32_t leader;
} origin;

typedef struct {
    value registers[16];
    uint32_t versions, groups, accesses, watched;
    origin origins[HB_MAX_GROUPS];
    hb_planned found[MAX_ACCESSES];
    bool failed;
} finding;

#define LITERAL 16u
#define INDEXED 17u

static uint32_t group_of(finding *f, uint32_t base, uint32_t version, int32_t place, bool *leads)
{
    for (uint32_t g = 0; g < f->groups && base != INDEXED; g++) {
        if (f->origins[g].base == base && f->origins[g].version == version) {
            *leads = false;
            return g;
        }
    }
    if (f->groups == HB_MAX_GROUPS) {
        f->failed = true;
        return 0;
    }
    *leads = true;
    f->origins[f->groups] = (origin){base, version, place};
    return f->groups++;
}

static void add_access(finding *f, const hb_effect *e, uint32_t group, int32_t place, uint32_t end)
{
    for (uint32_t n = 0; n < e->count; n++) {
        if (f->accesses == MAX_ACCESSES) {
            f->failed = true;
            return;
        }
        int32_t delta = place + (int32_t)(n * e->size) - f->origins[group].leader;
        f->found[f->accesses++] = (hb_planned){delta, (uint16_t)end, (uint8_t)group, (uint8_t)e->size, e->store};
    }
}

/* Note the access of one instruction; the group that it leads, or -1. */
static int8_t note_access(finding *f, const hb_effect *e, uint64_t address, uint32_t end)
{
    bool leads = false;
    int32_t place = 0;
    uint32_t group;
    if (e->kind == HB_LITERAL) {
        /* Places of literals count from address 0: they lie in the first 2 GB, as all code does. */
        place = (int32_t)((address + 4) & ~3u) + e->offset;
        group = group_of(f, LITERAL, 0, place, &leads);
    } else if (e->kind == HB_INDEXED) {
        group = group_of(f, INDEXED, 0, 0, &leads);
    } else {
        place = f->registers[e->base].moved + e->offset;
        group = group_of(f, e->base, f->registers[e->base].version, place, &leads);
    }
    if (!f->failed) {
        add_access(f, e, group, place, end);
    }
    bool watched = leads && e->kind != HB_LITERAL;
    f->watched += watched;
    return watched ? (int8_t)group : -1;
}

static void note_registers(finding *f, const hb_effect *e, bool conditional)
{
    uint32_t lost = e->written;
    if (e->kind == HB_FIXED && e->advance) {
        f->registers[e->base].moved += e->advance;
    }
    if (e->added < 16) {
        f->registers[e->added].moved += e->addend;
        lost |= conditional ? 1u << e->added : 0;
    }
    for (uint32_t r = 0; r < 16; r++) {
        if (lost >> r & 1) {
            f->registers[r] = (value){++f->versions, 0};
        }
    }
}

static bool find(finding *f, uint64_t start, const uint8_t *code, uint32_t length, int8_t *leads)
{
    uint32_t conditional = 0;
    for (uint32_t at = 0, i = 0; at < length && !f->failed; i++) {
        uint32_t first = code[at] | (uint32_t)code[at + 1] << 8, size = hb_thumb_size(first);
        uint32_t second = size == 4 ? code[at + 2] | (uint32_t)code[at + 3] << 8 : 0;
        hb_effect e = hb_thumb_effect(first, second);
        if (e.kind == HB_OTHER || (e.kind != HB_NO_ACCESS && conditional)) {
            return false;
        }
        at += size;
        leads[i] = e.kind == HB_NO_ACCESS ? -1 : note_access(f, &e, start + at - size, at);
        note_registers(f, &e, conditional > 0);
        conditional = conditional ? conditional - 1 : hb_thumb_it_length(first);
    }
    return !f->failed;
}

static void sum_read(hb_group *g, const hb_planned *a)
{
    if (g->reads == 0) {
        g->first_read = a->delta;
    } else {
        for (int32_t low = 0; low < 8; low++) {
            g->line8_changes[low] += (low + g->last_read) >> 3 != (low + a->delta) >> 3;
        }
    }
    g->last_read = a->delta;
    g->reads++;
}

static void sum(hb_group *g, const hb_planned *a)
{
    if (a->delta < g->lowest) {
        g->lowest = a->delta;
    }
    if (a->delta + a->size - 1 > g->highest) {
        g->highest = a->delta + a->size - 1;
    }
    for (int32_t low = 0; low < 4; low++) {
        g->unaligned[low] += ((low + a->delta) & (a->size - 1)) != 0;
    }
    if (a->store) {
        g->writes++;
    } else {
        sum_read(g, a);
    }
}

hb_plan *hb_make_plan(uint64_t start, const uint8_t *code, uint32_t length, bool conditional, int8_t *leads)
{
    finding f = {0};
    for (uint32_t r = 0; r < 16; r++) {
        f.registers[r].version = ++f.versions;
    }
    if (conditional || !find(&f, start, code, length, leads) || f.accesses < f.watched + WORTH) {
        return NULL;
    }
    hb_plan *plan = calloc(1, sizeof *plan + f.accesses * sizeof *plan->access);
    plan->groups = f.groups;
    plan->accesses = f.accesses;
    memcpy(plan->access, f.found, f.accesses * sizeof *plan->access);
    for (uint32_t g = 0; g < f.groups; g++) {
        plan->group[g].constant = f.origins[g].base == LITERAL;
        plan->group[g].leader = plan->group[g].constant ? (uint64_t)(uint32_t)f.origins[g].leader : HB_UNSET;
    }
    for (uint32_t i = 0; i < f.accesses; i++) {
        sum(&plan->group[f.found[i].group], &f.found[i]);
    }
    return plan;
}
