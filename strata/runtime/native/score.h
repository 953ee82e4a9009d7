/* What every model says of one row, and the line through points that scales and calibrations share. */
#ifndef STRATA_SCORE_H
#define STRATA_SCORE_H

#include <stdint.h>

/* As strata/runtime/native_call.py lays it out. */
typedef struct {
    double score;
    int64_t segment;
} Verdict;

/* row: as many float64 as the model has features; NaN is missing. */
typedef void (*ScoreRow)(const void *model, const double *row, Verdict *verdict);

/* How many of some ascending numbers are at most the value: bisect_right. */
static inline int64_t count_reached(const double *numbers, int64_t count, double value) {
    int64_t reached = 0;
    for (int64_t some = count; some > 0;) {
        int64_t half = some / 2;
        int64_t beyond = numbers[reached + half] <= value;
        reached = beyond ? reached + half + 1 : reached;
        some = beyond ? some - half - 1 : half;
    }
    return reached;
}

/* Piecewise linear through (knots, levels), flat outside, as numpy.interp: slopes[i] leads from knot i to the next. */
static inline double on_line(
    const double *knots, const double *levels, const double *slopes, int64_t count, double value
) {
    int64_t right = count_reached(knots, count, value);
    if (right == 0) return levels[0];
    int64_t left = right - 1;
    if (right == count || knots[left] == value) return levels[left];
    return slopes[left] * (value - knots[left]) + levels[left];
}

#endif
