/* From reset to serving: memory, floating point, guards, counter; and the switch between the two stacks.
 *
 * The harness and the exception handlers run on MSP, in a small stack of their own; the model runs on PSP, in all the
 * RAM that is left, so that its stack is measured exactly and apart. "All that is left" rather than the compiler's
 * bound: the bound cannot see through every library, the guard below can, and the build has already refused an image
 * whose bound does not fit there.
 */
#include "hb_cortex.h"
#include "hb_port.h"

extern uint32_t hb_data_start[], hb_data_end[], hb_bss_start[], hb_bss_end[];
extern const uint32_t hb_data_load[];

/* A naked function finds its arguments in registers and may not name them. */
#define HB_BY_REGISTER __attribute__((unused))

void hb_enable_fpu(void);
void hb_main(void);

static void init_memory(void)
{
    const uint32_t *from = hb_data_load;
    for (uint32_t *to = hb_data_start; to < hb_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = hb_bss_start; to < hb_bss_end; to++) {
        *to = 0;
    }
}

/* Before anything else: compilers use vector registers to clear memory, too. */
void hb_enable_fpu(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    SCB_CPACR |= 0xfu << 20; /* CP10 and CP11: full access */
    __asm volatile("dsb\n isb" ::: "memory");
#endif
}

static void paint_stack(void)
{
    for (uint32_t *at = (uint32_t *)hb_stack_bottom(); at < (uint32_t *)hb_ram_end; at++) {
        *at = HB_PAINT;
    }
    uint32_t *here;
    __asm volatile("mov %0, sp" : "=r"(here));
    for (uint32_t *at = (uint32_t *)(hb_harness_guard + HB_GUARD_BYTES); at < here; at++) {
        *at = HB_PAINT;
    }
}

/* The compiler must see a normal call, or it would save registers across the switch itself. */
__attribute__((naked)) static void call_on_psp(HB_BY_REGISTER void (*function)(void), HB_BY_REGISTER uint8_t *top)
{
    __asm volatile("push {r4, lr}\n"
                   "msr psp, r1\n"
                   "mrs r4, control\n"
                   "movs r2, #2\n"
                   "orrs r2, r4\n"
                   "msr control, r2\n"
                   "isb\n"
                   "blx r0\n"
                   "mrs r0, control\n"
                   "movs r2, #2\n"
                   "bics r0, r2\n"
                   "msr control, r0\n"
                   "isb\n"
                   "pop {r4, pc}\n");
}

void hb_platform_call(void (*function)(void))
{
    call_on_psp(function, hb_ram_end);
}

/* Called by the model, on its stack; accounts on the harness's, so that eight bytes are all that it adds there. */
__attribute__((naked)) void hb_step_begin(HB_BY_REGISTER uint16_t step)
{
    __asm volatile("push {r4, lr}\n"
                   "mrs r1, control\n"
                   "movs r2, #2\n"
                   "bics r1, r2\n"
                   "msr control, r1\n"
                   "isb\n"
                   "bl hb_steps_account\n"
                   "mrs r1, control\n"
                   "movs r2, #2\n"
                   "orrs r1, r2\n"
                   "msr control, r1\n"
                   "isb\n"
                   "pop {r4, pc}\n");
}

static hb_mark scan(uint8_t *bottom, uint8_t *top)
{
    uint8_t *at = bottom;
    while (at < top && *(uint32_t *)at == HB_PAINT) {
        at += 4;
    }
    hb_mark mark = {(uint32_t)(top - at), (uint32_t)(top - bottom)};
    return mark;
}

hb_mark hb_platform_stack(void)
{
    return scan(hb_stack_bottom(), hb_ram_end);
}

hb_mark hb_platform_harness_stack(void)
{
    return scan(hb_harness_guard + HB_GUARD_BYTES, hb_harness_stack_top);
}

uint64_t *hb_platform_step_sums(void)
{
    return (uint64_t *)hb_free;
}

void hb_main(void)
{
    init_memory();
    hb_platform.cpuid = SCB_CPUID;
    SCB_VTOR = (uint32_t)hb_flash_start; /* where boot code or a debugger left another table */
    SCB_CCR |= CCR_DIV_0_TRP;            /* ARMv6-M has no division and ignores it */
    hb_port_init();
    paint_stack();
    hb_guards_init();
    hb_counter_init();
    hb_steps_calibrate();
    hb_serve();
}

/* Some loaders and debuggers jump here without taking the stack pointer from the vector table. */
__attribute__((naked, used)) void hb_reset(void)
{
    __asm volatile("ldr r0, =hb_harness_stack_top\n"
                   "mov sp, r0\n"
                   "bl hb_enable_fpu\n"
                   "bl hb_main\n");
}
