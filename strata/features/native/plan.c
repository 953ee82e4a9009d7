#include "plan.h"

#include <stdlib.h>

static int number(Cursor *cursor, unsigned size, uint64_t *found) {
    const uint8_t *at;
    TRY(take(cursor, size, &at));
    *found = 0;
    memcpy(found, at, size);
    return FINE;
}

static int read_condition(Plan *plan, Cursor *cursor, Condition *condition) {
    uint64_t column, op, count, size;
    const uint8_t *skipped;
    TRY(number(cursor, 1, &column));
    TRY(number(cursor, 1, &op));
    TRY(number(cursor, 4, &count));
    if (column == EVERY || column >= COLUMNS || op >= OPS || (op != IN && count != 1)) return ROW_SECTIONS;
    if (column < VALUE && op > IN) return ROW_SECTIONS;
    condition->column = (uint8_t)column, condition->op = (uint8_t)op;
    condition->count = (uint32_t)count, condition->values = cursor->at;
    if (column >= VALUE) return take(cursor, count * 8, &skipped);
    condition->bit = plan->filters[column - EVENT_TYPE]++;
    for (uint64_t i = 0; i < count; i++) {
        TRY(number(cursor, 4, &size));
        TRY(take(cursor, size, &skipped));
    }
    return FINE;
}

static int read_where(Plan *plan, Cursor *cursor, Where *where) {
    uint64_t count;
    TRY(number(cursor, 4, &count));
    where->count = (uint32_t)count;
    TRY(take(cursor, count * 4, &where->conditions));
    for (uint32_t i = 0; i < where->count; i++)
        if (load32(where->conditions + 4 * i) >= plan->condition_count) return ROW_SECTIONS;
    return FINE;
}

static int read_partial(Plan *plan, Cursor *cursor, Partial *partial) {
    uint64_t kind, of, where;
    TRY(number(cursor, 1, &kind));
    TRY(number(cursor, 1, &of));
    TRY(number(cursor, 4, &where));
    if (kind >= PARTIAL_KINDS || of >= COLUMNS || where >= plan->where_count) return ROW_SECTIONS;
    if (kind != COUNT && kind != IDS && kind != MOMENT && of >= EVENT_TYPE && of < VALUE) return ROW_SECTIONS;
    partial->kind = (uint8_t)kind, partial->of = (uint8_t)of, partial->where = (uint32_t)where;
    return FINE;
}

static int section(int kind) { return kind <= TOTAL ? 0 : kind <= GREATEST ? 1 : kind <= MOMENT ? 2 : 3; }

static void place_partials(Plan *plan) {
    uint32_t n = 0, counts[4] = {0};
    for (int wanted = 0; wanted < 4; wanted++)
        for (uint32_t i = 0; i < plan->partial_count; i++)
            if (section(plan->partials[i].kind) == wanted) {
                plan->partials[i].place = wanted == 1 ? counts[0] + counts[1] : counts[wanted];
                counts[wanted]++, plan->sections[n++] = i;
            }
    plan->sums = counts[0], plan->columns = counts[0] + counts[1];
    plan->newest = counts[2], plan->ids = counts[3];
}

