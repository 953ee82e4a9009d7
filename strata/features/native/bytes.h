/* Numbers in bytes that nobody vouches for: every read says how many bytes it needs first. */
#ifndef STRATA_BYTES_H
#define STRATA_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fault.h"

/* Times and tiles inside this leave room for any arithmetic on them. NEVER stands for none. */
#define TIME_LIMIT ((int64_t)1 << 58)
#define NEVER INT64_MIN

typedef struct {
    const uint8_t *at, *end;
} Cursor;

static inline int take(Cursor *cursor, uint64_t size, const uint8_t **found) {
    if (size > (uint64_t)(cursor->end - cursor->at)) return ROW_ENDS;
    *found = cursor->at;
    cursor->at += size;
    return FINE;
}

static inline uint16_t load16(const uint8_t *at) { uint16_t n; memcpy(&n, at, 2); return n; }
static inline uint32_t load32(const uint8_t *at) { uint32_t n; memcpy(&n, at, 4); return n; }
static inline uint64_t load64(const uint8_t *at) { uint64_t n; memcpy(&n, at, 8); return n; }
static inline int64_t loadi(const uint8_t *at) { return (int64_t)load64(at); }

/* The i-th number of a width of 1, 2, 4 or 8 bytes. */
static inline int64_t load_int(const uint8_t *at, unsigned width, uint64_t i) {
    at += i * width;
    switch (width) {
    case 1: return (int8_t)*at;
    case 2: return (int16_t)load16(at);
    case 4: return (int32_t)load32(at);
    default: return loadi(at);
    }
}

static inline int is_width(unsigned width) { return width == 1 || width == 2 || width == 4 || width == 8; }

static inline unsigned width_of(int64_t low, int64_t high) {
    if (low >= INT8_MIN && high <= INT8_MAX) return 1;
    if (low >= INT16_MIN && high <= INT16_MAX) return 2;
    if (low >= INT32_MIN && high <= INT32_MAX) return 4;
    return 8;
}

static inline int is_time(int64_t us) { return us >= -TIME_LIMIT && us <= TIME_LIMIT; }

static inline int64_t floor_div(int64_t a, int64_t b) { /* b > 0 */
    int64_t q = a / b;
    return q - (a % b < 0);
}

static inline unsigned count_bits(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(x * 0x0101010101010101u >> 56);
}

#endif
