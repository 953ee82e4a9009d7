#include "state.h"

#include <stdlib.h>

#include "sort.h"

#define SEEN_SLACK_US INT64_C(86400000000)

int make_room(void **held, uint32_t *room, uint64_t wanted, size_t size) {
    if (wanted <= *room) return FINE;
    uint64_t larger = *room ? *room : 16;
    while (larger < wanted) larger *= 2;
    if (larger > UINT32_MAX / 2) return NO_MEMORY;
    void *found = realloc(*held, larger * size);
    if (!found) return NO_MEMORY;
    memset((char *)found + *room * size, 0, (larger - *room) * size);
    *held = found, *room = (uint32_t)larger;
    return FINE;
}

/* Bits and counts per tile grow together; what is new of them is 0. */
int state_room(State *state, uint64_t wanted) {
    uint32_t before = state->tile_room, room = before;
    if (wanted <= room) return FINE;
    if (wanted > 1u << 24) return NO_MEMORY;
    room = room ? room : 64;
    while (room < wanted) room *= 2;
    int64_t *tiles = realloc(state->tiles, room * sizeof *tiles);
    if (!tiles) return NO_MEMORY;
    state->tiles = tiles;
    for (uint32_t i = 0; i < state->column_room; i++) {
        uint64_t *bits = realloc(state->columns[i].bits, room / 8);
        if (!bits) return NO_MEMORY;
        memset(bits + before / 64, 0, (room - before) / 8);
        state->columns[i].bits = bits;
    }
    for (uint32_t i = 0; i < state->id_room; i++) {
        uint32_t *counts = realloc(state->ids[i].per_tile, room * sizeof *counts);
        if (!counts) return NO_MEMORY;
        memset(counts + before, 0, (room - before) * sizeof *counts);
        state->ids[i].per_tile = counts;
    }
    state->tile_room = room;
    return FINE;
}

/* Columns and id sets of a plan larger than those before need bits of the room the others have. */
static int plan_room(State *state, const Plan *plan) {
    uint32_t columns = state->column_room, ids = state->id_room;
    if (plan->columns <= columns && plan->ids <= ids) return FINE;
    TRY(make_room((void **)&state->columns, &state->column_room, plan->columns, sizeof *state->columns));
    TRY(make_room((void **)&state->ids, &state->id_room, plan->ids, sizeof *state->ids));
    if (!state->tile_room) return FINE;
    for (uint32_t i = columns; i < state->column_room; i++)
        if (!(state->columns[i].bits = calloc(state->tile_room / 64, 8))) return NO_MEMORY;
    for (uint32_t i = ids; i < state->id_room; i++)
        if (!(state->ids[i].per_tile = calloc(state->tile_room, 4))) return NO_MEMORY;
    return FINE;
}

int state_clear(State *state, const Plan *plan) {
    TRY(plan_room(state, plan));
    TRY(make_room((void **)&state->newest, &state->newest_room, plan->newest, sizeof *state->newest));
    TRY(state_room(state, 64));
    for (uint32_t i = 0; i < plan->columns; i++) {
        state->columns[i].count = 0, state->columns[i].raw = NULL;
        state->columns[i].bits[0] = 0;
    }
    for (uint32_t i = 0; i < plan->ids; i++) state->ids[i].count = 0;
    for (uint32_t i = 0; i < plan->newest; i++) state->newest[i] = (Newest){NEVER, NEVER};
    state->tile_count = state->seen_count = state->quota_count = 0;
    state->newest_us = state->watermark_us = NEVER;
    state->log_position = -1, state->quota_block = 0, state->many = 0;
    return FINE;
}

void state_free(State *state) {
    for (uint32_t i = 0; i < state->column_room; i++) free(state->columns[i].bits), free(state->columns[i].numbers);
    for (uint32_t i = 0; i < state->id_room; i++) {
        free(state->ids[i].hashes), free(state->ids[i].per_tile);
        table_free(&state->ids[i].last);
    }
    table_free(&state->seen_at);
    free(state->tiles), free(state->columns), free(state->ids), free(state->newest), free(state->seen);
    free(state->keys);
}

