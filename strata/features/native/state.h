/* One user's state in memory: what a row says, in columns over its tiles. Reused from user to user. */
#ifndef STRATA_STATE_H
#define STRATA_STATE_H

#include "plan.h"
#include "table.h"

/* A count, total, least or greatest: a bit per tile that has a number, and the numbers. Until one of them changes
 * they stay in the row as they are. Bits past the last tile are 0. */
typedef struct {
    uint64_t *bits;
    int64_t *numbers;
    uint32_t count, room;
    const uint8_t *raw; /* null: they are in numbers */
    uint8_t width;
} Column;

/* Hashes by (last tile, hash), and how many each tile has; for a user with many records a table, hash to tile. */
typedef struct {
    uint32_t *hashes, *per_tile;
    uint32_t count, room;
    Table last;
} IdSet;

typedef struct {
    uint64_t hash;
    int64_t time_us, offset;
} Seen;

typedef struct {
    int64_t time_us, value;
} Newest;

typedef struct {
    int64_t *tiles;
    uint32_t tile_count, tile_room; /* room is a multiple of 64 */
    Column *columns;
    uint32_t column_room;
    IdSet *ids;
    uint32_t id_room;
    Newest *newest;
    uint32_t newest_room;
    Seen *seen; /* ascending by hash; with many records in the order they came, and a table to find them */
    uint32_t seen_count, seen_room;
    Table seen_at;
    uint64_t *keys; /* to sort with: twice key_room */
    size_t key_room;
    int many;
    int64_t newest_us, watermark_us, log_position;
    int32_t quota_block;
    uint32_t quota_count;
} State;

/* Room for n more of something: doubles, never shrinks. */
int make_room(void **held, uint32_t *room, uint64_t wanted, size_t size);

/* Room for so many tiles. */
int state_room(State *state, uint64_t tiles);
/* Nothing folded yet. */
int state_clear(State *state, const Plan *plan);
void state_free(State *state);
/* For many records of one user: id sets and seen ids in tables. gather puts them back in order, trimmed. */
int state_scatter(State *state, const Plan *plan);
int state_gather(State *state, const Plan *plan);

int tile_place(State *state, const Plan *plan, int64_t tile, uint32_t *place);
static inline uint32_t bits_below(const uint64_t *bits, uint32_t place) {
    uint32_t found = 0;
    for (uint32_t w = 0; w < place / 64; w++) found += count_bits(bits[w]);
    return found + count_bits(bits[place / 64] & (((uint64_t)1 << place % 64) - 1));
}

/* Whether a tile has a number, and how many tiles before it have one. */
static inline int column_at(Column *column, uint32_t place, uint32_t tiles, uint32_t *rank) {
    int has = column->bits[place / 64] >> place % 64 & 1;
    *rank = place + 1 == tiles ? column->count - (uint32_t)has : bits_below(column->bits, place);
    return has;
}

int column_expand(Column *column);
int column_insert(Column *column, uint32_t place, uint32_t rank, int64_t number);
void column_remove(Column *column, uint32_t place, uint32_t rank);
int ids_add(State *state, IdSet *set, uint32_t hash, int64_t tile, uint32_t place);
/* The entry of an id; null for none. put changes it, or makes one. */
int seen_find(State *state, uint64_t hash, Seen **found);
int seen_put(State *state, Seen *found, Seen entry);

/* Drops the tiles no window can reach again, and the ids no repeat can have. */
int state_trim(State *state, const Plan *plan);
/* Drops the tiles that nothing is kept of, so that equal states are equal bytes. */
int state_squeeze(State *state, const Plan *plan);

#endif
