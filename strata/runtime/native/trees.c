/* Sums of decision trees over rows of float64, to the last bit those of LightGBM's own predictor.
 *
 * A leaf is a node whose two ways lead back to itself, so that every row takes as many steps as its tree is deep and
 * nothing is decided by a branch that a processor could guess wrong. Eight walks go side by side: of eight rows in one
 * tree, or of one row in eight trees. Sums are taken in the order of the trees.
 *
 * Most forests have few enough thresholds for binned_trees.c, which does the same sooner. */
#include "forest.h"

#include <stddef.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the trees are laid out for a little endian machine"
#endif

enum { LANES = 8, BLOCK = 64 };

static inline int32_t step(const Node *nodes, int32_t at, const double *row) {
    const Node *node = &nodes[at];
    double value = row[node->feature];
    uint32_t right = !(value <= node->threshold);
    right = value != value ? node->missing : right;
    return node->next[right];
}

static void one_tree(const Forest *forest, int64_t tree, const double *rows, int64_t count, double *sums) {
    int32_t at[BLOCK], root = forest->roots[tree], depth = forest->depths[tree];
    for (int64_t r = 0; r < count; r++) at[r] = root;
    int64_t full = count - count % LANES;
    for (int64_t first = 0; first < full; first += LANES)
        for (int32_t d = 0; d < depth; d++)
            for (int lane = 0; lane < LANES; lane++)
                at[first + lane] = step(forest->nodes, at[first + lane], rows + (first + lane) * forest->features);
    for (int64_t r = full; r < count; r++)
        for (int32_t d = 0; d < depth; d++) at[r] = step(forest->nodes, at[r], rows + r * forest->features);
    for (int64_t r = 0; r < count; r++) sums[r * forest->classes + tree % forest->classes] += forest->leaves[at[r]];
}

static void one_row(const Forest *forest, const double *row, double *sums) {
    int64_t tree = 0;
    for (; tree + LANES <= forest->trees; tree += LANES) {
        int32_t at[LANES], depth = 0;
        for (int lane = 0; lane < LANES; lane++) {
            at[lane] = forest->roots[tree + lane];
            if (forest->depths[tree + lane] > depth) depth = forest->depths[tree + lane];
        }
        for (int32_t d = 0; d < depth; d++)
            for (int lane = 0; lane < LANES; lane++) at[lane] = step(forest->nodes, at[lane], row);
        for (int lane = 0; lane < LANES; lane++) sums[(tree + lane) % forest->classes] += forest->leaves[at[lane]];
    }
    for (; tree < forest->trees; tree++) one_tree(forest, tree, row, 1, sums);
}

__attribute__((visibility("default"))) void strata_trees(
    const Forest *forest, const double *rows, int64_t count, double *sums
) {
    if (forest->binned) {
        strata_binned_trees(forest->binned, rows, count, sums);
        return;
    }
    if (count == 1) {
        one_row(forest, rows, sums);
        return;
    }
    for (int64_t first = 0; first < count; first += BLOCK) {
        int64_t some = count - first < BLOCK ? count - first : BLOCK;
        for (int64_t tree = 0; tree < forest->trees; tree++)
            one_tree(forest, tree, rows + first * forest->features, some, sums + first * forest->classes);
    }
}
