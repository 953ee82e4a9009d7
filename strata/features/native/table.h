/* A hash table from 64 bits to 64 bits that is emptied at no cost: an entry of an older epoch is none. */
#ifndef STRATA_TABLE_H
#define STRATA_TABLE_H

#include <stdint.h>

typedef struct {
    uint64_t key;
    int64_t value;
    uint32_t epoch;
} Entry;

typedef struct {
    Entry *entries;
    uint64_t room, mask; /* allocated; in use less one, since a small user reads a small part of it */
    uint64_t count;
    uint32_t epoch;
} Table;

int table_clear(Table *table);
/* The key's entry; a fresh one has its value yet to be set. Null: no memory. Good until the next call. */
Entry *table_at(Table *table, uint64_t key, int *fresh);
void table_free(Table *table);

#endif
