/* Sums of decision trees over rows of float64, by bins: to the last bit those of LightGBM's own predictor.
 *
 * A value is looked up once among its feature's thresholds. From there on a split compares two bytes, and a missing
 * value is the least byte in one column of its feature and the greatest in the other. Then
 *   many rows   go through a tree together: every split chooses, for 64 rows at once, between what its two children
 *               found, and the root's choice is each row's leaf. No branch and no address depends on a value, so that
 *               a compiler makes vectors of it on any processor (compare: RapidScorer, KDD 2018);
 *   few rows    go one by one through the splits in the order of their thresholds: those that send the row to the
 *               right are the first ones of each column, and each takes the leaves on its left from its tree. The
 *               first leaf that remains is the row's (QuickScorer, SIGIR 2015).
 * Six classes of 200 trees with 31 leaves: 2.2 us a row of many, 8 of a single one; node by node 21 and 28, LightGBM
 * 86 and 111 (2026-11, AMD EPYC, other work beside). */
#include "forest.h"

#include <stddef.h>
#include <string.h>

/* Bounds that strata/runtime/binned_trees.py keeps. */
enum { MOST_LEAVES = 64, MOST_COLUMNS = 254, MOST_TREES = 8192 };
enum { ROWS = 64 };
/* Fewer rows go one by one: all lanes of a block cost as much as this many of them. */
enum { FEW = 16 };

/* A row's bins, two columns for each feature. Step by step for all features, so that no search waits for another's. */
static void bins_of(const BinnedForest *forest, const double *row, uint8_t *columns) {
    double values[MOST_COLUMNS / 2];
    uint32_t bins[MOST_COLUMNS / 2];
    for (int64_t k = 0; k < forest->used; k++) {
        values[k] = row[forest->features[k]];
        bins[k] = 0; /* what a missing value keeps */
    }
    for (uint32_t half = (uint32_t)forest->width / 2; half; half /= 2) {
        const double *edges = forest->edges + half - 1;
        for (int64_t k = 0; k < forest->used; k++, edges += forest->width)
            bins[k] += half & -(uint32_t)(edges[bins[k]] < values[k]);
    }
    for (int64_t k = 0; k < forest->used; k++) {
        columns[2 * k] = (uint8_t)bins[k];
        columns[2 * k + 1] = (uint8_t)(values[k] != values[k] ? forest->width - 1 : bins[k]);
    }
}

static inline void choose(
    uint8_t *restrict found, const uint8_t *restrict bins, uint8_t bin, const uint8_t *restrict left,
    const uint8_t *restrict right
) {
    for (int r = 0; r < ROWS; r++) {
        uint8_t greater = (uint8_t)-(bins[r] > bin);
        found[r] = (uint8_t)(left[r] ^ ((left[r] ^ right[r]) & greater));
    }
}

static void block(const BinnedForest *forest, const double *rows, int64_t count, double *sums) {
    uint8_t columns[MOST_COLUMNS][ROWS], places[2 * MOST_LEAVES][ROWS];
    memset(columns, 0, (size_t)forest->used * sizeof columns[0] * 2);
    for (int64_t r = 0; r < count; r++) {
        uint8_t bins[MOST_COLUMNS];
        bins_of(forest, rows + r * forest->features_of_row, bins);
        for (int64_t column = 0; column < 2 * forest->used; column++) columns[column][r] = bins[column];
    }
    for (int leaf = 0; leaf < forest->most_leaves; leaf++) memset(places[leaf], leaf, ROWS);
    const BinnedSplit *split = forest->splits;
    for (int64_t tree = 0, class = 0; tree < forest->trees; tree++) {
        const double *leaves = forest->leaves + forest->leaf_starts[tree];
        const uint8_t *reached = places[0];
        uint8_t (*place)[ROWS] = places + MOST_LEAVES;
        for (int32_t left = forest->leaf_starts[tree + 1] - forest->leaf_starts[tree]; left > 1; left--, split++) {
            choose(*place, columns[split->column], split->bin, places[split->left], places[split->right]);
            reached = *place++;
        }
        for (int64_t r = 0; r < count; r++) sums[r * forest->classes + class] += leaves[reached[r]];
        if (++class == forest->classes) class = 0;
    }
}

static void one_row(const BinnedForest *forest, const double *row, double *sums) {
    uint64_t remaining[MOST_TREES];
    memset(remaining, 0xff, (size_t)forest->trees * sizeof remaining[0]);
    uint8_t bins[MOST_COLUMNS];
    bins_of(forest, row, bins);
    for (int64_t column = 0; column < 2 * forest->used; column++) {
        const int32_t *counts = forest->counts + column * forest->width;
        for (int32_t i = counts[0]; i < counts[bins[column]]; i++)
            remaining[forest->trees_of[i]] &= forest->left_leaves[i];
    }
    for (int64_t tree = 0, class = 0; tree < forest->trees; tree++) {
        sums[class] += forest->leaves[forest->leaf_starts[tree] + __builtin_ctzll(remaining[tree])];
        if (++class == forest->classes) class = 0;
    }
}

void strata_binned_trees(const BinnedForest *forest, const double *rows, int64_t count, double *sums) {
    for (int64_t first = 0; first < count;) {
        const double *next = rows + first * forest->features_of_row;
        double *into = sums + first * forest->classes;
        int64_t some = count - first < FEW ? 1 : count - first < ROWS ? count - first : ROWS;
        if (some == 1)
            one_row(forest, next, into);
        else
            block(forest, next, some, into);
        first += some;
    }
}
