/* A model alone, without the harness and its link: it runs RUNS times and ends the emulator by semihosting. */
#include "hb_model.h"

extern uint8_t stack_top[];
volatile uint8_t hb_step_mark[16];

__attribute__((noinline)) void hb_step_begin(uint16_t step)
{
    hb_step_mark[step >> 12] = 0;
    hb_step_mark[step >> 8 & 15] = 0;
    hb_step_mark[step >> 4 & 15] = 0;
    hb_step_mark[step & 15] = 0;
}

static void leave(void)
{
    static const uint32_t reason[2] = {0x20026u, 0}; /* ADP_Stopped_ApplicationExit, code 0 */
    register uint32_t operation __asm("r0") = 0x20;  /* SYS_EXIT_EXTENDED */
    register const uint32_t *block __asm("r1") = reason;
    __asm volatile("bkpt 0xab" ::"r"(operation), "r"(block) : "memory");
}

static void reset(void)
{
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: floating point on */
    for (uint32_t run = 0; run < RUNS; run++) {
        hb_model.run();
    }
    leave();
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {stack_top, reset, reset, reset};
