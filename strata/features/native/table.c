#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "fault.h"

enum { SMALLEST = 64 };

int table_clear(Table *table) {
    if (!table->entries) {
        table->entries = calloc(SMALLEST, sizeof *table->entries);
        if (!table->entries) return NO_MEMORY;
        table->room = SMALLEST;
    }
    if (++table->epoch == 0) {
        memset(table->entries, 0, table->room * sizeof *table->entries);
        table->epoch = 1;
    }
    table->mask = SMALLEST - 1, table->count = 0;
    return FINE;
}

static Entry *probe(Table *table, uint64_t key) {
    uint64_t i = key * 0x9e3779b97f4a7c15u >> 20 & table->mask;
    while (table->entries[i].epoch == table->epoch && table->entries[i].key != key) i = (i + 1) & table->mask;
    return &table->entries[i];
}

/* Four times the part in use; what it holds is taken out and put in again. */
static int grow(Table *table) {
    uint64_t wanted = (table->mask + 1) * 4, kept = 0;
    Entry *held = malloc(table->count * sizeof *held);
    if (!held) return NO_MEMORY;
    for (uint64_t i = 0; i <= table->mask; i++)
        if (table->entries[i].epoch == table->epoch) held[kept++] = table->entries[i];
    if (wanted > table->room) {
        Entry *larger = realloc(table->entries, wanted * sizeof *larger);
        if (!larger) {
            free(held);
            return NO_MEMORY;
        }
        memset(larger + table->room, 0, (wanted - table->room) * sizeof *larger);
        table->entries = larger, table->room = wanted;
    }
    table->mask = wanted - 1;
    if (++table->epoch == 0) memset(table->entries, 0, table->room * sizeof *table->entries), table->epoch = 1;
    for (uint64_t i = 0; i < kept; i++) {
        held[i].epoch = table->epoch;
        *probe(table, held[i].key) = held[i];
    }
    free(held);
    return FINE;
}

Entry *table_at(Table *table, uint64_t key, int *fresh) {
    if (table->count * 2 > table->mask && grow(table)) return NULL;
    Entry *entry = probe(table, key);
    *fresh = entry->epoch != table->epoch;
    if (*fresh) {
        entry->key = key, entry->epoch = table->epoch;
        table->count++;
    }
    return entry;
}

void table_free(Table *table) { free(table->entries); }
