/* Forests as strata/runtime/native_trees.py and binned_trees.py lay them out. */
#ifndef STRATA_FOREST_H
#define STRATA_FOREST_H

#include <stdint.h>

/* A split of a tree: column 2k or 2k + 1 of feature k, right where the row's bin is greater than this one. The places:
 * below MOST_LEAVES a leaf, from there on the tree's splits, children first. */
typedef struct {
    uint8_t column, bin, left, right;
} BinnedSplit;

/* The same trees by the bins of their thresholds, where they are few enough for a byte (binned_trees.c). */
typedef struct {
    const double *edges;         /* [used, width]: a feature's thresholds, ascending and each once, then infinity */
    const int32_t *features;     /* [used]: the features that some split asks for */
    const BinnedSplit *splits;   /* tree after tree */
    const double *leaves;        /* tree after tree, from left to right */
    const int32_t *leaf_starts;  /* per tree, and the end; a tree has a split less than leaves */
    const int32_t *counts;       /* [2 * used, width]: so many of the splits below lie before this column and bin */
    const uint16_t *trees_of;    /* the splits by column and bin: the tree of each, */
    const uint64_t *left_leaves; /* and a bit for every leaf but those on its left */
    int64_t used, width, most_leaves, trees, classes, features_of_row; /* width: a power of 2 */
} BinnedForest;

/* 24 bytes. A leaf is a node whose two ways lead back to itself. */
typedef struct {
    double threshold;
    int32_t next[2]; /* where a value at most the threshold goes, and where a greater one goes */
    uint32_t feature;
    uint32_t missing; /* 0: a missing value goes the first way, 1: the second */
} Node;

typedef struct {
    const Node *nodes;
    const double *leaves; /* per node, 0 for those that are none */
    const int32_t *roots, *depths; /* per tree */
    int64_t trees, classes, features;
    const BinnedForest *binned; /* NULL where the trees do not fit it; else the only part that is looked at */
} Forest;

/* rows: [count, features], one after the other. sums: [count, classes], set to 0 by the caller; tree t adds to class
 * t % classes, in the order of the trees. */
void strata_trees(const Forest *forest, const double *rows, int64_t count, double *sums);
void strata_binned_trees(const BinnedForest *forest, const double *rows, int64_t count, double *sums);

#endif
