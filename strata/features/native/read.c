/* Values of rows, as strata/features/table_values.py works them out: one pass over a row, nothing kept. */
#include <math.h>
#include <stdlib.h>

#include "row.h"

enum { MAX_WINDOWS = 256, MAX_CELLS = 4096 };

/* A number wanted of one partial: over a window, or the newest (window < 0). */
typedef struct {
    int32_t window;
    uint32_t cell;
} Wanted;

typedef struct {
    uint32_t column, numerator, denominator, presence;
    int age;
    double scale;
} Value;

struct ReadPlan {
    const Plan *plan;
    uint32_t window_count, cell_count, value_count;
    int64_t *hops; /* windows, the longest first */
    uint32_t *begins; /* wanted of the i-th section of a row: begins[i] .. begins[i + 1], the shortest window first */
    Wanted *wanted;
    Value *values;
};

static int next32(Cursor *cursor, uint32_t *found) {
    const uint8_t *at;
    TRY(take(cursor, 4, &at));
    *found = load32(at);
    return FINE;
}

/* The blob has the windows in descending order, and the wanted cells by section and from the last window back. */
static int read_blob(ReadPlan *read, Cursor *cursor) {
    const uint8_t *at;
    uint32_t sections = read->plan->partial_count, wanted;
    TRY(next32(cursor, &read->window_count));
    TRY(next32(cursor, &read->cell_count));
    TRY(next32(cursor, &read->value_count));
    TRY(next32(cursor, &wanted));
    if (read->window_count > MAX_WINDOWS || read->cell_count > MAX_CELLS) return ROW_SECTIONS;
    if ((uint64_t)wanted + read->value_count > (uint64_t)(cursor->end - cursor->at)) return ROW_ENDS;
    read->hops = calloc(read->window_count + (size_t)1, sizeof *read->hops);
    read->begins = calloc(sections + (size_t)1, sizeof *read->begins);
    read->wanted = calloc(wanted + (size_t)1, sizeof *read->wanted);
    read->values = calloc(read->value_count + (size_t)1, sizeof *read->values);
    if (!read->hops || !read->begins || !read->wanted || !read->values) return NO_MEMORY;
    TRY(take(cursor, read->window_count * (uint64_t)8, &at));
    for (uint32_t i = 0; i < read->window_count; i++) read->hops[i] = loadi(at + 8 * (size_t)i);
    for (uint32_t i = 0; i < sections; i++) {
        TRY(next32(cursor, &read->begins[i + 1]));
        if (read->begins[i + 1] < read->begins[i] || read->begins[i + 1] > wanted) return ROW_SECTIONS;
    }
    for (uint32_t i = 0; i < wanted; i++) {
        TRY(next32(cursor, (uint32_t *)&read->wanted[i].window));
        TRY(next32(cursor, &read->wanted[i].cell));
        if (read->wanted[i].window >= (int64_t)read->window_count || read->wanted[i].window < 0) return ROW_SECTIONS;
        if (read->wanted[i].cell >= read->cell_count) return ROW_SECTIONS;
    }
    for (uint32_t i = 0; i < read->value_count; i++) {
        Value *value = &read->values[i];
        TRY(take(cursor, 28, &at));
        value->column = load32(at), value->numerator = load32(at + 4);
        value->denominator = load32(at + 8), value->presence = load32(at + 12), value->age = load32(at + 16) != 0;
        memcpy(&value->scale, at + 20, 8);
        if (value->numerator >= read->cell_count || value->denominator >= read->cell_count) return ROW_SECTIONS;
        if (value->presence >= read->cell_count) return ROW_SECTIONS;
    }
    return cursor->at == cursor->end ? FINE : ROW_SECTIONS;
}

ReadPlan *strata_read_plan_new(const Plan *plan, const uint8_t *blob, size_t size) {
    ReadPlan *read = calloc(1, sizeof *read);
    if (!read) return NULL;
    read->plan = plan;
    Cursor cursor = {blob, blob + size};
    if (!read_blob(read, &cursor)) return read;
    strata_read_plan_free(read);
    return NULL;
}

void strata_read_plan_free(ReadPlan *read) {
    if (!read) return;
    free(read->hops), free(read->begins), free(read->wanted), free(read->values), free(read);
}