/* A new place among the tiles, which moves the later ones up. */
static int insert_tile(State *state, const Plan *plan, int64_t tile, uint32_t place) {
    uint32_t count = state->tile_count;
    TRY(state_room(state, (uint64_t)count + 1));
    memmove(state->tiles + place + 1, state->tiles + place, (count - place) * sizeof *state->tiles);
    state->tiles[place] = tile;
    state->tile_count = count + 1;
    for (uint32_t i = 0; i < plan->columns; i++) {
        uint64_t *bits = state->columns[i].bits, below = ((uint64_t)1 << place % 64) - 1;
        if (count % 64 == 0) bits[count / 64] = 0;
        for (uint32_t w = count / 64; w > place / 64; w--) bits[w] = bits[w] << 1 | bits[w - 1] >> 63;
        uint64_t word = bits[place / 64];
        bits[place / 64] = (word & below) | (word & ~below) << 1;
    }
    for (uint32_t i = 0; i < plan->ids && !state->many; i++) {
        uint32_t *counts = state->ids[i].per_tile;
        memmove(counts + place + 1, counts + place, (count - place) * sizeof *counts);
        counts[place] = 0;
    }
    return FINE;
}

int tile_place(State *state, const Plan *plan, int64_t tile, uint32_t *place) {
    uint32_t low = 0, high = state->tile_count;
    if (high && state->tiles[high - 1] < tile) low = high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (state->tiles[middle] < tile) low = middle + 1;
        else high = middle;
    }
    *place = low;
    if (low < state->tile_count && state->tiles[low] == tile) return FINE;
    return insert_tile(state, plan, tile, low);
}

int column_expand(Column *column) {
    if (!column->raw) return FINE;
    TRY(make_room((void **)&column->numbers, &column->room, (uint64_t)column->count + 1, sizeof *column->numbers));
    for (uint32_t i = 0; i < column->count; i++) column->numbers[i] = load_int(column->raw, column->width, i);
    column->raw = NULL;
    return FINE;
}

int column_insert(Column *column, uint32_t place, uint32_t rank, int64_t number) {
    TRY(make_room((void **)&column->numbers, &column->room, (uint64_t)column->count + 1, sizeof *column->numbers));
    memmove(column->numbers + rank + 1, column->numbers + rank, (column->count - rank) * sizeof *column->numbers);
    column->numbers[rank] = number;
    column->bits[place / 64] |= (uint64_t)1 << place % 64;
    column->count++;
    return FINE;
}

void column_remove(Column *column, uint32_t place, uint32_t rank) {
    column->count--;
    memmove(column->numbers + rank, column->numbers + rank + 1, (column->count - rank) * sizeof *column->numbers);
    column->bits[place / 64] &= ~((uint64_t)1 << place % 64);
}

/* Where a hash is; count when nowhere. Sixteen at a time, without a branch, since few compilers find that. */
static uint32_t find_hash(const uint32_t *hashes, uint32_t count, uint32_t wanted) {
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        uint32_t any = 0;
        for (uint32_t k = 0; k < 16; k++) any |= hashes[i + k] == wanted;
        if (any) break;
    }
    while (i < count && hashes[i] != wanted) i++;
    return i;
}

static uint32_t ids_before(const IdSet *set, uint32_t from, uint32_t place) {
    uint32_t before = 0;
    for (uint32_t i = from; i < place; i++) before += set->per_tile[i];
    return before;
}

int ids_add(State *state, IdSet *set, uint32_t hash, int64_t tile, uint32_t place) {
    if (state->many) {
        int fresh;
        Entry *entry = table_at(&set->last, hash, &fresh);
        if (!entry) return NO_MEMORY;
        if (fresh || entry->value < tile) entry->value = tile;
        return FINE;
    }
    uint32_t begin = set->count - ids_before(set, place, state->tile_count), end = begin + set->per_tile[place];
    uint32_t at = find_hash(set->hashes, set->count, hash);
    if (at >= begin && at < set->count) return FINE; /* its last tile is this one, or a later one */
    while (begin < end) {
        uint32_t middle = begin + (end - begin) / 2;
        if (set->hashes[middle] < hash) begin = middle + 1;
        else end = middle;
    }
    if (at == set->count) {
        TRY(make_room((void **)&set->hashes, &set->room, (uint64_t)set->count + 1, sizeof *set->hashes));
        memmove(set->hashes + begin + 1, set->hashes + begin, (set->count - begin) * sizeof *set->hashes);
        set->hashes[begin] = hash;
        set->count++;
    } else {
        uint32_t last = 0;
        for (uint32_t passed = set->per_tile[0]; passed <= at; passed += set->per_tile[++last]) {}
        memmove(set->hashes + at, set->hashes + at + 1, (begin - 1 - at) * sizeof *set->hashes);
        set->hashes[begin - 1] = hash;
        set->per_tile[last]--;
    }
    set->per_tile[place]++;
    return FINE;
}

