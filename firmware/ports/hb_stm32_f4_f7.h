/* Clock control of the STM32F4 (ST RM0390) and F7 (RM0385, RM0410), which is the same: HSI16 through the PLL, with
 * over-drive. The buses run at a quarter (APB1) and a half (APB2) of the core.
 */
#ifndef HB_STM32_F4_F7_H
#define HB_STM32_F4_F7_H

#include "hb_stm32.h"

#define RCC 0x40023800u
#define RCC_CR (RCC + 0x00)
#define RCC_PLLCFGR (RCC + 0x04)
#define RCC_CFGR (RCC + 0x08)
#define RCC_AHB1ENR (RCC + 0x30)
#define RCC_APB1ENR (RCC + 0x40)
#define RCC_APB2ENR (RCC + 0x44)
#define PWREN (1u << 28)
#define PWR_CR 0x40007000u  /* CR1 of the F7: ODEN 16, ODSWEN 17; VOS is scale 1 after reset */
#define PWR_CSR 0x40007004u /* CSR1 of the F7: ODRDY 16, ODSWRDY 17 */
#define FLASH_ACR 0x40023C00u

#define HSI_HZ 16000000u
#define SW_PLL 2u
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define PPRE1 10u
#define PPRE2 13u
#define HZ_PER_WAIT_STATE 30000000u /* 2.7 to 3.6 V: read access latency in RM0390, RM0385 and RM0410 */

static inline void hb_over_drive(void)
{
    hb_stm32_enable(RCC_APB1ENR, PWREN);
    hb_stm32_enable(PWR_CR, 1u << 16);
    hb_stm32_wait(PWR_CSR, 1u << 16);
    hb_stm32_enable(PWR_CR, 1u << 17);
    hb_stm32_wait(PWR_CSR, 1u << 17);
}

/* HSI16 / 8 = 2 MHz, times N = MHz, by 2; outputs Q (by 9, at most 48 MHz) and R (by 2) are not used.
 * `accelerator`: bits of FLASH_ACR besides the wait states. */
static inline void hb_run_at(uint32_t hz, uint32_t accelerator)
{
    const uint32_t wait_states = (hz - 1) / HZ_PER_WAIT_STATE;
    HB_REG(RCC_PLLCFGR) = 8u | (hz / 1000000u) << 6 | 9u << 24 | 2u << 28;
    hb_stm32_enable(RCC_CR, PLL_ON);
    hb_over_drive();
    hb_stm32_wait(RCC_CR, PLL_READY);
    HB_REG(FLASH_ACR) = wait_states | accelerator;
    hb_stm32_wait(FLASH_ACR, wait_states);
    HB_REG(RCC_CFGR) = 5u << PPRE1 | 4u << PPRE2;
    HB_REG(RCC_CFGR) |= SW_PLL;
    hb_stm32_wait(RCC_CFGR, SW_PLL << 2);
}

static inline uint32_t hb_core_hz(void)
{
    uint32_t setting = HB_REG(RCC_PLLCFGR);
    if ((HB_REG(RCC_CFGR) >> 2 & 3u) != SW_PLL) {
        return HSI_HZ;
    }
    return HSI_HZ / (setting & 0x3Fu) * (setting >> 6 & 0x1FFu) / (2 * ((setting >> 16 & 3u) + 1));
}

/* Clock of APB1 (PPRE1) or APB2 (PPRE2): undivided for a prescaler below 4, then by 2, 4, 8, 16. */
static inline uint32_t hb_bus_hz(uint32_t prescaler)
{
    uint32_t divider = HB_REG(RCC_CFGR) >> prescaler & 7u;
    return divider < 4 ? hb_core_hz() : hb_core_hz() >> (divider - 3);
}

#endif
