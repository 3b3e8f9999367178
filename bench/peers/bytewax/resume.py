"""Counts numbers by key, up to `until`, and leaves a recovery store behind with which a run of any number of processes goes on."""

import time

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from data import BATCH, Clock, TallySink


class _Numbers(StatefulSourcePartition):
    def __init__(self, part, step, until, resume_state):
        self._next = part if resume_state is None else resume_state
        self._step, self._until = step, until

    def next_batch(self):
        Clock.start()
        if self._next >= self._until:
            raise StopIteration()
        batch = range(self._next, min(self._until, self._next + BATCH * self._step), self._step)
        self._next += len(batch) * self._step
        return batch

    def snapshot(self):
        return self._next


class Numbers(FixedPartitionedSource):
    """0 … until - 1, dealt out to the parts in turn; goes on behind what an earlier run has read."""

    def __init__(self, until, parts):
        self._until, self._parts = until, parts

    def list_parts(self):
        return [str(part) for part in range(self._parts)]

    def build_part(self, step_id, for_part, resume_state):
        return _Numbers(int(for_part), self._parts, self._until, resume_state)


class Outputs:
    def __init__(self):
        self.first = []
        self.last = []
        self.count = 0
        self.sum = 0

    def take(self, items):
        self.last = [time.time() * 1000]
        self.first = self.first or self.last
        self.count += len(items)
        self.sum += sum(count for _key, count in items)

    def figures(self):
        return {"first": self.first, "last": self.last, "count": self.count, "sum": self.sum}


def count(state, _value):
    seen = (state or 0) + 1
    return seen, seen


def flow(report, until, keys, parts):
    keys = int(keys)
    flow = Dataflow("resume")
    s = op.input("numbers", flow, Numbers(until, parts))
    s = op.key_on("key", s, lambda i: f"k{i % keys}")
    s = op.stateful_map("count", s, count)
    op.output("seen", s, TallySink(report, Outputs))
    return flow
