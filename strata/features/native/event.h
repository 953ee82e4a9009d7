/* One event as the fold sees it, wherever it came from: a record of the log, or columns. */
#ifndef STRATA_EVENT_H
#define STRATA_EVENT_H

#include "bytes.h"

/* Columns of an event, as plan blobs number them; EVERY stands for the event itself, which is never null. */
enum { EVERY, EVENT_TYPE, ITEM_ID, CATEGORY, SESSION_ID, VALUE, QUANTITY, DISCOUNT, HOUR, WEEKDAY, DAY, WEEK, COLUMNS };
enum { TEXTS = 4, NUMBERS = COLUMNS - VALUE };
enum { FORWARD = 4, KINDS = 5 };

/* What is worked out once per distinct word of a batch: its fingerprint, and which of its column's filters hold. */
typedef struct {
    uint32_t hash;
    uint64_t holds;
} Word;

typedef struct {
    const uint8_t *at; /* null when absent */
    uint32_t size;
    uint32_t hash;
    int hashed;
    const Word *word; /* null for a record */
} Text;

typedef struct {
    int64_t at_us, recorded_us, utc_offset_s;
    const uint8_t *id;
    uint32_t id_size;
    int kind, derived;
    Text text[TEXTS];
    int64_t number[NUMBERS];
    uint8_t has[NUMBERS];
} Event;

/* The parts of a packed record. They point into it. */
int read_record(const uint8_t *record, size_t size, Event *event);

/* Works out the columns of the event's local time. */
void derive(Event *event);

/* The number of a column; false for null. */
static inline int number_of(Event *event, int column, int64_t *number) {
    if (column == EVERY) {
        *number = 1;
        return 1;
    }
    if (column < VALUE) { /* only ever counted */
        *number = 0;
        return event->text[column - EVENT_TYPE].at != NULL;
    }
    if (column >= HOUR && !event->derived) derive(event);
    *number = event->number[column - VALUE];
    return column >= HOUR || event->has[column - VALUE];
}

/* The 32-bit fingerprint of a column; false for null. */
int id_of(Event *event, int column, uint32_t *id);
/* Whether its numbers can be summed without ever leaving 64 bits. */
int within_limits(const Event *event);

#endif
