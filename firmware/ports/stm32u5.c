/* STM32U5 (ST RM0456), TrustZone off: HSI16 through PLL1 with the instruction cache; or the MSI as it is after reset.
 *
 *   NUCLEO-U575ZI-Q   USART1 on PA9, PA10 (UM2861); never run
 *
 * Profiles: HB_CLOCK_RESET leaves 4 MHz, no cache and flash without wait states; any other one runs at HB_CLOCK_HZ.
 */
#include "hb_port.h"
#include "hb_stm32.h"

#define RCC 0x46020C00u
#define RCC_CR (RCC + 0x00)
#define RCC_CFGR1 (RCC + 0x1C)
#define RCC_PLL1CFGR (RCC + 0x28)
#define RCC_PLL1DIVR (RCC + 0x34)
#define RCC_AHB2ENR1 (RCC + 0x8C)
#define RCC_AHB3ENR (RCC + 0x94)
#define RCC_APB2ENR (RCC + 0xA4)
#define PWR_VOSR 0x4602080Cu /* bits 17:16 VOS, 18 BOOSTEN, 15 VOSRDY, 14 BOOSTRDY */
#define FLASH_ACR 0x40022000u
#define ICACHE_CR 0x40030400u

#define HSI_HZ 16000000u
#define MSI_HZ 4000000u
#define SW_PLL 3u
#define HSI_ON (1u << 8)
#define HSI_READY (1u << 10)
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define HZ_PER_WAIT_STATE 32000000u /* range 1, RM0456, read access latency */

#define GPIO 0x42020000u /* port A */
#define USART 0x40013800u

const uint8_t hb_port_counter = HB_COUNTER_DWT;

#if !defined(HB_CLOCK_RESET)

/* Range 1 with the booster, which PLL1's input of 16 MHz feeds: PLL1MBOOST stays 0 (RM0456, EPOD booster). */
static void raise_voltage(void)
{
    hb_stm32_enable(RCC_AHB3ENR, 1u << 2);
    HB_REG(PWR_VOSR) = 3u << 16;
    hb_stm32_wait(PWR_VOSR, 1u << 15);
    HB_REG(PWR_VOSR) = 3u << 16 | 1u << 18;
    hb_stm32_wait(PWR_VOSR, 1u << 14);
}

/* HSI16, times N = Hz / 8 MHz, by 2 at output R. */
static void run_at_full_clock(void)
{
    const uint32_t wait_states = (HB_CLOCK_HZ - 1) / HZ_PER_WAIT_STATE;
    hb_stm32_enable(RCC_CR, HSI_ON);
    hb_stm32_wait(RCC_CR, HSI_READY);
    HB_REG(RCC_PLL1CFGR) = 2u | 3u << 2 | 1u << 18;
    HB_REG(RCC_PLL1DIVR) = (HB_CLOCK_HZ / 8000000u - 1) | 1u << 9 | 1u << 16 | 1u << 24;
    raise_voltage();
    hb_stm32_enable(RCC_CR, PLL_ON);
    hb_stm32_wait(RCC_CR, PLL_READY);
    HB_REG(FLASH_ACR) = wait_states | 1u << 8;
    hb_stm32_wait(FLASH_ACR, wait_states);
    HB_REG(RCC_CFGR1) |= SW_PLL;
    hb_stm32_wait(RCC_CFGR1, SW_PLL << 2);
    HB_REG(ICACHE_CR) |= 1u;
}

#endif

uint32_t hb_port_clock_hz(void)
{
    uint32_t dividers = HB_REG(RCC_PLL1DIVR), source = HB_REG(RCC_CFGR1) >> 2 & 3u;
    uint32_t input = HSI_HZ / ((HB_REG(RCC_PLL1CFGR) >> 8 & 0xFu) + 1);
    if (source != SW_PLL) {
        return source == 1 ? HSI_HZ : MSI_HZ;
    }
    return input * ((dividers & 0x1FFu) + 1) / ((dividers >> 24 & 0x7Fu) + 1);
}

void hb_port_init(void)
{
#if !defined(HB_CLOCK_RESET)
    run_at_full_clock();
#endif
    hb_stm32_enable(RCC_AHB2ENR1, 1u << 0);
    hb_stm32_enable(RCC_APB2ENR, 1u << 14);
    hb_stm32_pin(GPIO, 9, 7);
    hb_stm32_pin(GPIO, 10, 7);
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
