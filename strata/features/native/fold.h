/* One event into one state: the verdict, and what changes. As strata/features/fold_state.py has it. */
#ifndef STRATA_FOLD_H
#define STRATA_FOLD_H

#include "row.h"

enum { ACCEPTED, DUPLICATE, LATE, OVER_QUOTA, REPLAYED, REPLAYED_REFUSED, TOO_LARGE };
/* A user with more records than this in a call is folded through tables. */
enum { MANY = 16 };

struct Arena {
    State state;
    Rows rows;
    uint8_t *truth, *ok;
    uint32_t truth_room, ok_room;
    int64_t *order;
    uint32_t order_room;
};

int arena_room(Arena *arena, const Plan *plan);
int fold_event(Arena *arena, const Plan *plan, Event *event, int64_t offset, uint8_t *verdict);
/* After a user's last event: the row, appended to the arena's. */
int fold_end(Arena *arena, const Plan *plan);

#endif
