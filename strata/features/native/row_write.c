#include <stdlib.h>

#include "row.h"

static uint8_t *put32(uint8_t *at, uint32_t n) { memcpy(at, &n, 4); return at + 4; }
static uint8_t *put64(uint8_t *at, uint64_t n) { memcpy(at, &n, 8); return at + 8; }
static uint8_t *puti(uint8_t *at, int64_t n) { return put64(at, (uint64_t)n); }

static uint8_t *put_numbers(uint8_t *at, const int64_t *numbers, uint32_t count, unsigned width) {
    if (width == 1)
        for (uint32_t i = 0; i < count; i++) at[i] = (uint8_t)(uint64_t)numbers[i];
    else if (width == 2)
        for (uint32_t i = 0; i < count; i++) {
            uint16_t narrow = (uint16_t)(uint64_t)numbers[i];
            memcpy(at + 2 * (size_t)i, &narrow, 2);
        }
    else if (width == 4)
        for (uint32_t i = 0; i < count; i++) put32(at + 4 * (size_t)i, (uint32_t)(uint64_t)numbers[i]);
    else if (count)
        memcpy(at, numbers, 8 * (size_t)count);
    return at + (size_t)count * width;
}

static unsigned narrowest(const int64_t *numbers, uint32_t count) {
    int64_t low = 0, high = 0;
    for (uint32_t i = 0; i < count; i++) {
        low = numbers[i] < low ? numbers[i] : low;
        high = numbers[i] > high ? numbers[i] : high;
    }
    return width_of(low, high);
}

static uint8_t *put_ints(uint8_t *at, const int64_t *numbers, uint32_t count) {
    unsigned width = narrowest(numbers, count);
    *at = (uint8_t)width;
    return put_numbers(at + 1, numbers, count, width);
}

static uint8_t *put_column(uint8_t *at, const Column *column, uint32_t tiles) {
    if (!column->count) {
        *at = 0;
        return at + 1;
    }
    unsigned width = column->raw ? column->width : narrowest(column->numbers, column->count);
    int dense = column->count == tiles;
    *at++ = (uint8_t)(width | (dense ? DENSE : 0));
    if (!dense) {
        size_t size = (tiles + 7) / 8;
        memcpy(at, column->bits, size);
        at += size;
    }
    if (!column->raw) return put_numbers(at, column->numbers, column->count, width);
    memcpy(at, column->raw, (size_t)column->count * width);
    return at + (size_t)column->count * width;
}

static uint8_t *put_ids(uint8_t *at, const IdSet *set, uint32_t tiles, int64_t *scratch) {
    at = put32(at, set->count);
    if (!set->count) return at;
    for (uint32_t i = 0; i < tiles; i++) scratch[i] = set->per_tile[i];
    at = put_ints(at, scratch, tiles);
    memcpy(at, set->hashes, (size_t)set->count * 4);
    return at + (size_t)set->count * 4;
}

static uint8_t *put_seen(uint8_t *at, const State *state, int64_t *scratch) {
    if (!state->seen_count) return at;
    for (uint32_t i = 0; i < state->seen_count; i++) at = put64(at, state->seen[i].hash);
    for (uint32_t i = 0; i < state->seen_count; i++) scratch[i] = state->watermark_us - state->seen[i].time_us;
    at = put_ints(at, scratch, state->seen_count);
    for (uint32_t i = 0; i < state->seen_count; i++) scratch[i] = state->seen[i].offset;
    return put_ints(at, scratch, state->seen_count);
}

/* The most bytes the row can take. */
static uint64_t bound(const State *state, const Plan *plan) {
    uint64_t tiles = state->tile_count, size = HEADER + 1 + 8 * tiles + 16 * (uint64_t)plan->newest;
    for (uint32_t i = 0; i < plan->columns; i++) size += 2 + tiles / 8 + 8 * (uint64_t)state->columns[i].count;
    for (uint32_t i = 0; i < plan->ids; i++) size += 5 + 8 * tiles + 4 * (uint64_t)state->ids[i].count;
    return size + 2 + 24 * (uint64_t)state->seen_count;
}

static int reserve(Rows *rows, uint64_t more, uint32_t numbers) {
    TRY(make_room((void **)&rows->scratch, &rows->scratch_room, (uint64_t)numbers + 1, sizeof *rows->scratch));
    if (more > UINT32_MAX) return NO_MEMORY;
    if (rows->room - rows->size >= more) return FINE;
    size_t room = rows->room ? rows->room : 65536;
    while (room - rows->size < more) room *= 2;
    uint8_t *bytes = realloc(rows->bytes, room);
    if (!bytes) return NO_MEMORY;
    rows->bytes = bytes, rows->room = room;
    return FINE;
}

static void put_header(uint8_t *at, const State *state, const Plan *plan, uint32_t size) {
    memcpy(at, "STU1", 4);
    at = put64(put32(at + 4, size), plan->fingerprint);
    at = puti(puti(puti(at, state->newest_us), state->watermark_us), state->log_position);
    at = put32(put32(at, (uint32_t)state->quota_block), state->quota_count);
    at = put32(put32(at, state->tile_count), state->seen_count);
    puti(at, state->tile_count ? state->tiles[0] : 0);
}

int row_encode(const State *state, const Plan *plan, Rows *rows) {
    uint32_t tiles = state->tile_count;
    TRY(reserve(rows, bound(state, plan), tiles > state->seen_count ? tiles : state->seen_count));
    uint8_t *row = rows->bytes + rows->size, *at = row + HEADER;
    if (tiles > 1) {
        for (uint32_t i = 1; i < tiles; i++) rows->scratch[i - 1] = state->tiles[i] - state->tiles[i - 1];
        at = put_ints(at, rows->scratch, tiles - 1);
    }
    for (uint32_t i = 0; i < plan->columns; i++) at = put_column(at, &state->columns[i], tiles);
    for (uint32_t i = 0; i < plan->newest; i++) {
        at = puti(at, state->newest[i].time_us);
        if (plan->partials[plan->sections[plan->columns + i]].kind == LATEST) at = puti(at, state->newest[i].value);
    }
    for (uint32_t i = 0; i < plan->ids; i++) at = put_ids(at, &state->ids[i], tiles, rows->scratch);
    at = put_seen(at, state, rows->scratch);
    put_header(row, state, plan, (uint32_t)(at - row));
    rows->size += (size_t)(at - row);
    return FINE;
}

void rows_free(Rows *rows) { free(rows->bytes), free(rows->scratch); }
