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
#include "profiler.h"

#ifndef HB_PLUGIN_VERSION
#define HB_PLUGIN_VERSION 1
#endif

#define MAX_CODE 4096

HB_EXPORT int qemu_plugin_version = HB_PLUGIN_VERSION;

hb_profiler_setup hb_setup = {.mark = HB_NO_ADDRESS, .function = HB_NO_ADDRESS};
hb_profiler_state hb_state = {.cut_at = HB_NO_ADDRESS, .returns_to = HB_NO_ADDRESS, .last_line8 = HB_NO_ADDRESS};

static hb_block nowhere = {.start = 1, .end = HB_NO_ADDRESS};

/* ------------------------------------------------------------------------------------------------------- execution */

static inline void left(hb_block *b, uint8_t taken)
{
    b->now.taken += taken;
    if (b->last != taken) {
        b->now.changes += b->last != HB_NEVER_LEFT;
        b->last = taken;
    }
}

/* Under -icount, QEMU leaves a block at an access to a device and continues after that instruction in a new block: what
 * was counted as a whole execution was one of the block's first part. */
static hb_block *first_part(hb_block *whole)
{
    uint32_t length = (uint32_t)(hb_state.cut_at - whole->start);
    if (whole->plan) {
        hb_settle(whole, length);
    }
    whole->now.executions--;
    hb_block *part = hb_find_block(whole->start, whole->code, length);
    part->now.executions++;
    return part;
}

/* Return addresses of the calls that have not returned, where somebody's firmware is profiled: a function that is
 * entered by a jump (a tail call) returns to where the function that jumped was called from. */
static struct {
    uint64_t to[1024];
    uint32_t depth;
} open_calls;

static void track(hb_block *b, hb_block *from)
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

static uint64_t return_address(const hb_block *from)
{
    if (from->calls) {
        return from->end;
    }
    return open_calls.depth ? open_calls.to[open_calls.depth - 1] : HB_NO_ADDRESS;
}

/* A call from within the function is part of it; one through the same return address must return as often. */
static void enter_function(hb_block *from)
{
    if (hb_state.returns_to != HB_NO_ADDRESS) {
        hb_state.depth += return_address(from) == hb_state.returns_to;
        return;
    }
    hb_end_segment(HB_ENDED_BY_CALL);
    hb_state.returns_to = return_address(from);
    hb_state.depth = 1;
    hb_watch(hb_state.returns_to);
}

static void return_from_function(void)
{
    if (--hb_state.depth == 0) {
        uint64_t address = hb_state.returns_to;
        hb_state.returns_to = HB_NO_ADDRESS;
        hb_watch(address);
        hb_end_segment(HB_ENDED_BY_RETURN);
        if (++hb_state.returned == hb_setup.calls) {
            hb_finish();
            _exit(EXIT_SUCCESS);
        }
    }
}

static __attribute__((noinline)) void on_event(hb_block *b, hb_block *from)
{
    if (hb_state.cut && b->start == hb_state.cut_at && from->start < b->start && b->start < from->end) {
        from = first_part(from);
    } else {
        hb_settle_whole(from);
    }
    hb_state.cut = false;
    left(from, from->end != b->start);
    if (hb_setup.calls) {
        track(b, from);
    }
    if (b->start == hb_state.returns_to) {
        return_from_function();
    }
    if (b->start == hb_setup.function && from->end != b->start) {
        enter_function(from);
    }
}

static void on_block(unsigned int cpu, void *data)
{
    (void)cpu;
    hb_block *b = data, *from = hb_state.current;
    hb_state.current = b;
    if (__builtin_expect(hb_state.cut | b->watched | from->tracked, 0)) {
        on_event(b, from);
    } else {
        hb_settle_whole(from);
        left(from, from->end != b->start);
    }
    b->now.executions++;
}

/* ----------------------------------------------------------------------------------------------------- translation */

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
    const uint8_t *code = hb_setup.interface < 3 ? (const uint8_t *)bytes : filled;
    uint32_t length = code[1] >> 3 >= 0x1D ? 4 : 2;
    memcpy(into, code, length);
    return length;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    uint8_t code[MAX_CODE], sizes[MAX_CODE / 2];
    uint32_t length = 0, count = (uint32_t)qemu_plugin_tb_n_insns(tb);
    if (qemu_plugin_tb_vaddr(tb) - hb_setup.ignored < hb_setup.ignored_size) {
        return; /* an interrupt handler of the harness: where it returns to, the
               interrupted block goes on */
    }
    for (uint32_t i = 0; i < count; i++) {
        sizes[i] = (uint8_t)read_code(qemu_plugin_tb_get_insn(tb, i), code + length);
        length += sizes[i];
    }
    hb_block *b = hb_find_block(qemu_plugin_tb_vaddr(tb), code, length);
    for (uint32_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        if (!b->plan) {
            hb_watch_access(insn, sizes[i]);
        } else if (b->leads[i] >= 0) {
            hb_watch_leader(insn, &b->plan->group[b->leads[i]]);
        }
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, b);
}

static void on_qemu_exit(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    hb_settle_whole(hb_state.current);
    hb_end_segment(HB_ENDED_BY_EXIT);
    hb_finish();
}

/* ------------------------------------------------------------------------------------------------------- arguments */

static bool parse_region(const char *text)
{
    if (hb_setup.count == HB_MAX_REGIONS) {
        return false;
    }
    hb_region *r = &hb_setup.regions[hb_setup.count++];
    return sscanf(text, "%15[^:]:%" SCNi64 ":%" SCNi64, r->name, (int64_t *)&r->origin, (int64_t *)&r->size) == 3;
}

static bool parse(const char *argument)
{
    unsigned size, ways, line;
    if (strncmp(argument, "out=", 4) == 0) {
        hb_setup.out = fopen(argument + 4, "wb");
        return hb_setup.out != NULL;
    }
    if (sscanf(argument, "mark=%" SCNi64, (int64_t *)&hb_setup.mark) == 1 ||
        sscanf(argument, "calls=%" SCNu64, &hb_setup.calls) == 1 ||
        sscanf(argument, "ignore=%" SCNi64 ":%" SCNi64, (int64_t *)&hb_setup.ignored,
               (int64_t *)&hb_setup.ignored_size) == 2 ||
        sscanf(argument, "function=%" SCNi64, (int64_t *)&hb_setup.function) == 1) {
        return true;
    }
    if (strcmp(argument, "each=on") == 0) {
        hb_setup.each = true;
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

HB_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    hb_setup.interface = info->version.cur;
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
    if (!hb_setup.out || hb_setup.count == 0) {
        return refuse("needs arguments", "out=FILE and region=flash:ORIGIN:SIZE");
    }
    hb_setup.devices = &hb_setup.regions[hb_setup.count];
    hb_put_setup();
    hb_state.current = &nowhere;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_qemu_exit, NULL);
    return 0;
}
