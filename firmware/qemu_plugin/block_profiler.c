/* A QEMU plugin that records, exactly, which basic blocks of Cortex-M firmware ran and which data they touched.
 *
 * Time is cut into segments, at each call of one function and at each return from it. A segment is written with what
 * every block did in it (executions, taken exits, changes of direction), with counters of its data accesses, and with
 * the mark, a number that the firmware spelled in it. hilbench/profile/record.py reads the file and describes its form.
 *
 * A block is a translation block of QEMU, known by address and code; one that QEMU cut short simply falls through into
 * the next one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "plan.h"
#include "qemu_api.h"
#include "thumb.h"

#ifndef HB_PLUGIN_VERSION
#define HB_PLUGIN_VERSION 1
#endif

#define MAX_REGIONS 8
#define MAX_CODE 4096
#define MARK_BYTES 16
#define NO_ADDRESS UINT64_MAX

HB_EXPORT int qemu_plugin_version = HB_PLUGIN_VERSION;

typedef struct {
    uint64_t executions, taken, changes;
} counts;

typedef struct block {
    uint64_t start, end;
    counts now, written;
    uint32_t id, length;
    uint8_t last; /* how it was left the last time: taken (1) or not, or NEVER_LEFT */
    uint8_t watched, calls, tracked;
    struct block *next;
    hb_plan *plan;
    int8_t *leads; /* by instruction: the group of the plan that it leads, or -1 */
    uint8_t code[];
} block;

/* One instruction that accesses memory; what QEMU says of the access is the same every time, so it is asked once. */
typedef struct {
    uint64_t insn_end;
    uint32_t info, mask, words;
    bool known, store;
} accessor;

typedef struct {
    char name[16];
    uint64_t origin, size, reads, writes;
} region;

static struct {
    FILE *out;
    uint64_t mark, function, calls, ignored, ignored_size;
    bool each; /* watch each access: slower, and what the plans are tested against */
    int interface;
    region regions[MAX_REGIONS + 1];
    unsigned count;
    region *devices; /* the last one of `regions` */
} setup = {.mark = NO_ADDRESS, .function = NO_ADDRESS};

static struct {
    block *current;
    bool cut;
    uint64_t cut_at, returns_to, depth, returned;
    uint32_t digits, mark;
    uint64_t last_line8, line8_changes, unaligned;
} state = {.cut_at = NO_ADDRESS, .returns_to = NO_ADDRESS, .last_line8 = NO_ADDRESS};

enum { RECORD_BLOCK = 1, RECORD_SEGMENT = 2, RECORD_END = 3 };
enum { ENDED_BY_CALL = 1, ENDED_BY_RETURN = 2, ENDED_BY_EXIT = 3 };
#define NEVER_LEFT 2
#define DIGITS 4 /* hexadecimal, each a store to its place in the mark */
#define NO_MARK UINT32_MAX

/* ------------------------------------------------------------------------------------------------ blocks */

#define BUCKETS 65536
static block *buckets[BUCKETS];
static block **all;
static uint32_t blocks, capacity;
static block nowhere = {.start = 1, .end = NO_ADDRESS};

static void put(const void *data, size_t size)
{
    if (fwrite(data, 1, size, setup.out) != size) {
        fprintf(stderr, "block profiler: cannot write the profile\n");
        exit(EXIT_FAILURE);
    }
}

static void put32(uint32_t value)
{
    put(&value, sizeof value);
}

static void put64(uint64_t value)
{
    put(&value, sizeof value);
}

/* Whether `code` ends in BL or BLX: what follows it is where the callee returns to. */
static bool ends_in_call(const uint8_t *code, uint32_t length)
{
    uint32_t last = code[length - 2] | (uint32_t)code[length - 1] << 8;
    uint32_t before = length < 4 ? 0 : code[length - 4] | (uint32_t)code[length - 3] << 8;
    return (last & 0xFF87) == 0x4780 || ((before & 0xF800) == 0xF000 && (last & 0xD000) == 0xD000);
}

