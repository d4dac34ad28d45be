/* STM32L4 and L4+ (ST RM0351, RM0432): system clock from HSI16 through the PLL, or the MSI as it is after reset.
 *
 *   B-L475E-IOT01A   USART1 on PB6, PB7 (UM2153); run on the virtual board
 *   NUCLEO-L4R5ZI    LPUART1 on PG7, PG8, which VDDIO2 feeds (UM2179); never run
 *
 * Profiles: HB_CLOCK_RESET leaves the MSI at 4 MHz and flash without wait states; any other one runs at HB_CLOCK_HZ.
 */
#include "hb_port.h"
#include "hb_stm32.h"

#define RCC 0x40021000u
#define RCC_CR (RCC + 0x00)
#define RCC_CFGR (RCC + 0x08)
#define RCC_PLLCFGR (RCC + 0x0C)
#define RCC_AHB2ENR (RCC + 0x4C)
#define RCC_APB1ENR1 (RCC + 0x58)
#define RCC_APB1ENR2 (RCC + 0x5C)
#define RCC_APB2ENR (RCC + 0x60)
#define PWREN (1u << 28)
#define PWR_CR2 0x40007004u
#define PWR_CR5 0x40007080u
#define FLASH_ACR 0x40022000u

#define HSI_HZ 16000000u
#define MSI_HZ 4000000u
#define SW_PLL 3u
#define HSI_ON (1u << 8)
#define HSI_READY (1u << 10)
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define PLL_OUT (1u << 24) /* PLLREN */

#if defined(HB_BOARD_NUCLEO_L4R5ZI)
#define HZ_PER_WAIT_STATE 20000000u /* range 1, RM0432, read access latency */
#define USART 0x40008000u           /* LPUART1 */
#define GPIO 0x48001800u            /* port G */
#else
#define HZ_PER_WAIT_STATE 16000000u /* range 1, RM0351, read access latency */
#define USART 0x40013800u           /* USART1 */
#define GPIO 0x48000400u            /* port B */
#endif

const uint8_t hb_port_counter = HB_COUNTER_DWT;

#if !defined(HB_CLOCK_RESET)

/* Above 80 MHz (L4+) the regulator is boosted, and the first step is made at half of the full clock (RM0432,
 * power and clock control). */
static void switch_to_pll(void)
{
#if HB_CLOCK_HZ > 80000000u
    hb_stm32_enable(RCC_APB1ENR1, PWREN);
    HB_REG(PWR_CR5) &= ~(1u << 8); /* R1MODE */
    HB_REG(RCC_CFGR) |= 8u << 4;
#endif
    HB_REG(RCC_CFGR) |= SW_PLL;
    hb_stm32_wait(RCC_CFGR, SW_PLL << 2);
#if HB_CLOCK_HZ > 80000000u
    for (volatile uint32_t i = 0; i < 100; i++) {
    }
    HB_REG(RCC_CFGR) &= ~(0xFu << 4);
#endif
}

/* HSI16 / 2 = 8 MHz, times N, by 2: the clock is N times 4 MHz. */
static void run_at_full_clock(void)
{
    const uint32_t wait_states = (HB_CLOCK_HZ - 1) / HZ_PER_WAIT_STATE;
    hb_stm32_enable(RCC_CR, HSI_ON);
    hb_stm32_wait(RCC_CR, HSI_READY);
    HB_REG(RCC_PLLCFGR) = 2u | 1u << 4 | (HB_CLOCK_HZ / 4000000u) << 8 | PLL_OUT;
    hb_stm32_enable(RCC_CR, PLL_ON);
    hb_stm32_wait(RCC_CR, PLL_READY);
    HB_REG(FLASH_ACR) = (HB_REG(FLASH_ACR) & ~0xFu) | wait_states;
    hb_stm32_wait(FLASH_ACR, wait_states);
    switch_to_pll();
}

#endif

static uint32_t pll_hz(void)
{
    uint32_t setting = HB_REG(RCC_PLLCFGR);
    uint32_t input = (setting & 3u) == 2u ? HSI_HZ : MSI_HZ;
    return input / ((setting >> 4 & 0xFu) + 1) * (setting >> 8 & 0x7Fu) / (2 * ((setting >> 25 & 3u) + 1));
}

/* Read back from the clock tree; the MSI is as after reset, at 4 MHz. */
uint32_t hb_port_clock_hz(void)
{
    uint32_t source = HB_REG(RCC_CFGR) >> 2 & 3u;
    return source == SW_PLL ? pll_hz() : source == 1 ? HSI_HZ : MSI_HZ;
}

#if defined(HB_BOARD_NUCLEO_L4R5ZI)

static void start_link(void)
{
    hb_stm32_enable(RCC_APB1ENR1, PWREN);
    hb_stm32_enable(PWR_CR2, 1u << 9); /* VDDIO2 is there */
    hb_stm32_enable(RCC_AHB2ENR, 1u << 6);
    hb_stm32_enable(RCC_APB1ENR2, 1u << 0);
    hb_stm32_pin(GPIO, 7, 8);
    hb_stm32_pin(GPIO, 8, 8);
    hb_stm32_usart_start(USART, (uint32_t)((hb_port_clock_hz() * 256ull + HB_BAUD / 2) / HB_BAUD));
}

#else

static void start_link(void)
{
    hb_stm32_enable(RCC_AHB2ENR, 1u << 1);
    hb_stm32_enable(RCC_APB2ENR, 1u << 14);
    hb_stm32_pin(GPIO, 6, 7);
    hb_stm32_pin(GPIO, 7, 7);
    hb_stm32_usart_start(USART, (hb_port_clock_hz() + HB_BAUD / 2) / HB_BAUD);
}

#endif

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    run_at_full_clock();
#endif
    start_link();
}

uint8_t hb_port_get(void)
{
    return hb_stm32_usart_get(USART);
}

void hb_port_put(uint8_t byte)
{
    hb_stm32_usart_put(USART, byte);
}