static uint32_t seen_place(const State *state, uint64_t hash) {
    uint32_t low = 0, high = state->seen_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (state->seen[middle].hash < hash) low = middle + 1;
        else high = middle;
    }
    return low;
}

int seen_find(State *state, uint64_t hash, Seen **found) {
    *found = NULL;
    if (state->many) {
        int fresh;
        Entry *entry = table_at(&state->seen_at, hash, &fresh);
        if (!entry) return NO_MEMORY;
        if (fresh) entry->value = -1;
        else if (entry->value >= 0) *found = &state->seen[entry->value];
        return FINE;
    }
    uint32_t at = seen_place(state, hash);
    if (at < state->seen_count && state->seen[at].hash == hash) *found = &state->seen[at];
    return FINE;
}

int seen_put(State *state, Seen *found, Seen entry) {
    if (found) {
        *found = entry;
        return FINE;
    }
    TRY(make_room((void **)&state->seen, &state->seen_room, (uint64_t)state->seen_count + 1, sizeof *state->seen));
    uint32_t at = state->seen_count;
    if (state->many) {
        int fresh;
        Entry *place = table_at(&state->seen_at, entry.hash, &fresh);
        if (!place) return NO_MEMORY;
        place->value = at;
    } else {
        at = seen_place(state, entry.hash);
        memmove(state->seen + at + 1, state->seen + at, (state->seen_count - at) * sizeof *state->seen);
    }
    state->seen[at] = entry;
    state->seen_count++;
    return FINE;
}

int state_scatter(State *state, const Plan *plan) {
    TRY(table_clear(&state->seen_at));
    int fresh;
    for (uint32_t i = 0; i < state->seen_count; i++) {
        Entry *entry = table_at(&state->seen_at, state->seen[i].hash, &fresh);
        if (!entry) return NO_MEMORY;
        entry->value = i;
    }
    for (uint32_t k = 0; k < plan->ids; k++) {
        IdSet *set = &state->ids[k];
        TRY(table_clear(&set->last));
        for (uint32_t i = 0, n = 0; i < state->tile_count; i++)
            for (uint32_t end = n + (set->count ? set->per_tile[i] : 0); n < end; n++) {
                Entry *entry = table_at(&set->last, set->hashes[n], &fresh);
                if (!entry) return NO_MEMORY;
                entry->value = state->tiles[i];
            }
    }
    state->many = 1;
    return FINE;
}

static int gather_ids(State *state, IdSet *set) {
    Table *table = &set->last;
    memset(set->per_tile, 0, state->tile_count * sizeof *set->per_tile);
    set->count = 0;
    if (!table->count) return FINE;
    if (table->count > state->key_room) {
        uint64_t *keys = realloc(state->keys, 2 * table->count * sizeof *keys);
        if (!keys) return NO_MEMORY;
        state->keys = keys, state->key_room = table->count;
    }
    uint32_t n = 0;
    for (uint64_t i = 0; i <= table->mask; i++) {
        const Entry *entry = &table->entries[i];
        if (entry->epoch != table->epoch) continue;
        uint32_t low = 0, high = state->tile_count;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (state->tiles[middle] < entry->value) low = middle + 1;
            else high = middle;
        }
        state->keys[n++] = (uint64_t)low << 32 | entry->key;
    }
    sort_keys(state->keys, state->keys + state->key_room, n);
    TRY(make_room((void **)&set->hashes, &set->room, n, sizeof *set->hashes));
    for (uint32_t i = 0; i < n; i++) {
        set->hashes[i] = (uint32_t)state->keys[i];
        set->per_tile[state->keys[i] >> 32]++;
    }
    set->count = n;
    return FINE;
}

static int by_hash(const void *a, const void *b) {
    uint64_t x = ((const Seen *)a)->hash, y = ((const Seen *)b)->hash;
    return (x > y) - (x < y);
}

static void forget(State *state, const Plan *plan) {
    if (state->watermark_us == NEVER) return;
    int64_t edge = state->watermark_us - plan->lateness_us - SEEN_SLACK_US;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->seen_count; i++)
        if (state->seen[i].time_us >= edge) state->seen[kept++] = state->seen[i];
    state->seen_count = kept;
}