/* Addresses in IT blocks: a block that begins at one of them (after an access to a device, or on another page than its
 * IT instruction) may skip its first instructions. */
static uint8_t conditional[BUCKETS];

static bool begins_conditional(uint64_t start)
{
    return conditional[(start >> 1) % BUCKETS];
}

static void note_conditional(uint64_t start, const uint8_t *code, uint32_t length)
{
    uint32_t open = begins_conditional(start) ? 4 : 0, at = 0;
    while (at < length) {
        uint32_t first = code[at] | (uint32_t)code[at + 1] << 8, it = hb_thumb_it_length(first);
        if (open) {
            conditional[((start + at) >> 1) % BUCKETS] = 1;
            open--;
        }
        open = it ? it : open;
        at += hb_thumb_size(first);
    }
    if (open) {
        conditional[((start + length) >> 1) % BUCKETS] = 1;
    }
}

static void plan_accesses(block *b, uint32_t instructions)
{
    if (setup.each || instructions < 2) {
        return; /* one instruction alone may be QEMU's repetition of an access to a device */
    }
    b->leads = malloc(instructions);
    b->plan = hb_make_plan(b->start, b->code, b->length, begins_conditional(b->start), b->leads);
}

static uint32_t count_instructions(const uint8_t *code, uint32_t length)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < length; count++) {
        at += hb_thumb_size(code[at] | (uint32_t)code[at + 1] << 8);
    }
    return count;
}

/* Blocks that on_event has to see begin: the function, and where calls return to. */
static uint8_t return_site[BUCKETS];

static bool is_watched(uint64_t address)
{
    return address == setup.function || address == state.returns_to || return_site[(address >> 1) % BUCKETS];
}

static void watch(uint64_t address)
{
    for (block *found = buckets[(address >> 1) % BUCKETS]; found; found = found->next) {
        if (found->start == address) {
            found->watched = is_watched(address);
        }
    }
}

static block *add_block(uint64_t start, const uint8_t *code, uint32_t length)
{
    block *fresh = calloc(1, sizeof(block) + length);
    if (blocks == capacity) {
        capacity = capacity ? 2 * capacity : 1024;
        all = realloc(all, capacity * sizeof *all);
    }
    fresh->start = start;
    fresh->end = start + length;
    fresh->id = blocks;
    fresh->length = length;
    fresh->last = NEVER_LEFT;
    fresh->calls = ends_in_call(code, length);
    fresh->tracked = fresh->calls && setup.calls;
    fresh->watched = is_watched(start);
    if (fresh->tracked) {
        return_site[(fresh->end >> 1) % BUCKETS] = 1;
        watch(fresh->end);
    }
    memcpy(fresh->code, code, length);
    fresh->next = buckets[(start >> 1) % BUCKETS];
    buckets[(start >> 1) % BUCKETS] = fresh;
    all[blocks++] = fresh;
    plan_accesses(fresh, count_instructions(code, length));
    note_conditional(start, code, length);
    put32(RECORD_BLOCK);
    put32((uint32_t)start);
    put32(length);
    put(code, length);
    return fresh;
}

static block *find_block(uint64_t start, const uint8_t *code, uint32_t length)
{
    for (block *found = buckets[(start >> 1) % BUCKETS]; found; found = found->next) {
        if (found->start == start && found->length == length && memcmp(found->code, code, length) == 0) {
            return found;
        }
    }
    return add_block(start, code, length);
}

/* ---------------------------------------------------------------------------------------------- segments */

static void put_counters(void)
{
    for (unsigned r = 0; r <= setup.count; r++) {
        put64(setup.regions[r].reads);
        put64(setup.regions[r].writes);
        setup.regions[r].reads = setup.regions[r].writes = 0;
    }
    put64(state.line8_changes);
    put64(state.unaligned);
    put64(hb_cache_take_misses());
    state.line8_changes = state.unaligned = 0;
}

