"""What the programs share: the data of Weir's benchmarks as Bytewax sources, and sinks that leave a tally behind."""

import json
import os
import time
import uuid

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition

BATCH = 4096
MASK = 0xFFFFFFFF


def lowbias32(x):
    x ^= x >> 16
    x = (x * 0x7FEB352D) & MASK
    x ^= x >> 15
    x = (x * 0x846CA68B) & MASK
    return x ^ (x >> 16)


class Clock:
    """When this process's source was first read."""

    begin = None

    @classmethod
    def start(cls):
        if cls.begin is None:
            cls.begin = time.time() * 1000


class _Batches(StatefulSourcePartition):
    def __init__(self, batches):
        self._batches = batches

    def next_batch(self):
        Clock.start()
        return next(self._batches)

    def snapshot(self):
        return None


class Integers(FixedPartitionedSource):
    """0 … count - 1; with several parts, `owner` says which part has which number."""

    def __init__(self, count, parts=1, owner=None):
        self._count, self._parts, self._owner = count, parts, owner

    def list_parts(self):
        return [str(part) for part in range(self._parts)]

    def build_part(self, step_id, for_part, resume_state):
        part = int(for_part)

        def batches():
            for start in range(0, self._count, BATCH):
                numbers = range(start, min(self._count, start + BATCH))
                if self._owner is None or self._parts == 1:
                    yield numbers
                else:
                    yield [i for i in numbers if self._owner(i) == part]

        return _Batches(batches())


class Lines(FixedPartitionedSource):
    """The lines of 0.txt and 1.txt."""

    def __init__(self, directory):
        self._directory = directory

    def list_parts(self):
        return ["0", "1"]

    def build_part(self, step_id, for_part, resume_state):
        def batches():
            with open(os.path.join(self._directory, f"{for_part}.txt"), encoding="utf-8") as file:
                while lines := file.readlines(1 << 16):
                    yield lines

        return _Batches(batches())


class _TallyPart(StatelessSinkPartition):
    def __init__(self, report, tally):
        self._report, self._tally = report, tally

    def write_batch(self, items):
        self._tally.take(items)

    def close(self):
        end = time.time() * 1000
        path = os.path.join(self._report, str(uuid.uuid4()))
        with open(path + ".part", "w") as file:
            json.dump({"begin": min(Clock.begin or end, end), "end": end, "figures": self._tally.figures()}, file)
        os.rename(path + ".part", path + ".json")


class TallySink(DynamicSink):
    def __init__(self, report, tally):
        self._report, self._tally = report, tally

    def build(self, step_id, worker_index, worker_count):
        return _TallyPart(self._report, self._tally())
