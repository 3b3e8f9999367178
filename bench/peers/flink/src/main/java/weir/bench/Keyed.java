package weir.bench;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** A running sum per key with an output for each record. */
final class Keyed {
    private Keyed() {}

    static void build(StreamExecutionEnvironment env, long records, int keys) {
        Integers.byKey(env, records, keys)
                .keyBy(i -> "k" + Integers.lowbias32(i.intValue()) % keys, Types.STRING)
                .process(new RunningSum())
                .sinkTo(new TallySink<>(Total::new));
    }

    private static final class RunningSum extends KeyedProcessFunction<String, Long, Long> {
        private transient ValueState<Long> sum;

        @Override
        public void open(OpenContext context) {
            sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Types.LONG));
        }

        @Override
        public void processElement(Long value, Context context, Collector<Long> out) throws Exception {
            Long before = sum.value();
            Long next = before == null ? value : Long.valueOf(before + value);
            sum.update(next);
            out.collect(next);
        }
    }

    private static final class Total implements TallySink.Counter<Long> {
        private long total;
        private long count;

        @Override
        public void take(Long sum) {
            total = (total + sum) & 0xffffffffL;
            count++;
        }

        @Override
        public void leave() {
            Tally.add("total", total);
            Tally.add("count", count);
        }
    }
}
