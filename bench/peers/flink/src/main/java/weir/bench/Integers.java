package weir.bench;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.connector.source.lib.util.IteratorSourceReader;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Flink's own sequence of numbers, which starts the clock. */
final class Integers extends NumberSequenceSource {
    private Integers(long count) {
        super(0, count - 1);
    }

    /** 0 … count - 1. */
    static DataStream<Long> all(StreamExecutionEnvironment env, long count) {
        return env.fromSource(new Integers(count), WatermarkStrategy.noWatermarks(), "integers");
    }

    /**
     * The same, read by all subtasks in shares with keys of their own, as from a topic with partitions by key: a subtask's split of
     * the sequence is as long as the whole, and keeps the numbers that are its own.
     */
    static DataStream<Long> byKey(StreamExecutionEnvironment env, long count, int keys) {
        int parts = env.getParallelism();
        if (parts == 1) return all(env, count);
        return all(env, count * parts)
                .filter(i -> lowbias32((int) (i % count)) % keys % parts == i / count)
                .map(i -> i % count);
    }

    static long lowbias32(int x) {
        x ^= x >>> 16;
        x *= 0x7feb352d;
        x ^= x >>> 15;
        x *= 0x846ca68b;
        x ^= x >>> 16;
        return x & 0xffffffffL;
    }

    @Override
    public SourceReader<Long, NumberSequenceSplit> createReader(SourceReaderContext context) {
        return new IteratorSourceReader<>(context) {
            @Override
            public void start() {
                Tally.begin();
                super.start();
            }
        };
    }
}
