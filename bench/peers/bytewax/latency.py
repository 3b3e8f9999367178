from datetime import datetime, timezone
import time

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from data import Clock, TallySink, lowbias32

# What comes earlier is left out, as for everybody.
WARM = 3.0


class _Paced(StatefulSourcePartition):
    def __init__(self, count, per_second):
        self._count, self._per_second = count, per_second
        self._next, self._start = 0, None

    def _due(self, i):
        return self._start + i / self._per_second

    def next_batch(self):
        Clock.start()
        now = time.time()
        if self._start is None:
            self._start = now
        if self._next >= self._count:
            raise StopIteration()
        batch = []
        while self._next < self._count and self._due(self._next) <= now:
            key = f"k{lowbias32(self._next) % 1000}"
            batch.append((key, (self._due(self._next), self._due(self._next) - self._start > WARM)))
            self._next += 1
        return batch

    def next_awake(self):
        if self._start is None or self._next >= self._count:
            return None
        return datetime.fromtimestamp(self._due(self._next), timezone.utc)

    def snapshot(self):
        return None


class Paced(FixedPartitionedSource):
    """Numbers at a steady rate, with the moment at which each was due."""

    def __init__(self, count, per_second, parts):
        self._count, self._per_second, self._parts = count // parts, per_second / parts, parts

    def list_parts(self):
        return [str(part) for part in range(self._parts)]

    def build_part(self, step_id, for_part, resume_state):
        return _Paced(self._count, self._per_second)


class Waits:
    def __init__(self):
        self.count = 0
        self.waits = []

    def take(self, items):
        now = time.time()
        self.count += len(items)
        self.waits.extend((now - due) * 1000 for _key, (due, warm) in items if warm)

    def figures(self):
        return {"count": self.count, "waits": self.waits}


def count(state, due):
    return (state or 0) + 1, due


def flow(report, records, per_second, parts):
    flow = Dataflow("latency")
    s = op.input("due", flow, Paced(records, int(per_second), parts))
    s = op.stateful_map("count", s, count)
    op.output("waits", s, TallySink(report, Waits))
    return flow
