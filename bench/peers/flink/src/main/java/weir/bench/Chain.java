package weir.bench;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Six stateless steps and a count. */
final class Chain {
    private Chain() {}

    static void build(StreamExecutionEnvironment env, long records) {
        Integers.all(env, records)
                .map(i -> (int) (i * 3 + 1))
                .filter(i -> (i & 1) == 0)
                .map(i -> i ^ 0x5bd1e995)
                .filter(i -> i % 7 != 0)
                .map(i -> i >> 1)
                .filter(i -> i >= 0)
                .sinkTo(new TallySink<>(Count::new));
    }

    private static final class Count implements TallySink.Counter<Integer> {
        private long count;

        @Override
        public void take(Integer record) {
            count++;
        }

        @Override
        public void leave() {
            Tally.add("count", count);
        }
    }
}
