/* STM32G0 (ST RM0444): HSI16 through the PLL; or HSI16 as it is after reset.
 *
 *   NUCLEO-G0B1RE   USART2 on PA2, PA3 (UM2324); never run
 *
 * Profiles: HB_CLOCK_RESET leaves 16 MHz and flash without wait states, its instruction cache on as after reset
 * (FLASH_ACR, RM0444); any other one runs at HB_CLOCK_HZ. The core has no DWT counter.
 */
#include "hb_port.h"
#include "hb_stm32.h"

#define RCC 0x40021000u
#define RCC_CR (RCC + 0x00)
#define RCC_CFGR (RCC + 0x08)
#define RCC_PLLCFGR (RCC + 0x0C)
#define RCC_IOPENR (RCC + 0x34)
#define RCC_APBENR1 (RCC + 0x3C)
#define FLASH_ACR 0x40022000u

#define HSI_HZ 16000000u
#define SW_PLL 2u
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define HZ_PER_WAIT_STATE 24000000u /* range 1, RM0444, read access latency */
#define PREFETCH_AND_CACHE (3u << 8)

#define GPIO 0x50000000u /* port A */
#define USART 0x40004400u

const uint8_t hb_port_counter = HB_COUNTER_SYSTICK;

#if !defined(HB_CLOCK_RESET)

/* HSI16, times N = Hz / 8 MHz, by 2 at output R. */
static void run_at_full_clock(void)
{
    const uint32_t wait_states = (HB_CLOCK_HZ - 1) / HZ_PER_WAIT_STATE;
    HB_REG(RCC_PLLCFGR) = 2u | (HB_CLOCK_HZ / 8000000u) << 8 | 1u << 28 | 1u << 29;
    hb_stm32_enable(RCC_CR, PLL_ON);
    hb_stm32_wait(RCC_CR, PLL_READY);
    HB_REG(FLASH_ACR) = (HB_REG(FLASH_ACR) & ~7u) | wait_states | PREFETCH_AND_CACHE;
    hb_stm32_wait(FLASH_ACR, wait_states);
    HB_REG(RCC_CFGR) |= SW_PLL;
    hb_stm32_wait(RCC_CFGR, SW_PLL << 3);
}

#endif

uint32_t hb_port_clock_hz(void)
{
    uint32_t setting = HB_REG(RCC_PLLCFGR);
    if ((HB_REG(RCC_CFGR) >> 3 & 7u) != SW_PLL) {
        return HSI_HZ;
    }
    return HSI_HZ / ((setting >> 4 & 7u) + 1) * (setting >> 8 & 0x7Fu) / ((setting >> 29 & 7u) + 1);
}

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    run_at_full_clock();
#endif
    hb_stm32_enable(RCC_IOPENR, 1u << 0);
    hb_stm32_enable(RCC_APBENR1, 1u << 17);
    hb_stm32_pin(GPIO, 2, 1);
    hb_stm32_pin(GPIO, 3, 1);
    hb_stm32_usart_start(USART, (hb_port_clock_hz() + HB_BAUD / 2) / HB_BAUD);
}

uint8_t hb_port_get(void)
{
    return hb_stm32_usart_get(USART);
}

void hb_port_put(uint8_t byte)
{
    hb_stm32_usart_put(USART, byte);
}
