/* Faults: what the core says about them, sent to the host for as long as it asks. */
#include "hb_cortex.h"

#define SYSTICK_VECTOR 15

typedef struct {
    uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
} exception_frame;

void hb_reset(void);
void hb_systick(void);
void hb_fault_entry(void);
void hb_fault_capture(uint32_t frame, uint32_t return_code) __attribute__((noreturn));

void hb_platform_stop(const hb_fault *fault)
{
    hb_serve_fault(fault);
}

#if !HB_ARMV6M
static void read_status(hb_fault *fault)
{
    fault->cfsr = SCB_CFSR;
    fault->hfsr = SCB_HFSR;
    if (fault->cfsr & CFSR_MMARVALID) {
        fault->address = SCB_MMFAR;
    } else if (fault->cfsr & CFSR_BFARVALID) {
        fault->address = SCB_BFAR;
    }
}
#endif

static uint8_t kind_of(const hb_fault *fault, uint32_t exception)
{
    if (exception < 3 || exception > 6) {
        return HB_FAULT_EXCEPTION;
    }
    if (fault->cfsr & CFSR_MEMORY) {
        return HB_FAULT_MEMORY;
    }
    if (fault->cfsr & CFSR_BUS) {
        return HB_FAULT_BUS;
    }
    return fault->cfsr ? HB_FAULT_USAGE : HB_FAULT_HARD;
}

/* A stack ran over when its pointer or the faulting address is in the guard below it; a push that the guard stopped
 * leaves the pointer up to one push (64 bytes) above. */
static bool ran_over(const hb_fault *fault, uint8_t *bottom)
{
    uint32_t end = (uint32_t)bottom, guard = end - HB_GUARD_BYTES;
    bool address_in_guard = fault->address >= guard && fault->address < end;
    return address_in_guard || (fault->sp < end + 64 && fault->sp >= guard);
}

/* Everything is read before MSP may move: the frame of a fault in the harness lies where the next call would write. */
void hb_fault_capture(uint32_t frame, uint32_t return_code)
{
    bool on_psp = return_code & 4;
    static hb_fault fault;
    uint32_t exception;
    fault.step = hb_current_step;
    fault.sp = frame;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
#if !HB_ARMV6M
    read_status(&fault);
#endif
    fault.kind = kind_of(&fault, exception);
    uint8_t *bottom = on_psp ? hb_stack_bottom() : hb_harness_guard + HB_GUARD_BYTES;
    if (ran_over(&fault, bottom) || fault.cfsr & (CFSR_STKOF | CFSR_MSTKERR | CFSR_STKERR)) {
        fault.kind = on_psp ? HB_FAULT_STACK : HB_FAULT_HARNESS_STACK;
    }
    bool stacked = !(fault.cfsr & (CFSR_STKOF | CFSR_MSTKERR | CFSR_STKERR)) && frame >= (uint32_t)hb_ram_start &&
                   frame <= (uint32_t)hb_ram_end - sizeof(exception_frame) && frame % 4 == 0;
    if (stacked) {
        const exception_frame *saved = (const exception_frame *)frame;
        fault.pc = saved->pc;
        fault.lr = saved->lr;
        fault.psr = saved->psr;
    }
    hb_platform_stop(&fault);
}

/* A fault in the harness may mean that its stack is used up: its handler takes the model's, whose run is over. */
__attribute__((naked)) void hb_fault_entry(void)
{
    __asm volatile("mov r1, lr\n"
                   "movs r2, #4\n"
                   "tst r1, r2\n"
                   "bne 1f\n"
                   "mrs r0, msp\n"
                   "ldr r3, =hb_ram_end\n"
                   "msr msp, r3\n"
                   "b 2f\n"
                   "1: mrs r0, psp\n"
                   "2: ldr r3, =hb_fault_capture\n"
                   "bx r3\n");
}

typedef union {
    void (*handler)(void);
    uint8_t *stack;
} vector;

/* The sixteen vectors of the architecture; ports poll, so that no interrupt of a chip is ever enabled. */
__attribute__((section(".vectors"), used)) const vector hb_vectors[16] = {
    [0] = {.stack = hb_harness_stack_top},
    [1] = {.handler = hb_reset},
    [2 ... 14] = {.handler = hb_fault_entry},
    [SYSTICK_VECTOR] = {.handler = hb_systick},
};
