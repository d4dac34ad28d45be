/* The counter: DWT CYCCNT where it exists and runs, else SysTick; 64 bits.
 *
 * In an emulator whose instructions all take HB_ICOUNT_NS of its time, SysTick counts instructions: one is some 20
 * ticks, so that rounding a time to whole instructions gives their exact number, whatever the phase of the ticks.
 *
 * SysTick has 24 bits and interrupts at each overflow; what the interrupt itself costs is taken off.
 * CYCCNT has 32 bits and is extended at each stamp: a single step must stay below 2^32 cycles (9 s at 480 MHz).
 */
#include "hb_cortex.h"
#include "hb_port.h"

#define SYSTICK_BITS 24
#define SYSTICK_TOP ((1u << SYSTICK_BITS) - 1)
#define LOOP_ROUNDS 1000u

#if defined(HB_ICOUNT_NS)
#define SYSTICK_COUNTS HB_COUNTER_ICOUNT
#else
#define SYSTICK_COUNTS HB_COUNTER_SYSTICK
#endif

static volatile uint32_t overflows;
#if !defined(HB_ICOUNT_NS)
static uint32_t overflow_cost; /* ticks, found at boot */
#endif
static uint64_t extended;

void hb_systick(void);

/* In assembly, so that how many instructions it has does not hang on the compiler. */
__attribute__((naked)) void hb_systick(void)
{
    __asm volatile("ldr r0, =%c0\n"
                   "ldr r1, [r0]\n"
                   "adds r1, #1\n"
                   "str r1, [r0]\n"
                   "bx lr\n" ::"i"(&overflows));
}
#define HANDLER_INSTRUCTIONS 5u

static void systick_stamp(hb_stamp *stamp)
{
    uint32_t mask;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(mask)::"memory");
    uint32_t value = SYST_CVR, high = overflows;
    stamp->handled = high;
    if (SCB_ICSR & ICSR_PENDSTSET) {
        value = SYST_CVR; /* it wrapped, before or after the first reading: this one is after */
        high++;
    }
    __asm volatile("msr primask, %0" ::"r"(mask) : "memory");
    stamp->ticks = ((uint64_t)high << SYSTICK_BITS) + (SYSTICK_TOP - value);
}

static void dwt_stamp(hb_stamp *stamp)
{
    uint32_t passed = DWT_CYCCNT - (uint32_t)extended;
    extended += passed;
    stamp->ticks = extended;
    stamp->handled = 0;
}

void hb_counter_stamp(hb_stamp *stamp)
{
    if (hb_platform.counter == HB_COUNTER_DWT) {
        dwt_stamp(stamp);
    } else {
        systick_stamp(stamp);
    }
}

#if defined(HB_ICOUNT_NS)
/* Quarters of a nanosecond, of which a tick has a whole number if the clock divides 4 GHz. */
#define TICK_QUARTERS (4000000000u / HB_CLOCK_HZ)
#define QUARTERS (4 * HB_ICOUNT_NS)

/* By doubling: a product of 64 bits would bring a library along on ARMv6-M. */
static uint64_t times(uint64_t a, uint32_t b)
{
    uint64_t product = 0;
    for (; b != 0; b >>= 1, a += a) {
        product += b & 1 ? a : 0;
        __asm volatile("" : "+r"(b)); /* or compilers see through it */
    }
    return product;
}

static uint64_t instructions(uint64_t ticks)
{
    if (ticks <= SYSTICK_TOP) { /* most are, and the product has 32 bits then */
        return ((uint32_t)ticks * TICK_QUARTERS + QUARTERS / 2) / QUARTERS;
    }
    return (times(ticks, TICK_QUARTERS) + QUARTERS / 2) / QUARTERS;
}

uint64_t hb_counter_took(const hb_stamp *from, const hb_stamp *to)
{
    return instructions(to->ticks - from->ticks) - (to->handled - from->handled) * HANDLER_INSTRUCTIONS;
}
#else
uint64_t hb_counter_took(const hb_stamp *from, const hb_stamp *to)
{
    return to->ticks - from->ticks - (to->handled - from->handled) * overflow_cost;
}
#endif

static void systick_restart(void)
{
    SYST_CSR = 0;
    SYST_RVR = SYSTICK_TOP;
    SYST_CVR = 0;
    SCB_ICSR = ICSR_PENDSTCLR;
    overflows = 0;
    SYST_CSR = 7;
    for (uint32_t i = 0; i < 100 && SYST_CVR == 0; i++) {
    }
}

void hb_counter_restart(void)
{
    if (hb_platform.counter == HB_COUNTER_DWT) {
        extended = DWT_CYCCNT;
    } else {
        systick_restart();
    }
}

/* Two instructions per round, and not aligned by chance. */
__attribute__((noinline, aligned(16))) static void known_loop(uint32_t rounds)
{
    __asm volatile("1: subs %0, #1\n bne 1b" : "+l"(rounds)::"cc");
}

static uint32_t loop_took(uint32_t rounds)
{
    hb_stamp start, end;
    hb_counter_stamp(&start);
    known_loop(rounds);
    hb_counter_stamp(&end);
    return (uint32_t)hb_counter_took(&start, &end);
}

/* Ticks of LOOP_ROUNDS rounds, reading the counter left out; 0 where the counter does not count. */
static uint32_t self_test(void)
{
    hb_counter_restart();
    uint32_t one = loop_took(LOOP_ROUNDS), two = loop_took(2 * LOOP_ROUNDS);
    return two - one;
}

static bool dwt_runs(void)
{
#if HB_ARMV6M
    return false;
#else
    SCB_DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_KEY;
    if (DWT_CTRL & DWT_CTRL_NOCYCCNT) {
        return false;
    }
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    hb_platform.counter = HB_COUNTER_DWT;
    return self_test() != 0;
#endif
}

#if !defined(HB_ICOUNT_NS)
/* What one overflow interrupt costs: the same stretch of code with one set pending by hand, and without. */
static uint32_t interrupt_took(uint32_t pend)
{
    hb_stamp start, end;
    systick_restart();
    systick_stamp(&start);
    SCB_ICSR = pend;
    __asm volatile("dsb\n isb" ::: "memory");
    overflows = 0; /* the one that was counted was none */
    systick_stamp(&end);
    return (uint32_t)(end.ticks - start.ticks);
}

static void calibrate_overflow(void)
{
    uint32_t without = interrupt_took(0);
    overflow_cost = interrupt_took(ICSR_PENDSTSET) - without;
}
#endif

void hb_counter_init(void)
{
    if (hb_port_counter == HB_COUNTER_DWT && dwt_runs()) {
        hb_platform.loop_ticks = self_test();
        return;
    }
    if (hb_port_counter == HB_COUNTER_DWT) {
        hb_platform.note = "DWT CYCCNT does not run on this chip: SysTick counts";
    }
    hb_platform.counter = SYSTICK_COUNTS;
#if !defined(HB_ICOUNT_NS)
    calibrate_overflow();
#endif
    hb_platform.loop_ticks = self_test();
    if (hb_platform.loop_ticks == 0) {
        hb_platform.counter = HB_COUNTER_NONE;
        hb_platform.note = "no counter runs on this chip";
    }
}
