#ifndef MAILDEDUP_CCHECKSUM_SHIM_H
#define MAILDEDUP_CCHECKSUM_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// CRC-32C by an instruction that most processors have. Swift would use it in the whole program or not at all.

#if defined(__x86_64__)

#include <cpuid.h>

// Whether crc32c_instruction may be called (CPUID leaf 1, ECX bit 20: SSE4.2).
static inline int crc32c_has_instruction(void) {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

// The remainder after `count` more octets.
__attribute__((target("sse4.2")))
static inline uint32_t crc32c_instruction(uint32_t remainder, const void *octets, size_t count) {
  const unsigned char *next = (const unsigned char *)octets;
  uint64_t crc = remainder;
  for (; count >= 8; count -= 8, next += 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  for (; count > 0; count--, next++) crc = __builtin_ia32_crc32qi((uint32_t)crc, *next);
  return (uint32_t)crc;
}

#else

static inline int crc32c_has_instruction(void) { return 0; }

static inline uint32_t crc32c_instruction(uint32_t remainder, const void *octets, size_t count) { return remainder; }

#endif

#endif
