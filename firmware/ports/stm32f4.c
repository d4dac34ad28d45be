/* STM32F4 (ST RM0390): HSI16 through the PLL, over-drive above 168 MHz; or HSI16 as it is after reset.
 *
 *   NUCLEO-F446RE   USART2 on PA2, PA3 (UM1724); never run on the chip, the reset profile in QEMU (netduinoplus2)
 *
 * Profiles: HB_CLOCK_RESET leaves 16 MHz and flash without wait states or accelerator; any other one runs at
 * HB_CLOCK_HZ. The buses run at a quarter (APB1) and a half (APB2) of it.
 */
#include "hb_port.h"
#include "hb_stm32.h"

#define RCC 0x40023800u
#define RCC_CR (RCC + 0x00)
#define RCC_PLLCFGR (RCC + 0x04)
#define RCC_CFGR (RCC + 0x08)
#define RCC_AHB1ENR (RCC + 0x30)
#define RCC_APB1ENR (RCC + 0x40)
#define PWREN (1u << 28)
#define PWR_CR 0x40007000u  /* ODEN 16, ODSWEN 17 */
#define PWR_CSR 0x40007004u /* ODRDY 16, ODSWRDY 17 */
#define FLASH_ACR 0x40023C00u

#define HSI_HZ 16000000u
#define SW_PLL 2u
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define HZ_PER_WAIT_STATE 30000000u /* 2.7 to 3.6 V, RM0390, read access latency */
#define PREFETCH_AND_CACHES (7u << 8)

#define GPIO 0x40020000u /* port A */
#define USART 0x40004400u
/* The USART of the F4 is an older one (RM0390). */
#define USART_SR (USART + 0x00) /* bit 5 received, 7 transmitter empty; reading SR, then DR clears errors */
#define USART_DR (USART + 0x04)
#define USART_BRR (USART + 0x08)
#define USART_CR1 (USART + 0x0C) /* bit 13 on, 3 transmitter, 2 receiver */

const uint8_t hb_port_counter = HB_COUNTER_DWT;

#if !defined(HB_CLOCK_RESET)

static void over_drive(void)
{
    hb_stm32_enable(RCC_APB1ENR, PWREN);
    hb_stm32_enable(PWR_CR, 1u << 16);
    hb_stm32_wait(PWR_CSR, 1u << 16);
    hb_stm32_enable(PWR_CR, 1u << 17);
    hb_stm32_wait(PWR_CSR, 1u << 17);
}

/* HSI16 / 8 = 2 MHz, times N = MHz, by 2. */
static void run_at_full_clock(void)
{
    const uint32_t wait_states = (HB_CLOCK_HZ - 1) / HZ_PER_WAIT_STATE;
    HB_REG(RCC_PLLCFGR) = 8u | (HB_CLOCK_HZ / 1000000u) << 6 | 8u << 24 | 2u << 28;
    hb_stm32_enable(RCC_CR, PLL_ON);
    over_drive();
    hb_stm32_wait(RCC_CR, PLL_READY);
    HB_REG(FLASH_ACR) = wait_states | PREFETCH_AND_CACHES;
    hb_stm32_wait(FLASH_ACR, wait_states);
    HB_REG(RCC_CFGR) = 5u << 10 | 4u << 13;
    HB_REG(RCC_CFGR) |= SW_PLL;
    hb_stm32_wait(RCC_CFGR, SW_PLL << 2);
}

#endif

uint32_t hb_port_clock_hz(void)
{
    uint32_t setting = HB_REG(RCC_PLLCFGR);
    if ((HB_REG(RCC_CFGR) >> 2 & 3u) != SW_PLL) {
        return HSI_HZ;
    }
    return HSI_HZ / (setting & 0x3Fu) * (setting >> 6 & 0x1FFu) / (2 * ((setting >> 16 & 3u) + 1));
}

/* Clock of APB1: undivided for PPRE1 below 4, then by 2, 4, 8, 16. */
static uint32_t bus_hz(void)
{
    uint32_t divider = HB_REG(RCC_CFGR) >> 10 & 7u;
    return divider < 4 ? hb_port_clock_hz() : hb_port_clock_hz() >> (divider - 3);
}

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    run_at_full_clock();
#endif
    hb_stm32_enable(RCC_AHB1ENR, 1u << 0);
    hb_stm32_enable(RCC_APB1ENR, 1u << 17);
    hb_stm32_pin(GPIO, 2, 7);
    hb_stm32_pin(GPIO, 3, 7);
    HB_REG(USART_BRR) = (bus_hz() + HB_BAUD / 2) / HB_BAUD;
    HB_REG(USART_CR1) = 1u << 13 | 1u << 3 | 1u << 2;
}

uint8_t hb_port_get(void)
{
    hb_stm32_wait(USART_SR, 1u << 5);
    return (uint8_t)HB_REG(USART_DR);
}

void hb_port_put(uint8_t byte)
{
    hb_stm32_wait(USART_SR, 1u << 7);
    HB_REG(USART_DR) = byte;
}
