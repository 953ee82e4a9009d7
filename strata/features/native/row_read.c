#include "row.h"

int read_header(const uint8_t *row, size_t size, Header *header) {
    if (size < HEADER) return ROW_SHORT;
    header->moved = !memcmp(row, "STM1", 4);
    if (!header->moved && memcmp(row, "STU1", 4)) return ROW_MAGIC;
    if (load32(row + 4) != size) return ROW_SIZE;
    header->fingerprint = load64(row + 8);
    header->newest_us = loadi(row + 16), header->watermark_us = loadi(row + 24);
    header->log_position = loadi(row + 32);
    header->quota_block = (int32_t)load32(row + 40), header->quota_count = load32(row + 44);
    header->tiles = load32(row + 48), header->seen = load32(row + 52), header->first_tile = loadi(row + 56);
    return FINE;
}

int take_ints(Cursor *cursor, uint64_t count, unsigned *width, const uint8_t **numbers) {
    const uint8_t *first;
    TRY(take(cursor, 1, &first));
    *width = *first;
    if (!is_width(*width)) return ROW_WIDTH;
    return take(cursor, count * *width, numbers);
}

int take_column(Cursor *cursor, uint32_t tiles, const uint8_t **bits, uint32_t *count, unsigned *width,
                const uint8_t **numbers) {
    const uint8_t *code;
    *bits = NULL, *count = 0, *width = 1, *numbers = NULL;
    TRY(take(cursor, 1, &code));
    if (!*code) return FINE;
    *width = *code & ~(unsigned)DENSE;
    if (!is_width(*width)) return ROW_WIDTH;
    *count = tiles;
    if (!(*code & DENSE)) {
        uint64_t size = ((uint64_t)tiles + 7) / 8, i = 0;
        TRY(take(cursor, size, bits));
        if (tiles % 8 && (*bits)[size - 1] >> tiles % 8) return ROW_BITS;
        for (*count = 0; i + 8 <= size; i += 8) *count += count_bits(load64(*bits + i));
        uint64_t last = 0;
        memcpy(&last, *bits + i, size - i);
        *count += count_bits(last);
    }
    return take(cursor, (uint64_t)*count * *width, numbers);
}

static int decode_tiles(State *state, const Header *header, Cursor *cursor) {
    if (header->tiles > MAX_TILES) return ROW_TILES;
    /* All but the first take a byte at least: no room is made for those the row cannot have. */
    if (header->tiles > (uint64_t)(cursor->end - cursor->at) + 1) return ROW_ENDS;
    if (header->tiles) TRY(state_room(state, header->tiles));
    state->tile_count = header->tiles;
    return FINE;
}

static int decode_distances(State *state, const Header *header, Cursor *cursor) {
    unsigned width;
    const uint8_t *distances;
    if (!header->tiles) return FINE;
    if (!is_time(header->first_tile)) return ROW_TIME;
    int64_t tile = state->tiles[0] = header->first_tile;
    if (header->tiles == 1) return FINE;
    TRY(take_ints(cursor, header->tiles - 1, &width, &distances));
    for (uint32_t i = 1; i < header->tiles; i++) {
        int64_t distance = load_int(distances, width, i - 1);
        if (distance <= 0) return ROW_ORDER;
        if (distance > TIME_LIMIT || !is_time(tile + distance)) return ROW_TIME;
        state->tiles[i] = tile += distance;
    }
    return FINE;
}

static int decode_column(Column *column, uint32_t tiles, Cursor *cursor) {
    const uint8_t *bits;
    unsigned width;
    uint32_t words = (tiles + 63) / 64;
    TRY(take_column(cursor, tiles, &bits, &column->count, &width, &column->raw));
    column->width = (uint8_t)width;
    if (!words) return FINE;
    column->bits[words - 1] = 0;
    if (bits) {
        memcpy(column->bits, bits, (tiles + 7) / 8);
    } else {
        memset(column->bits, column->count ? 0xff : 0, words * 8);
        if (column->count && tiles % 64) column->bits[words - 1] = ((uint64_t)1 << tiles % 64) - 1;
    }
    return FINE;
}

