/* Values of row views, as strata/features/facts.py reads them. */
#include <math.h>

#include "bytes.h"
#include "kernel.h"

enum { FACT_HEADER = 32 };

int strata_read_facts(const Facts *facts, const uint8_t *row, size_t size, int64_t t_us, double *values,
                      int64_t *event_us) {
    if (size < FACT_HEADER) return ROW_SHORT;
    if (memcmp(row, "STR1", 4)) return ROW_MAGIC;
    size_t width = load16(row + 4), padded = (width + 7) & ~(size_t)7;
    if (size != FACT_HEADER + padded + 8 * width) return ROW_SIZE;
    if (load64(row + 8) != facts->fingerprint) return READ_NONE;
    if (width != (size_t)facts->width) return ROW_SECTIONS;
    *event_us = loadi(row + 16);
    int64_t oldest_us;
    int unknown = *event_us > t_us; /* not known yet, or expired */
    if (facts->ttl_us >= 0) unknown |= !__builtin_sub_overflow(t_us, facts->ttl_us, &oldest_us) && *event_us < oldest_us;
    const uint8_t *nulls = row + FACT_HEADER, *slots = nulls + padded;
    for (int64_t i = 0; i < facts->count; i++) {
        const FactField *field = &facts->fields[i];
        const uint8_t *slot = slots + 8 * (size_t)field->place;
        double number;
        if (field->is_float) memcpy(&number, slot, 8);
        else number = (double)loadi(slot);
        values[field->column] = unknown || nulls[field->place] ? NAN : number;
    }
    return FINE;
}