/* Write what ran since the last segment. */
static void end_segment(uint32_t ended_by)
{
    uint32_t changed = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        changed += memcmp(&all[i]->now, &all[i]->written, sizeof(counts)) != 0;
    }
    put32(RECORD_SEGMENT);
    put32(ended_by);
    put32(state.digits >= DIGITS ? state.mark : NO_MARK);
    state.digits = 0;
    put_counters();
    put32(changed);
    for (uint32_t i = 0; i < blocks; i++) {
        block *b = all[i];
        if (memcmp(&b->now, &b->written, sizeof(counts)) != 0) {
            put32(b->id);
            put64(b->now.executions - b->written.executions);
            put64(b->now.taken - b->written.taken);
            put64(b->now.changes - b->written.changes);
            b->written = b->now;
        }
    }
    fflush(setup.out);
}

static void finish(void)
{
    put32(RECORD_END);
    fclose(setup.out);
}

/* -------------------------------------------------------------------------------------------- data accesses */

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
static inline region *region_of(uint64_t address)
{
    region *r = setup.regions;
    while (r < setup.devices && address - r->origin >= r->size) {
        r++;
    }
    return r;
}

static void note_mark(uint64_t address)
{
    state.mark = (state.digits++ % DIGITS ? state.mark << 4 : 0) | (uint32_t)(address - setup.mark);
}

static inline void note_line(uint64_t address)
{
    state.line8_changes += address >> 3 != state.last_line8;
    state.last_line8 = address >> 3;
}