static int decode_newest(Newest *newest, int wide, Cursor *cursor) {
    const uint8_t *at;
    TRY(take(cursor, wide ? 16 : 8, &at));
    newest->time_us = loadi(at), newest->value = wide ? loadi(at + 8) : NEVER;
    return newest->time_us == NEVER || is_time(newest->time_us) ? FINE : ROW_TIME;
}

static int decode_ids(IdSet *set, uint32_t tiles, Cursor *cursor) {
    const uint8_t *at, *counts;
    unsigned width;
    uint64_t sum = 0;
    TRY(take(cursor, 4, &at));
    uint32_t count = load32(at);
    if (!count) {
        memset(set->per_tile, 0, tiles * sizeof *set->per_tile);
        return FINE;
    }
    TRY(take_ints(cursor, tiles, &width, &counts));
    for (uint32_t i = 0; i < tiles; i++) {
        int64_t number = load_int(counts, width, i);
        if (number < 0 || number > count) return ROW_IDS;
        sum += (uint64_t)(set->per_tile[i] = (uint32_t)number);
    }
    if (sum != count) return ROW_IDS;
    TRY(take(cursor, (uint64_t)count * 4, &at));
    TRY(make_room((void **)&set->hashes, &set->room, (uint64_t)count + 1, sizeof *set->hashes));
    memcpy(set->hashes, at, (size_t)count * 4);
    set->count = count;
    return FINE;
}

static int decode_seen(State *state, const Header *header, Cursor *cursor) {
    const uint8_t *hashes, *ages, *offsets;
    unsigned age_width, offset_width;
    if (!header->seen) return FINE;
    if (header->watermark_us == NEVER) return ROW_TIME;
    TRY(take(cursor, (uint64_t)header->seen * 8, &hashes));
    TRY(take_ints(cursor, header->seen, &age_width, &ages));
    TRY(take_ints(cursor, header->seen, &offset_width, &offsets));
    TRY(make_room((void **)&state->seen, &state->seen_room, (uint64_t)header->seen + 1, sizeof *state->seen));
    for (uint32_t i = 0; i < header->seen; i++) {
        Seen *seen = &state->seen[i];
        int64_t age = load_int(ages, age_width, i);
        seen->hash = load64(hashes + 8 * (size_t)i);
        if (i && seen->hash <= seen[-1].hash) return ROW_SEEN;
        if (!is_time(age) || !is_time(header->watermark_us - age)) return ROW_TIME;
        seen->time_us = header->watermark_us - age, seen->offset = load_int(offsets, offset_width, i);
    }
    state->seen_count = header->seen;
    return FINE;
}

int row_decode(State *state, const Plan *plan, const uint8_t *row, size_t size, int *own) {
    Header header;
    TRY(state_clear(state, plan));
    TRY(read_header(row, size, &header));
    *own = header.fingerprint == plan->fingerprint;
    if (!*own) return FINE;
    if (header.newest_us != NEVER && !is_time(header.newest_us)) return ROW_TIME;
    if (header.watermark_us != NEVER && !is_time(header.watermark_us)) return ROW_TIME;
    state->newest_us = header.newest_us, state->watermark_us = header.watermark_us;
    state->log_position = header.log_position;
    state->quota_block = header.quota_block, state->quota_count = header.quota_count;
    Cursor cursor = {row + HEADER, row + size};
    if (!header.moved) {
        TRY(decode_tiles(state, &header, &cursor));
        TRY(decode_distances(state, &header, &cursor));
        for (uint32_t i = 0; i < plan->columns; i++) TRY(decode_column(&state->columns[i], header.tiles, &cursor));
        for (uint32_t i = 0; i < plan->newest; i++) {
            int wide = plan->partials[plan->sections[plan->columns + i]].kind == LATEST;
            TRY(decode_newest(&state->newest[i], wide, &cursor));
        }
        for (uint32_t i = 0; i < plan->ids; i++) TRY(decode_ids(&state->ids[i], header.tiles, &cursor));
    }
    TRY(decode_seen(state, &header, &cursor));
    return header.moved || cursor.at == cursor.end ? FINE : ROW_SECTIONS;
}
