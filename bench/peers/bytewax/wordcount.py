import bytewax.operators as op
from bytewax.dataflow import Dataflow
from data import Lines, TallySink


class Counts:
    def __init__(self):
        self.total = 0
        self.distinct = 0
        self.the = 0

    def take(self, items):
        self.distinct += len(items)
        for word, count in items:
            self.total += count
            if word == "the":
                self.the = count

    def figures(self):
        return {"total": self.total, "distinct": self.distinct, "the": self.the}


def flow(report, _records, directory, _parts):
    flow = Dataflow("wordcount")
    lines = op.input("lines", flow, Lines(directory))
    words = op.flat_map("split", lines, lambda line: line.lower().split())
    counts = op.count_final("count", words, lambda word: word)
    op.output("total", counts, TallySink(report, Counts))
    return flow
