/* A layout compiled: what each partial keeps, and of which events. Read from a blob `layout_blob` made. */
#ifndef STRATA_PLAN_H
#define STRATA_PLAN_H

#include "event.h"
#include "kernel.h"

typedef enum { COUNT, TOTAL, LEAST, GREATEST, LATEST, MOMENT, IDS, PARTIAL_KINDS } PartialKind;
enum { EQ, NE, IN, GT, GE, LT, LE, OPS };

typedef struct {
    uint8_t column, op;
    uint32_t bit;    /* which of its text column's filters it is; a Word remembers the first 64 */
    uint32_t count;  /* values of IN, else 1 */
    const uint8_t *values; /* int64 each; or size u32 and bytes, one after another */
} Condition;

typedef struct {
    uint32_t count;
    const uint8_t *conditions; /* u32 each */
} Where;

typedef struct {
    uint8_t kind, of;
    uint32_t where;
    uint32_t place; /* among the columns, newest values or id sets */
} Partial;

struct Plan {
    uint8_t *blob;
    uint64_t fingerprint;
    int64_t hop_us, horizon_us, lateness_us;
    uint32_t condition_count, where_count, partial_count;
    uint32_t sums, columns, newest, ids; /* how many; columns are sums, then extremes */
    uint32_t filters[TEXTS];             /* conditions per text column */
    Condition *conditions;
    Where *wheres;
    Partial *partials;
    uint32_t *sections; /* partials in the order of a row: sums, extremes, newest, ids */
};

/* Which wheres an event satisfies: ok[w]. truth has room for every condition. */
void satisfies(const Plan *plan, Event *event, uint8_t *truth, uint8_t *ok);
/* A word's bits for Word.holds. */
uint64_t holds(const Plan *plan, int column, const uint8_t *text, uint32_t size);

#endif