/* For each window the first tile it reaches. */
static int place_windows(const ReadPlan *read, const Header *header, int64_t now, Cursor *cursor, uint32_t *first) {
    unsigned width = 1;
    const uint8_t *distances = NULL;
    int64_t tile = header->first_tile;
    uint32_t w = 0, count = header->tiles;
    if (count && !is_time(tile)) return ROW_TIME;
    if (count > 1) TRY(take_ints(cursor, count - 1, &width, &distances));
    for (uint32_t i = 0; i < count; i++) {
        if (i) {
            int64_t distance = load_int(distances, width, i - 1);
            if (distance <= 0) return ROW_ORDER;
            if (distance > TIME_LIMIT || !is_time(tile + distance)) return ROW_TIME;
            tile += distance;
        }
        while (w < read->window_count && tile >= now - read->hops[w]) first[w++] = i;
    }
    while (w < read->window_count) first[w++] = count;
    return FINE;
}

/* How many of the first tiles have a number. */
static uint32_t rank_of(const uint8_t *bits, uint32_t tiles, uint32_t place) {
    if (!bits) return place;
    uint32_t found = 0, i = 0;
    for (; i + 64 <= place; i += 64) found += count_bits(load64(bits + i / 8));
    uint64_t rest = 0;
    size_t left = (tiles + 7) / 8 - i / 8;
    memcpy(&rest, bits + i / 8, left < 8 ? left : 8);
    return found + count_bits(rest & (((uint64_t)1 << place % 64) - 1));
}

static int sum(const uint8_t *at, unsigned width, uint32_t from, uint32_t to, int64_t *total) {
    if (width == 8) {
        for (uint32_t i = from; i < to; i++)
            if (__builtin_add_overflow(*total, loadi(at + 8 * (size_t)i), total)) return ROW_SUM;
        return FINE;
    }
    int64_t found = 0;
    if (width == 1) for (uint32_t i = from; i < to; i++) found += (int8_t)at[i];
    else if (width == 2) for (uint32_t i = from; i < to; i++) found += (int16_t)load16(at + 2 * (size_t)i);
    else for (uint32_t i = from; i < to; i++) found += (int32_t)load32(at + 4 * (size_t)i);
    *total += found;
    return FINE;
}

static int64_t extreme(const uint8_t *at, unsigned width, uint32_t from, uint32_t to, int64_t held, int least) {
    for (uint32_t i = from; i < to; i++) {
        int64_t number = load_int(at, width, i);
        if (least ? number < held : number > held) held = number;
    }
    return held;
}

/* A count, total, least or greatest, from the shortest window on: each takes what the one before has. */
static int read_column(const ReadPlan *read, uint32_t section, int kind, const Header *header, const uint32_t *first,
                       Cursor *cursor, int64_t *cells) {
    const uint8_t *bits, *numbers;
    uint32_t count;
    unsigned width;
    TRY(take_column(cursor, header->tiles, &bits, &count, &width, &numbers));
    int64_t held = kind == LEAST ? INT64_MAX : kind == GREATEST ? INT64_MIN : 0;
    uint32_t to = count;
    for (uint32_t i = read->begins[section]; i < read->begins[section + 1]; i++) {
        uint32_t place = first[read->wanted[i].window];
        uint32_t from = !count || place >= header->tiles ? count : rank_of(bits, header->tiles, place);
        if (kind <= TOTAL) TRY(sum(numbers, width, from, to, &held));
        else held = extreme(numbers, width, from, to, held, kind == LEAST);
        to = from;
        cells[read->wanted[i].cell] = kind >= LEAST && from == count ? 0 : held;
    }
    return FINE;
}

static int read_ids(const ReadPlan *read, uint32_t section, const Header *header, const uint32_t *first,
                    Cursor *cursor, int64_t *cells) {
    const uint8_t *at, *counts = NULL;
    unsigned width = 1;
    int64_t held = 0, number;
    TRY(take(cursor, 4, &at));
    uint32_t count = load32(at), to = header->tiles;
    if (count) {
        TRY(take_ints(cursor, header->tiles, &width, &counts));
        for (uint32_t i = 0; i < header->tiles; i++) {
            if ((number = load_int(counts, width, i)) < 0 || number > count) return ROW_IDS;
            held += number;
        }
        if (held != count) return ROW_IDS;
        TRY(take(cursor, (uint64_t)count * 4, &at));
    }
    held = 0;
    for (uint32_t i = read->begins[section]; i < read->begins[section + 1]; i++) {
        uint32_t from = first[read->wanted[i].window];
        if (count && from < to) TRY(sum(counts, width, from, to, &held));
        to = from < to ? from : to;
        cells[read->wanted[i].cell] = held;
    }
    return FINE;
}

