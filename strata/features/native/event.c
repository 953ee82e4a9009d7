#include "event.h"

#include "md5.h"

enum { HEAD = 64, NUMBER_LIMIT_LOG2 = 40 };
#define RECORD_TIME_LIMIT ((int64_t)1 << 57)
#define HOUR_US INT64_C(3600000000)
#define DAY_US INT64_C(86400000000)

/* The length of the well-formed UTF-8 sequence at the front (Unicode 15, table 3-7); 0 for none. */
static unsigned sequence(const uint8_t *at, size_t size) {
    static const struct { uint8_t first, last, low, high, size; } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    if (*at < 0x80) return 1;
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (*at < forms[i].first || *at > forms[i].last) continue;
        if (size < forms[i].size || at[1] < forms[i].low || at[1] > forms[i].high) return 0;
        for (unsigned k = 2; k < forms[i].size; k++)
            if ((at[k] & 0xc0) != 0x80) return 0;
        return forms[i].size;
    }
    return 0;
}

static int is_utf8(const uint8_t *at, size_t size) {
    const uint8_t *end = at + size;
    while (at < end) {
        while (end - at >= 8 && !(load64(at) & 0x8080808080808080u)) at += 8;
        if (at == end) break;
        unsigned step = sequence(at, (size_t)(end - at));
        if (!step) return 0;
        at += step;
    }
    return 1;
}

static void set_text(Text *text, const uint8_t *at, uint32_t size) {
    text->at = at, text->size = size, text->hashed = 0, text->word = NULL;
}

int read_record(const uint8_t *record, size_t size, Event *event) {
    if (size < HEAD) return RECORD_SHORT;
    if (record[0] != 1) return RECORD_FORMAT;
    uint64_t sizes[6], tail = load32(record + 60), texts = 0;
    for (int i = 0; i < 6; i++) texts += sizes[i] = load16(record + 48 + 2 * i);
    if (HEAD + texts + tail != size) return RECORD_SIZE;
    if (record[1] >= KINDS) return RECORD_KIND;
    const uint8_t *parts[6], *at = record + HEAD;
    if (!is_utf8(at, texts)) return RECORD_TEXT;
    for (int i = 0; i < 6; at += sizes[i++]) {
        /* Whole texts in a row are well formed when no text begins inside a sequence. */
        if (sizes[i] && (*at & 0xc0) == 0x80) return RECORD_TEXT;
        parts[i] = at;
    }
    unsigned flags = load16(record + 2);
    event->kind = record[1];
    event->utc_offset_s = (int32_t)load32(record + 4);
    event->at_us = loadi(record + 8), event->recorded_us = loadi(record + 16);
    if (event->at_us < -RECORD_TIME_LIMIT || event->at_us > RECORD_TIME_LIMIT) return RECORD_TIME;
    if (event->recorded_us < -RECORD_TIME_LIMIT || event->recorded_us > RECORD_TIME_LIMIT) return RECORD_TIME;
    for (int i = 0; i < 3; i++) {
        event->number[i] = loadi(record + 24 + 8 * i);
        event->has[i] = flags >> i & 1;
    }
    event->id = parts[1], event->id_size = (uint32_t)sizes[1];
    set_text(&event->text[0], parts[2], (uint32_t)sizes[2]);
    set_text(&event->text[ITEM_ID - EVENT_TYPE], flags & 16 ? parts[4] : NULL, (uint32_t)sizes[4]);
    set_text(&event->text[CATEGORY - EVENT_TYPE], flags & 32 ? parts[5] : NULL, (uint32_t)sizes[5]);
    set_text(&event->text[SESSION_ID - EVENT_TYPE], flags & 8 ? parts[3] : NULL, (uint32_t)sizes[3]);
    event->derived = 0;
    return FINE;
}

/* Hour, weekday, day and week of the event's local time; 1970-01-01 was a Thursday. */
void derive(Event *event) {
    int64_t local = event->at_us + event->utc_offset_s * 1000000, day = floor_div(local, DAY_US);
    int64_t hour = floor_div(local, HOUR_US) % 24, weekday = (day + 3) % 7;
    event->number[HOUR - VALUE] = hour < 0 ? hour + 24 : hour;
    event->number[WEEKDAY - VALUE] = weekday < 0 ? weekday + 7 : weekday;
    event->number[DAY - VALUE] = day;
    event->number[WEEK - VALUE] = floor_div(day + 3, 7);
    event->derived = 1;
}

int id_of(Event *event, int column, uint32_t *id) {
    if (column == EVERY || column >= VALUE) {
        int64_t number;
        if (!number_of(event, column, &number)) return 0;
        *id = (uint32_t)(uint64_t)number;
        return 1;
    }
    Text *text = &event->text[column - EVENT_TYPE];
    if (!text->at) return 0;
    if (text->word) {
        *id = text->word->hash;
        return 1;
    }
    if (!text->hashed) text->hash = (uint32_t)hash64(text->at, text->size), text->hashed = 1;
    *id = text->hash;
    return 1;
}

int within_limits(const Event *event) {
    int64_t limit = (int64_t)1 << NUMBER_LIMIT_LOG2;
    for (int i = 0; i < 3; i++)
        if (event->has[i] && (event->number[i] > limit || event->number[i] < -limit)) return 0;
    return 1;
}