static int read_plan(Plan *plan, Cursor *cursor) {
    uint64_t conditions, wheres, partials;
    TRY(number(cursor, 8, &plan->fingerprint));
    TRY(number(cursor, 8, (uint64_t *)&plan->hop_us));
    TRY(number(cursor, 8, (uint64_t *)&plan->horizon_us));
    TRY(number(cursor, 8, (uint64_t *)&plan->lateness_us));
    TRY(number(cursor, 4, &conditions));
    TRY(number(cursor, 4, &wheres));
    TRY(number(cursor, 4, &partials));
    if (plan->hop_us <= 0 || !is_time(plan->hop_us) || !is_time(plan->horizon_us) || !is_time(plan->lateness_us))
        return ROW_TIME;
    /* Each takes some bytes of the blob: a count past its size is a lie, and would only ask for memory. */
    if (conditions + wheres + partials > (uint64_t)(cursor->end - cursor->at)) return ROW_ENDS;
    plan->condition_count = (uint32_t)conditions;
    plan->where_count = (uint32_t)wheres, plan->partial_count = (uint32_t)partials;
    plan->conditions = calloc(conditions + 1, sizeof *plan->conditions);
    plan->wheres = calloc(wheres + 1, sizeof *plan->wheres);
    plan->partials = calloc(partials + 1, sizeof *plan->partials);
    plan->sections = calloc(partials + 1, sizeof *plan->sections);
    if (!plan->conditions || !plan->wheres || !plan->partials || !plan->sections) return NO_MEMORY;
    for (uint32_t i = 0; i < conditions; i++) TRY(read_condition(plan, cursor, &plan->conditions[i]));
    for (uint32_t i = 0; i < wheres; i++) TRY(read_where(plan, cursor, &plan->wheres[i]));
    for (uint32_t i = 0; i < partials; i++) TRY(read_partial(plan, cursor, &plan->partials[i]));
    place_partials(plan);
    return cursor->at == cursor->end ? FINE : ROW_SECTIONS;
}

Plan *strata_plan_new(const uint8_t *blob, size_t size) {
    Plan *plan = calloc(1, sizeof *plan);
    if (!plan) return NULL;
    plan->blob = malloc(size + 1);
    if (plan->blob) {
        memcpy(plan->blob, blob, size);
        Cursor cursor = {plan->blob, plan->blob + size};
        if (!read_plan(plan, &cursor)) return plan;
    }
    strata_plan_free(plan);
    return NULL;
}

void strata_plan_free(Plan *plan) {
    if (!plan) return;
    free(plan->conditions), free(plan->wheres), free(plan->partials), free(plan->sections);
    free(plan->blob), free(plan);
}

static int text_holds(const Condition *condition, const uint8_t *text, uint32_t size) {
    const uint8_t *at = condition->values;
    int among = 0;
    for (uint32_t i = 0; i < condition->count && !among; i++) {
        uint32_t wanted = load32(at);
        among = wanted == size && !memcmp(at + 4, text, size);
        at += 4 + (size_t)wanted;
    }
    return among != (condition->op == NE);
}

static int number_holds(const Condition *condition, int64_t number) {
    int64_t wanted = condition->count ? loadi(condition->values) : 0;
    switch (condition->op) {
    case EQ: return number == wanted;
    case NE: return number != wanted;
    case GT: return number > wanted;
    case GE: return number >= wanted;
    case LT: return number < wanted;
    case LE: return number <= wanted;
    default:
        for (uint32_t i = 0; i < condition->count; i++)
            if (loadi(condition->values + 8 * (size_t)i) == number) return 1;
        return 0;
    }
}

static int condition_holds(const Condition *condition, Event *event) {
    int64_t number;
    if (condition->column >= VALUE)
        return number_of(event, condition->column, &number) && number_holds(condition, number);
    const Text *text = &event->text[condition->column - EVENT_TYPE];
    if (!text->at) return 0;
    if (text->word && condition->bit < 64) return text->word->holds >> condition->bit & 1;
    return text_holds(condition, text->at, text->size);
}

void satisfies(const Plan *plan, Event *event, uint8_t *truth, uint8_t *ok) {
    for (uint32_t i = 0; i < plan->condition_count; i++)
        truth[i] = (uint8_t)condition_holds(&plan->conditions[i], event);
    for (uint32_t w = 0; w < plan->where_count; w++) {
        const Where *where = &plan->wheres[w];
        uint8_t all = 1;
        for (uint32_t i = 0; i < where->count; i++) all &= truth[load32(where->conditions + 4 * (size_t)i)];
        ok[w] = all;
    }
}

uint64_t holds(const Plan *plan, int column, const uint8_t *text, uint32_t size) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < plan->condition_count; i++) {
        const Condition *condition = &plan->conditions[i];
        if (condition->column == column && condition->bit < 64)
            bits |= (uint64_t)text_holds(condition, text, size) << condition->bit;
    }
    return bits;
}