static int read_newest(const ReadPlan *read, uint32_t section, int kind, Cursor *cursor, int64_t *cells) {
    const uint8_t *at;
    TRY(take(cursor, kind == LATEST ? 16 : 8, &at));
    int64_t time = loadi(at);
    if (time != NEVER && !is_time(time)) return ROW_TIME;
    for (uint32_t i = read->begins[section]; i < read->begins[section + 1]; i++)
        cells[read->wanted[i].cell] = kind == LATEST ? loadi(at + 8) : time;
    return FINE;
}

static int pass_seen(const Header *header, Cursor *cursor) {
    const uint8_t *at;
    unsigned width;
    if (!header->seen) return FINE;
    if (header->watermark_us == NEVER) return ROW_TIME;
    TRY(take(cursor, (uint64_t)header->seen * 8, &at));
    TRY(take_ints(cursor, header->seen, &width, &at));
    return take_ints(cursor, header->seen, &width, &at);
}

static int read_cells(const ReadPlan *read, const Header *header, Cursor *cursor, int64_t at_us, int64_t *cells) {
    const Plan *plan = read->plan;
    uint32_t first[MAX_WINDOWS];
    if (header->tiles > MAX_TILES) return ROW_TILES;
    TRY(place_windows(read, header, floor_div(at_us, plan->hop_us), cursor, first));
    for (uint32_t i = 0; i < plan->partial_count; i++) {
        int kind = plan->partials[plan->sections[i]].kind;
        if (kind <= GREATEST) TRY(read_column(read, i, kind, header, first, cursor, cells));
        else if (kind == IDS) TRY(read_ids(read, i, header, first, cursor, cells));
        else TRY(read_newest(read, i, kind, cursor, cells));
    }
    TRY(pass_seen(header, cursor));
    return cursor->at == cursor->end ? FINE : ROW_SECTIONS;
}

int strata_read_one(const ReadPlan *read, const uint8_t *row, size_t size, int64_t t_us, double *values,
                    int64_t *times) {
    Header header;
    int64_t cells[MAX_CELLS];
    TRY(read_header(row, size, &header));
    if (header.moved || header.fingerprint != read->plan->fingerprint) return READ_NONE;
    if (header.newest_us != NEVER && !is_time(header.newest_us)) return ROW_TIME;
    if (header.watermark_us != NEVER && !is_time(header.watermark_us)) return ROW_TIME;
    int64_t at_us = header.newest_us > t_us ? header.newest_us : t_us;
    Cursor cursor = {row + HEADER, row + size};
    memset(cells, 0, read->cell_count * sizeof *cells);
    cells[0] = 1;
    TRY(read_cells(read, &header, &cursor, at_us, cells));
    for (uint32_t i = 0; i < read->value_count; i++) {
        const Value *value = &read->values[i];
        int64_t numerator = cells[value->numerator];
        if (value->age) numerator = (int64_t)((uint64_t)at_us - (uint64_t)numerator);
        values[value->column] = cells[value->presence]
                                    ? (double)numerator / ((double)cells[value->denominator] * value->scale)
                                    : NAN;
    }
    times[0] = header.watermark_us, times[1] = header.newest_us;
    return FINE;
}

int strata_read_many(const ReadPlan *read, const uint8_t *const *rows, const uint32_t *sizes, int64_t count,
                     int64_t t_us, double *values, int64_t stride, int64_t *watermark_us, int64_t *newest_us) {
    for (int64_t i = 0; i < count; i++) {
        int64_t times[2];
        if (!rows[i]) continue;
        int found = strata_read_one(read, rows[i], sizes[i], t_us, values + i * stride, times);
        if (found == READ_NONE) continue;
        if (found) return found;
        watermark_us[i] = times[0], newest_us[i] = times[1];
    }
    return FINE;
}
