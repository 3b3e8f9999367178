import bytewax.operators as op
from bytewax.dataflow import Dataflow
from data import MASK, Integers, TallySink, lowbias32


class Total:
    def __init__(self):
        self.total = 0
        self.count = 0

    def take(self, items):
        self.count += len(items)
        self.total = (self.total + sum(value for _key, value in items)) & MASK

    def figures(self):
        return {"total": self.total, "count": self.count}


def running_sum(state, value):
    total = (state or 0) + value
    return total, total


def flow(report, records, keys, parts):
    keys = int(keys)
    flow = Dataflow("keyed")
    s = op.input("integers", flow, Integers(records, parts, lambda i: (lowbias32(i) % keys) % parts))
    keyed = op.key_on("key", s, lambda i: f"k{lowbias32(i) % keys}")
    sums = op.stateful_map("sum", keyed, running_sum)
    op.output("total", sums, TallySink(report, Total))
    return flow
