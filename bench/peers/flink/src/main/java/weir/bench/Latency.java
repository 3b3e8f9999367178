package weir.bench;

import java.util.Arrays;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * A steady rate, a keyed count, and a sink that looks at the clock. The rate is that of all subtasks together, and a record is late
 * from the moment at which it was due. Records leave a task at once instead of waiting for a buffer to fill.
 */
final class Latency {
    private static final int KEYS = 1_000;
    /** The first records tell how fast the JVM compiles. */
    private static final double WARM_SECONDS = 3;

    private Latency() {}

    static void build(StreamExecutionEnvironment env, long records, double perSecond) {
        int parts = env.getParallelism();
        long share = records / parts;
        double pace = perSecond / parts;
        env.setBufferTimeout(0);
        Paced.numbers(env, records, 0, pace)
                .map(i -> Tuple2.of("k" + Integers.lowbias32(i.intValue()) % KEYS, Paced.dueAt(i % share, 0, pace)))
                .returns(Types.TUPLE(Types.STRING, Types.LONG))
                .keyBy(record -> record.f0, Types.STRING)
                .process(new Count())
                .sinkTo(new TallySink<>(() -> new Waits((int) records)));
    }

    private static final class Count extends KeyedProcessFunction<String, Tuple2<String, Long>, Long> {
        private transient ValueState<Long> seen;

        @Override
        public void open(OpenContext context) {
            seen = getRuntimeContext().getState(new ValueStateDescriptor<>("seen", Types.LONG));
        }

        @Override
        public void processElement(Tuple2<String, Long> record, Context context, Collector<Long> out) throws Exception {
            Long before = seen.value();
            seen.update(before == null ? 1L : before + 1);
            out.collect(record.f1);
        }
    }

    private static final class Waits implements TallySink.Counter<Long> {
        private final long[] nanos;
        private int noted;
        private long count;

        Waits(int most) {
            nanos = new long[most];
        }

        @Override
        public void take(Long due) {
            count++;
            if (due - Tally.begun() > WARM_SECONDS * 1e9) nanos[noted++] = System.nanoTime() - due;
        }

        @Override
        public void leave() {
            Tally.add("count", count);
            Tally.list("waits", Arrays.stream(nanos, 0, noted).map(wait -> wait / 1000).toArray());
        }
    }
}
