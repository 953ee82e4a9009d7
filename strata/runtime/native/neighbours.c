/* The nearest of many kept points for rows of float64, to the last bit as strata/runtime/neighbours.py finds it.
 *
 * Points lie in boxes, each of one segment. First each box's distance from the row is worked out: that of its nearest
 * corner or side in steps of the largest scale in it, squared, with neither root nor division. A box is looked into
 * unless it is farther than what was found so far, and a point's true distance is worked out unless it is. Which are
 * passed over decides no answer: see `within`. Of 73 boxes (1,143 points, 12 columns) a row looks into three (2026-11). */
#include <math.h>

#include "score.h"

/* strata/runtime/native_neighbours.py keeps to all three. */
enum { LANES = 16, GROUP = 8, MOST_BOXES = 4096 };
#define LIMIT 1e50 /* of strata/runtime/present.py */

/* As strata/runtime/native_neighbours.py lays it out. */
typedef struct {
    const double *sides;        /* [boxes / GROUP, columns, 2, GROUP] least and greatest coordinates */
    const double *box_steps;    /* [boxes] one over the square of the largest scale */
    const double *points;       /* [boxes, columns, LANES] */
    const double *scales;       /* [boxes, LANES] */
    const double *steps;        /* [boxes, LANES] one over the square of each scale */
    const int64_t *numbers;     /* [boxes, LANES] the points' places among all */
    const int64_t *segments;    /* [boxes] */
    int64_t columns, boxes;     /* boxes: a multiple of GROUP; those that fill it up are infinitely far */
    int64_t noise;
    double reach;
} Neighbours;

typedef struct {
    double distance, most; /* most: see `within` */
    int64_t number, segment;
} Nearest;

static inline double bounded(double value) {
    if (value != value) return 0.0;
    return value < -LIMIT ? -LIMIT : value > LIMIT ? LIMIT : value;
}

/* Past which square a distance is surely greater than this one. Squares are worked out by another way than distances
 * (s * (1 / scale^2) for sqrt(s) / scale) and the two part by some roundings of 1e-16, or, where numbers run out, by
 * 1e-323; a box's square is never rounded above that of a point in it by more. */
static inline double within(double distance) { return distance * distance * (1.0 + 1e-12) + 1e-300; }

/* Squares for a group of boxes. A loop of so few turns GCC 12 takes apart before it looks for vectors, and then finds
 * none: unrolled by nothing it takes 0.6 of the time, to the same bits. */
static void group_squares(const Neighbours *all, const double *row, int64_t group, double *restrict squares) {
    const double *sides = all->sides + group * all->columns * 2 * GROUP;
    double sums[GROUP] = {0};
    for (int64_t c = 0; c < all->columns; c++, sides += 2 * GROUP) {
        double value = bounded(row[c]);
#pragma GCC unroll 1
        for (int i = 0; i < GROUP; i++) {
            double met = value > sides[i] ? value : sides[i];
            met = met < sides[GROUP + i] ? met : sides[GROUP + i];
            sums[i] += (value - met) * (value - met);
        }
    }
    for (int i = 0; i < GROUP; i++) squares[i] = sums[i] * all->box_steps[group * GROUP + i];
}

/* Squares of all boxes; the first of those that are least. */
static int64_t box_squares(const Neighbours *all, const double *row, double *squares) {
    double least[GROUP];
    for (int i = 0; i < GROUP; i++) least[i] = INFINITY;
    for (int64_t b = 0; b < all->boxes; b += GROUP) {
        group_squares(all, row, b / GROUP, squares + b);
        for (int i = 0; i < GROUP; i++) least[i] = squares[b + i] < least[i] ? squares[b + i] : least[i];
    }
    for (int i = 1; i < GROUP; i++) least[0] = least[i] < least[0] ? least[i] : least[0];
    int64_t first = 0;
    while (first < all->boxes - 1 && squares[first] != least[0]) first++;
    return first;
}

/* Sums of squared differences from the points of a box. */
static void point_sums(const Neighbours *all, const double *row, int64_t box, double *restrict sums) {
    const double *points = all->points + box * all->columns * LANES;
    for (int i = 0; i < LANES; i++) sums[i] = 0.0;
    for (int64_t c = 0; c < all->columns; c++, points += LANES) {
        double value = bounded(row[c]);
#pragma GCC unroll 1
        for (int i = 0; i < LANES; i++) sums[i] += (value - points[i]) * (value - points[i]);
    }
}

/* Of equally near points the first of all. */
static void look_into(const Neighbours *all, const double *row, int64_t box, Nearest *nearest) {
    const double *scales = all->scales + box * LANES, *steps = all->steps + box * LANES;
    const int64_t *numbers = all->numbers + box * LANES;
    double sums[LANES];
    point_sums(all, row, box, sums);
    for (int i = 0; i < LANES; i++) {
        if (sums[i] * steps[i] > nearest->most) continue;
        double distance = sqrt(sums[i]) / scales[i];
        if (distance > nearest->distance) continue;
        if (distance == nearest->distance && numbers[i] > nearest->number) continue;
        *nearest = (Nearest){distance, within(distance), numbers[i], all->segments[box]};
    }
}

static Nearest nearest_point(const Neighbours *all, const double *row, const double *squares, int64_t first) {
    Nearest nearest = {INFINITY, INFINITY, INT64_MAX, 0};
    look_into(all, row, first, &nearest);
    for (int64_t b = 0; b < all->boxes; b++)
        if (squares[b] <= nearest.most && b != first) look_into(all, row, b, &nearest);
    return nearest;
}

/* How near a point of another segment is, the reach at most. */
static double border_of(const Neighbours *all, const double *row, const double *squares, int64_t segment) {
    Nearest other = {all->reach, within(all->reach), INT64_MAX, 0};
    for (int64_t b = 0; b < all->boxes; b++)
        if (squares[b] <= other.most && all->segments[b] != segment) look_into(all, row, b, &other);
    return other.distance;
}

static Verdict place(const Neighbours *all, const double *row) {
    double squares[MOST_BOXES], reach = all->reach;
    int64_t first = box_squares(all, row, squares);
    Nearest nearest = nearest_point(all, row, squares, first);
    double near = nearest.distance;
    if (near > reach) return (Verdict){(near - reach) / (near + reach), all->noise};
    double border = border_of(all, row, squares, nearest.segment);
    return (Verdict){border > 0.0 ? (border - near) / (border + near) : 0.0, nearest.segment};
}

/* rows: [count, columns], one after the other. */
__attribute__((visibility("default"))) void strata_neighbours(
    const Neighbours *all, const double *rows, int64_t count, Verdict *places
) {
    for (int64_t r = 0; r < count; r++) places[r] = place(all, rows + r * all->columns);
}

/* One row, as every model is asked: see score.h. */
__attribute__((visibility("default"))) void strata_neighbours_one(
    const void *all, const double *row, Verdict *verdict
) {
    *verdict = place(all, row);
}
