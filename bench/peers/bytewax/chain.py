import bytewax.operators as op
from bytewax.dataflow import Dataflow
from data import Integers, TallySink


class Count:
    def __init__(self):
        self.count = 0

    def take(self, items):
        self.count += len(items)

    def figures(self):
        return {"count": self.count}


def flow(report, records, _detail, _parts):
    flow = Dataflow("chain")
    s = op.input("integers", flow, Integers(records))
    s = op.map("affine", s, lambda i: i * 3 + 1)
    s = op.filter("even", s, lambda i: i & 1 == 0)
    s = op.map("xor", s, lambda i: i ^ 0x5BD1E995)
    s = op.filter("no_sevens", s, lambda i: i % 7 != 0)
    s = op.map("half", s, lambda i: i >> 1)
    s = op.filter("positive", s, lambda i: i >= 0)
    op.output("count", s, TallySink(report, Count))
    return flow
