/* Counting data accesses: each watched one as it happens, planned ones when their block has ended. */
#include <stdlib.h>

#include "cache.h"
#include "profiler.h"

/* One instruction that accesses memory; what QEMU says of the access is the same every time, so it is asked once. */
typedef struct {
    uint64_t insn_end;
    uint32_t info, mask, words;
    bool known, store;
} accessor;

static __attribute__((noinline)) void learn(accessor *a, qemu_plugin_meminfo_t info)
{
    unsigned shift = qemu_plugin_mem_size_shift(info);
    a->info = info;
    a->store = qemu_plugin_mem_is_store(info);
    a->words = shift > 2 ? 2 : 1;
    a->mask = shift > 2 ? 3 : (1u << shift) - 1;
    a->known = 1;
}

/* Region 0 is the flash; the last one takes what lies in no region: devices. */
static inline hb_region *region_of(uint64_t address)
{
    hb_region *r = hb_setup.regions;
    while (r < hb_setup.devices && address - r->origin >= r->size) {
        r++;
    }
    return r;
}

static void note_mark(uint64_t address)
{
    hb_state.mark = (hb_state.digits++ % HB_MARK_DIGITS ? hb_state.mark << 4 : 0) | (uint32_t)(address - hb_setup.mark);
}

static inline void note_line(uint64_t address)
{
    hb_state.line8_changes += address >> 3 != hb_state.last_line8;
    hb_state.last_line8 = address >> 3;
}

/* Count one access; the region that it goes to. */
static inline hb_region *touch(uint64_t address, uint32_t mask, uint32_t words, bool store)
{
    hb_region *r = region_of(address);
    hb_state.unaligned += (address & mask) != 0;
    if (store) {
        r->writes += words;
        if (__builtin_expect(address - hb_setup.mark < HB_MARK_BYTES, 0)) {
            note_mark(address);
        }
        return r;
    }
    r->reads += words;
    if (r == hb_setup.regions) {
        note_line(address);
        hb_cache_read(address);
    }
    return r;
}

static void on_access(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    (void)cpu;
    accessor *a = data;
    if (__builtin_expect(!a->known || a->info != info, 0)) {
        learn(a, info);
    }
    if (touch(address, a->mask, a->words, a->store) == hb_setup.devices) {
        hb_state.cut = true;
        hb_state.cut_at = a->insn_end;
    }
}

static void on_leader(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    (void)cpu;
    (void)info;
    uint64_t *leader = data;
    if (*leader == HB_UNSET) { /* the first of the words that one instruction accesses */
        *leader = address;
    }
}

/* Whether the group lies in one region that is no device and touches no mark; then its sums can be added as they are.
 */
static inline bool is_plain(const hb_group *g, hb_region *r)
{
    uint64_t lowest = g->leader + (uint64_t)(int64_t)g->lowest, highest = g->leader + (uint64_t)(int64_t)g->highest;
    bool marks = g->writes && highest >= hb_setup.mark && lowest < hb_setup.mark + HB_MARK_BYTES;
    return g->leader != HB_UNSET && highest - r->origin < r->size && !marks;
}

/* Add the sums of every group; false, with nothing done, where the accesses have to be looked at one after the other:
 * one of them is special, or reads of flash through two registers take turns. */
static bool settle_groups(hb_plan *plan)
{
    hb_region *where[HB_MAX_GROUPS];
    hb_group *reader = NULL;
    for (uint32_t i = 0; i < plan->groups; i++) {
        hb_group *g = &plan->group[i];
        where[i] = region_of(g->leader + (uint64_t)(int64_t)g->lowest);
        if (!is_plain(g, where[i])) {
            return false;
        }
        if (where[i] == hb_setup.regions && g->reads) {
            if (reader || hb_cache_enabled()) {
                return false;
            }
            reader = g;
        }
    }
    for (uint32_t i = 0; i < plan->groups; i++) {
        hb_group *g = &plan->group[i];
        where[i]->reads += g->reads;
        where[i]->writes += g->writes;
        hb_state.unaligned += g->unaligned[g->leader & 3];
    }
    if (reader) {
        note_line(reader->leader + (uint64_t)(int64_t)reader->first_read);
        hb_state.line8_changes += reader->line8_changes[reader->leader & 7];
        hb_state.last_line8 = (reader->leader + (uint64_t)(int64_t)reader->last_read) >> 3;
    }
    return true;
}

/* Accesses before `end`, one after the other; groups whose leader did not run are left out. */
static __attribute__((noinline)) void settle_each(hb_plan *plan, uint32_t end)
{
    for (uint32_t i = 0; i < plan->accesses; i++) {
        hb_planned *a = &plan->access[i];
        uint64_t leader = plan->group[a->group].leader;
        if (leader != HB_UNSET && a->end < end) {
            touch(leader + (uint64_t)(int64_t)a->delta, a->size - 1u, 1, a->store);
        }
    }
}

void hb_settle(hb_block *b, uint32_t end)
{
    hb_plan *plan = b->plan;
    if (end <= b->length || !settle_groups(plan)) {
        settle_each(plan, end);
    }
    for (uint32_t i = 0; i < plan->groups; i++) {
        plan->group[i].leader = plan->group[i].constant ? plan->group[i].leader : HB_UNSET;
    }
}

void hb_watch_access(struct qemu_plugin_insn *insn, uint32_t size)
{
    accessor *a = calloc(1, sizeof *a);
    a->insn_end = qemu_plugin_insn_vaddr(insn) + size;
    /* Both kinds: in QEMU 7.2 asking for reads alone delivers only writes. */
    qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, a);
}

void hb_watch_leader(struct qemu_plugin_insn *insn, hb_group *group)
{
    qemu_plugin_register_vcpu_mem_cb(insn, on_leader, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, &group->leader);
}