/* Count one access; the region that it goes to. */
static inline region *touch(uint64_t address, uint32_t mask, uint32_t words, bool store)
{
    region *r = region_of(address);
    state.unaligned += (address & mask) != 0;
    if (store) {
        r->writes += words;
        if (__builtin_expect(address - setup.mark < MARK_BYTES, 0)) {
            note_mark(address);
        }
        return r;
    }
    r->reads += words;
    if (r == setup.regions) {
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
    if (touch(address, a->mask, a->words, a->store) == setup.devices) {
        state.cut = true;
        state.cut_at = a->insn_end;
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
static inline bool is_plain(const hb_group *g, region *r)
{
    uint64_t lowest = g->leader + (uint64_t)(int64_t)g->lowest, highest = g->leader + (uint64_t)(int64_t)g->highest;
    bool marks = g->writes && highest >= setup.mark && lowest < setup.mark + MARK_BYTES;
    return g->leader != HB_UNSET && highest - r->origin < r->size && !marks;
}

/* Add the sums of every group; false, with nothing done, where the accesses have to be looked at one after the other:
 * one of them is special, or reads of flash through two registers take turns. */
static bool settle_groups(hb_plan *plan)
{
    region *where[HB_MAX_GROUPS];
    hb_group *reader = NULL;
    for (uint32_t i = 0; i < plan->groups; i++) {
        hb_group *g = &plan->group[i];
        where[i] = region_of(g->leader + (uint64_t)(int64_t)g->lowest);
        if (!is_plain(g, where[i])) {
            return false;
        }
        if (where[i] == setup.regions && g->reads) {
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
        state.unaligned += g->unaligned[g->leader & 3];
    }
    if (reader) {
        note_line(reader->leader + (uint64_t)(int64_t)reader->first_read);
        state.line8_changes += reader->line8_changes[reader->leader & 7];
        state.last_line8 = (reader->leader + (uint64_t)(int64_t)reader->last_read) >> 3;
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

/* Count the data accesses of an execution of `b` that has ended `end` bytes into it (the instruction that ends there,
 * if it is not the last one, was watched). */
static inline void settle(block *b, uint32_t end)
{
    hb_plan *plan = b->plan;
    if (end <= b->length || !settle_groups(plan)) {
        settle_each(plan, end);
    }
    for (uint32_t i = 0; i < plan->groups; i++) {
        plan->group[i].leader = plan->group[i].constant ? plan->group[i].leader : HB_UNSET;
    }
}

static inline void settle_whole(block *b)
{
    if (b->plan) {
        settle(b, b->length + 1);
    }
}

/* --------------------------------------------------------------------------------------------- execution */

static inline void left(block *b, uint8_t taken)
{
    b->now.taken += taken;
    if (b->last != taken) {
        b->now.changes += b->last != NEVER_LEFT;
        b->last = taken;
    }
}

/* Under -icount, QEMU leaves a block at an access to a device and continues after that instruction in a new block: what
 * was counted as a whole execution was one of the block's first part. */
static block *first_part(block *whole)
{
    uint32_t length = (uint32_t)(state.cut_at - whole->start);
    if (whole->plan) {
        settle(whole, length);
    }
    whole->now.executions--;
    block *part = find_block(whole->start, whole->code, length);
    part->now.executions++;
    return part;
}

/* Return addresses of the calls that have not returned, where somebody's firmware is profiled: a function that is
 * entered by a jump (a tail call) returns to where the function that jumped was called from. */
static struct {
    uint64_t to[1024];
    uint32_t depth;
} open_calls;

static void track(block *b, block *from)
{
    for (uint32_t d = open_calls.depth; d-- > 0;) {
        if (open_calls.to[d] == b->start) {
            open_calls.depth = d;
            break;
        }
    }
    if (from->tracked && from->end != b->start && open_calls.depth < 1024) {
        open_calls.to[open_calls.depth++] = from->end;
    }
}

static uint64_t return_address(const block *from)
{
    if (from->calls) {
        return from->end;
    }
    return open_calls.depth ? open_calls.to[open_calls.depth - 1] : NO_ADDRESS;
}

/* A call from within the function is part of it; one through the same return address must return as often. */
static void enter_function(block *from)
{
    if (state.returns_to != NO_ADDRESS) {
        state.depth += return_address(from) == state.returns_to;
        return;
    }
    end_segment(ENDED_BY_CALL);
    state.returns_to = return_address(from);
    state.depth = 1;
    watch(state.returns_to);
}

static void return_from_function(void)
{
    if (--state.depth == 0) {
        uint64_t address = state.returns_to;
        state.returns_to = NO_ADDRESS;
        watch(address);
        end_segment(ENDED_BY_RETURN);
        if (++state.returned == setup.calls) {
            finish();
            _exit(EXIT_SUCCESS);
        }
    }
}

static __attribute__((noinline)) void on_event(block *b, block *from)
{
    if (state.cut && b->start == state.cut_at && from->start < b->start && b->start < from->end) {
        from = first_part(from);
    } else {
        settle_whole(from);
    }
    state.cut = false;
    left(from, from->end != b->start);
    if (setup.calls) {
        track(b, from);
    }
    if (b->start == state.returns_to) {
        return_from_function();
    }
    if (b->start == setup.function && from->end != b->start) {
        enter_function(from);
    }
}

static void on_block(unsigned int cpu, void *data)
{
    (void)cpu;
    block *b = data, *from = state.current;
    state.current = b;
    if (__builtin_expect(state.cut | b->watched | from->tracked, 0)) {
        on_event(b, from);
    } else {
        settle_whole(from);
        left(from, from->end != b->start);
    }
    b->now.executions++;
}

/* -------------------------------------------------------------------------------------------- translation */

/* Copy an instruction; its size. At the end of a page QEMU 7.2 looks one halfword ahead and counts it to the
 * instruction, so the size is read off the encoding: 32 bits where the first halfword begins with 11101, 11110 or 11111
 * (Arm DDI 0403, A5.1). */
static uint32_t read_code(const struct qemu_plugin_insn *insn, uint8_t *into)
{
    uint8_t filled[16];
    size_t size = qemu_plugin_insn_size(insn);
    if (size > sizeof filled) {
        size = sizeof filled;
    }
    uintptr_t bytes = qemu_plugin_insn_data(insn, filled, size);
    const uint8_t *code = setup.interface < 3 ? (const uint8_t *)bytes : filled;
    uint32_t length = code[1] >> 3 >= 0x1D ? 4 : 2;
    memcpy(into, code, length);
    return length;
}

static void watch_access(struct qemu_plugin_insn *insn, uint32_t size)
{
    accessor *a = calloc(1, sizeof *a);
    a->insn_end = qemu_plugin_insn_vaddr(insn) + size;
    /* Both kinds: in QEMU 7.2 asking for reads alone delivers only writes. */
    qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, a);
}

static void watch_leader(struct qemu_plugin_insn *insn, hb_group *group)
{
    qemu_plugin_register_vcpu_mem_cb(insn, on_leader, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, &group->leader);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    uint8_t code[MAX_CODE], sizes[MAX_CODE / 2];
    uint32_t length = 0, count = (uint32_t)qemu_plugin_tb_n_insns(tb);
    if (qemu_plugin_tb_vaddr(tb) - setup.ignored < setup.ignored_size) {
        return; /* an interrupt handler of the harness: where it returns to, the interrupted block goes on */
    }
    for (uint32_t i = 0; i < count; i++) {
        sizes[i] = (uint8_t)read_code(qemu_plugin_tb_get_insn(tb, i), code + length);
        length += sizes[i];
    }
    block *b = find_block(qemu_plugin_tb_vaddr(tb), code, length);
    for (uint32_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        if (!b->plan) {
            watch_access(insn, sizes[i]);
        } else if (b->leads[i] >= 0) {
            watch_leader(insn, &b->plan->group[b->leads[i]]);
        }
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
}

static void on_qemu_exit(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    settle_whole(state.current);
    end_segment(ENDED_BY_EXIT);
    finish();
}

/* ---------------------------------------------------------------------------------------------- arguments */

static bool parse_region(const char *text)
{
    if (setup.count == MAX_REGIONS) {
        return false;
    }
    region *r = &setup.regions[setup.count++];
    return sscanf(text, "%15[^:]:%" SCNi64 ":%" SCNi64, r->name, (int64_t *)&r->origin, (int64_t *)&r->size) == 3;
}

static bool parse(const char *argument)
{
    unsigned size, ways, line;
    if (strncmp(argument, "out=", 4) == 0) {
        setup.out = fopen(argument + 4, "wb");
        return setup.out != NULL;
    }
    if (sscanf(argument, "mark=%" SCNi64, (int64_t *)&setup.mark) == 1 ||
        sscanf(argument, "calls=%" SCNu64, &setup.calls) == 1 ||
        sscanf(argument, "ignore=%" SCNi64 ":%" SCNi64, (int64_t *)&setup.ignored, (int64_t *)&setup.ignored_size) ==
            2 ||
        sscanf(argument, "function=%" SCNi64, (int64_t *)&setup.function) == 1) {
        return true;
    }
    if (strcmp(argument, "each=on") == 0) {
        setup.each = true;
        return true;
    }
    if (sscanf(argument, "cache=%u:%u:%u", &size, &ways, &line) == 3) {
        return hb_cache_setup(size, ways, line);
    }
    return strncmp(argument, "region=", 7) == 0 && parse_region(argument + 7);
}

static int refuse(const char *what, const char *detail)
{
    fprintf(stderr, "block profiler: %s %s\n", what, detail);
    return -1;
}

static void put_setup(void)
{
    put("HBPROF\1\0", 8);
    put32(setup.count + 1);
    strcpy(setup.regions[setup.count].name, "device");
    for (unsigned r = 0; r <= setup.count; r++) {
        put(setup.regions[r].name, sizeof setup.regions[r].name);
    }
    put32(hb_cache_enabled());
}

HB_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    setup.interface = info->version.cur;
    if (info->version.min > HB_PLUGIN_VERSION || info->version.cur < HB_PLUGIN_VERSION) {
        return refuse("built for another version of the plugin interface than QEMU for", info->target_name);
    }
    if (strcmp(info->target_name, "arm") != 0) {
        return refuse("profiles qemu-system-arm, not", info->target_name);
    }
    for (int i = 0; i < argc; i++) {
        if (!parse(argv[i])) {
            return refuse("bad argument", argv[i]);
        }
    }
    if (!setup.out || setup.count == 0) {
        return refuse("needs arguments", "out=FILE and region=flash:ORIGIN:SIZE");
    }
    setup.devices = &setup.regions[setup.count];
    put_setup();
    state.current = &nowhere;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_qemu_exit, NULL);
    return 0;
}
