import time

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from data import BATCH, Clock, TallySink


class _Numbers(StatefulSourcePartition):
    def __init__(self, until, resume_state):
        self._until, self._next = until, resume_state or 0

    def next_batch(self):
        Clock.start()
        if self._next >= self._until:
            raise StopIteration()
        batch = range(self._next, min(self._until, self._next + BATCH))
        self._next = batch.stop
        return batch

    def snapshot(self):
        return self._next


class Numbers(FixedPartitionedSource):
    """0 … until - 1; goes on behind what an earlier run has read."""

    def __init__(self, until):
        self._until = until

    def list_parts(self):
        return ["0"]

    def build_part(self, step_id, for_part, resume_state):
        return _Numbers(self._until, resume_state)


class First:
    def __init__(self):
        self.first = []
        self.count = 0
        self.sum = 0

    def take(self, items):
        if not self.first:
            self.first.append(time.time() * 1000)
        self.count += len(items)
        self.sum += sum(count for _key, count in items)

    def figures(self):
        return {"first": self.first, "count": self.count, "sum": self.sum}


def count(state, _value):
    seen = (state or 0) + 1
    return seen, seen


def flow(report, until, keys, _parts):
    keys = int(keys)
    flow = Dataflow("resume")
    s = op.input("numbers", flow, Numbers(until))
    s = op.key_on("key", s, lambda i: f"k{i % keys}")
    s = op.stateful_map("count", s, count)
    op.output("seen", s, TallySink(report, First))
    return flow