int state_gather(State *state, const Plan *plan) {
    state->many = 0;
    forget(state, plan);
    if (state->seen_count) qsort(state->seen, state->seen_count, sizeof *state->seen, by_hash);
    for (uint32_t i = 0; i < plan->ids; i++) TRY(gather_ids(state, &state->ids[i]));
    return FINE;
}

/* The first tiles of a column, gone. */
static int drop_column(Column *column, uint32_t dropped, uint32_t tiles) {
    uint32_t gone = dropped == tiles ? column->count : bits_below(column->bits, dropped);
    uint32_t words = (tiles + 63) / 64, skip = dropped / 64, shift = dropped % 64;
    if (gone) {
        TRY(column_expand(column));
        column->count -= gone;
        memmove(column->numbers, column->numbers + gone, column->count * sizeof *column->numbers);
    }
    for (uint32_t w = 0; w < words; w++) {
        uint64_t low = w + skip < words ? column->bits[w + skip] : 0;
        uint64_t high = w + skip + 1 < words ? column->bits[w + skip + 1] : 0;
        column->bits[w] = shift ? low >> shift | high << (64 - shift) : low;
    }
    return FINE;
}

static void drop_ids(IdSet *set, uint32_t dropped, uint32_t tiles) {
    if (!set->count) return;
    uint32_t gone = ids_before(set, 0, dropped);
    set->count -= gone;
    memmove(set->hashes, set->hashes + gone, set->count * sizeof *set->hashes);
    memmove(set->per_tile, set->per_tile + dropped, (tiles - dropped) * sizeof *set->per_tile);
}

int state_trim(State *state, const Plan *plan) {
    forget(state, plan);
    if (state->newest_us == NEVER) return FINE;
    int64_t oldest = floor_div(state->newest_us - plan->horizon_us, plan->hop_us);
    uint32_t dropped = 0, tiles = state->tile_count;
    while (dropped < tiles && state->tiles[dropped] < oldest) dropped++;
    if (!dropped) return FINE;
    for (uint32_t i = 0; i < plan->columns; i++) TRY(drop_column(&state->columns[i], dropped, tiles));
    for (uint32_t i = 0; i < plan->ids; i++) drop_ids(&state->ids[i], dropped, tiles);
    state->tile_count = tiles - dropped;
    memmove(state->tiles, state->tiles + dropped, state->tile_count * sizeof *state->tiles);
    return FINE;
}

static int is_kept(const State *state, const Plan *plan, uint32_t place) {
    for (uint32_t i = 0; i < plan->columns; i++)
        if (state->columns[i].bits[place / 64] >> place % 64 & 1) return 1;
    for (uint32_t i = 0; i < plan->ids; i++)
        if (state->ids[i].count && state->ids[i].per_tile[place]) return 1;
    return 0;
}

static void move_tile(State *state, const Plan *plan, uint32_t from, uint32_t to) {
    uint64_t mark = (uint64_t)1 << to % 64;
    state->tiles[to] = state->tiles[from];
    for (uint32_t i = 0; i < plan->columns; i++) {
        uint64_t *bits = state->columns[i].bits, has = bits[from / 64] >> from % 64 & 1;
        bits[to / 64] = (bits[to / 64] & ~mark) | has << to % 64;
    }
    for (uint32_t i = 0; i < plan->ids; i++) state->ids[i].per_tile[to] = state->ids[i].per_tile[from];
}

int state_squeeze(State *state, const Plan *plan) {
    uint32_t kept = 0, tiles = state->tile_count;
    for (uint32_t i = 0; i < tiles; i++) {
        uint64_t any = 0;
        if (i % 64 == 0 && tiles - i >= 64) { /* a whole word of tiles that columns keep is nothing to look at */
            for (uint32_t c = 0; c < plan->columns; c++) any |= state->columns[c].bits[i / 64];
            if (any == UINT64_MAX && kept == i) {
                i += 63, kept += 64;
                continue;
            }
        }
        if (!is_kept(state, plan, i)) continue;
        if (kept != i) move_tile(state, plan, i, kept);
        kept++;
    }
    if (kept == tiles) return FINE;
    for (uint32_t i = 0; i < plan->columns; i++) {
        uint64_t *bits = state->columns[i].bits;
        if (kept % 64) bits[kept / 64] &= ((uint64_t)1 << kept % 64) - 1;
        for (uint32_t w = (kept + 63) / 64; w < (tiles + 63) / 64; w++) bits[w] = 0;
    }
    state->tile_count = kept;
    return FINE;
}
