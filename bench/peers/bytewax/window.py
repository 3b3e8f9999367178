from datetime import datetime, timedelta, timezone

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower
from data import Integers, TallySink, lowbias32

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


class Counts:
    def __init__(self):
        self.results = 0
        self.sum = 0

    def take(self, items):
        self.results += len(items)
        self.sum += sum(count for _key, (_window, count) in items)

    def figures(self):
        return {"results": self.results, "sum": self.sum}


def flow(report, records, keys, parts):
    keys = int(keys)
    flow = Dataflow("window")
    s = op.input("integers", flow, Integers(records, parts, lambda i: (lowbias32(i) % keys) % parts))
    # The clock stands still, so that a slow run finds nothing late.
    clock = EventClock(
        ts_getter=lambda i: START + timedelta(milliseconds=i),
        wait_for_system_duration=timedelta(0),
        now_getter=lambda: START,
    )
    windower = TumblingWindower(length=timedelta(seconds=10), align_to=START)
    counts = win.count_window("count", s, clock, windower, lambda i: f"k{lowbias32(i) % keys}")
    op.output("counts", counts.down, TallySink(report, Counts))
    return flow
