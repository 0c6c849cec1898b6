"""Holds the lines of `bench_packing` on standard input against HiGHS.

HiGHS solves which whole bins cover the sums of all resources: a bound of its own, on what the planner's
cost must not undercut and its bound must reach. No bound may be above the best cost that is known.
"""

import sys

import highspy
import numpy

# USD an hour: karp2k_96 and logn2k_32 are proved optimal, the others are the best that a search has found.
BEST_KNOWN = {"karp10k_16": 111.0583, "karp2k_96": 16.2861, "logn2k_32": 14.1919, "openb2k_96": 247.0124}
EPSILON = 1e-4


def cover(path):
    """The cost of the cheapest whole bins that cover all sums, as far as HiGHS proves it."""
    lines = [[float(word) for word in line.split()] for line in open(path) if line.strip()]
    types = int(lines[0][0])
    kinds, classes = lines[1 : 1 + types], lines[1 + types :]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 1e-7)
    columns = numpy.arange(types, dtype=numpy.int32)
    for kind in kinds:
        solver.addVar(0, highspy.kHighsInf)
    solver.changeColsCost(types, columns, numpy.array([kind[3] for kind in kinds]))
    for at in range(3):
        demand = sum(size[at] * size[3] for size in classes)
        solver.addRow(demand, highspy.kHighsInf, types, columns, numpy.array([kind[at] for kind in kinds]))
    solver.changeColsIntegrality(types, columns, numpy.array([highspy.HighsVarType.kInteger] * types))
    solver.run()
    return solver.getInfo().mip_dual_bound


def main(paths):
    by_name = {path.rsplit("/", 1)[-1].removesuffix(".txt"): path for path in paths}
    lines = [line.split() for line in sys.stdin]
    assert {line[0] for line in lines} == set(by_name), "not a line for each instance"
    for name, cost, bound in ((line[0], float(line[1]), float(line[2])) for line in lines):
        proved, best = cover(by_name[name]), BEST_KNOWN[name]
        print(f"{name:<12} HiGHS {proved:.4f} <= bound {bound:.4f} <= best known {best:.4f}; cost {cost:.4f}")
        assert proved - EPSILON <= bound, f"{name}: HiGHS proves more than the planner"
        assert bound <= best + EPSILON, f"{name}: the bound is above a cost that was reached"
        assert proved <= cost + EPSILON, f"{name}: the cost is below what HiGHS proves"


main(sys.argv[1:])
