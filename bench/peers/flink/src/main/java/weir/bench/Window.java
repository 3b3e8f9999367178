package weir.bench;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;

/** Counts per key and window of 10 s. */
final class Window {
    private Window() {}

    static void build(StreamExecutionEnvironment env, long records, int keys) {
        Integers.byKey(env, records, keys)
                .assignTimestampsAndWatermarks(
                        WatermarkStrategy.<Long>forMonotonousTimestamps().withTimestampAssigner((i, before) -> i))
                .keyBy(i -> "k" + Integers.lowbias32(i.intValue()) % keys, Types.STRING)
                .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
                .aggregate(new Count())
                .sinkTo(new TallySink<>(Counts::new));
    }

    private static final class Count implements AggregateFunction<Long, Long, Long> {
        @Override
        public Long createAccumulator() {
            return 0L;
        }

        @Override
        public Long add(Long value, Long count) {
            return count + 1;
        }

        @Override
        public Long getResult(Long count) {
            return count;
        }

        @Override
        public Long merge(Long a, Long b) {
            return a + b;
        }
    }

    private static final class Counts implements TallySink.Counter<Long> {
        private long results;
        private long sum;

        @Override
        public void take(Long count) {
            results++;
            sum += count;
        }

        @Override
        public void leave() {
            Tally.add("results", results);
            Tally.add("sum", sum);
        }
    }
}
