package weir.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Nexmark's query 5: which auctions had the most bids in the last ten seconds, every two. */
final class HotItems {
    private static final Duration LENGTH = Duration.ofSeconds(10);
    private static final Duration SLIDE = Duration.ofSeconds(2);

    private HotItems() {}

    static void build(StreamExecutionEnvironment env, long count) {
        Event.all(env, count)
                .<Long>flatMap(
                        (event, out) -> {
                            if (event instanceof Event.Bid bid) out.collect(bid.auction());
                        })
                .returns(Types.LONG)
                .keyBy(auction -> auction, Types.LONG)
                .window(SlidingEventTimeWindows.of(LENGTH, SLIDE))
                .aggregate(new Count(), new WithWindow(), Types.LONG, Types.LONG, Types.TUPLE(Types.LONG, Types.LONG, Types.LONG))
                // Their time is the last of their window, and a window of the slide's length has one such time.
                .keyBy(counted -> counted.f0, Types.LONG)
                .window(TumblingEventTimeWindows.of(SLIDE))
                .aggregate(new Hottest(), Types.TUPLE(Types.LONG, Types.LONG, Types.LIST(Types.LONG)), Types.STRING)
                .sinkTo(new TallySink<>(Rows::new));
    }

    private static final class Count implements AggregateFunction<Long, Long, Long> {
        @Override
        public Long createAccumulator() {
            return 0L;
        }

        @Override
        public Long add(Long auction, Long count) {
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

    private static final class WithWindow extends ProcessWindowFunction<Long, Tuple3<Long, Long, Long>, Long, TimeWindow> {
        @Override
        public void process(
                Long auction, Context context, Iterable<Long> counts, Collector<Tuple3<Long, Long, Long>> out) {
            for (Long bids : counts) out.collect(Tuple3.of(context.window().getStart(), auction, bids));
        }
    }

    /** [start of the window, most bids, auctions] */
    private static final class Hottest
            implements AggregateFunction<Tuple3<Long, Long, Long>, Tuple3<Long, Long, List<Long>>, String> {
        @Override
        public Tuple3<Long, Long, List<Long>> createAccumulator() {
            return Tuple3.of(0L, 0L, new ArrayList<>());
        }

        @Override
        public Tuple3<Long, Long, List<Long>> add(Tuple3<Long, Long, Long> counted, Tuple3<Long, Long, List<Long>> hot) {
            if (counted.f2 < hot.f1) return hot;
            if (counted.f2 > hot.f1) {
                hot.f2.clear();
                hot.f0 = counted.f0;
                hot.f1 = counted.f2;
            }
            hot.f2.add(counted.f1);
            return hot;
        }

        @Override
        public String getResult(Tuple3<Long, Long, List<Long>> hot) {
            String auctions = hot.f2.stream().sorted().map(String::valueOf).collect(Collectors.joining(","));
            return "{\"window\":" + hot.f0 + ",\"auctions\":[" + auctions + "],\"bids\":" + hot.f1 + "}";
        }

        @Override
        public Tuple3<Long, Long, List<Long>> merge(Tuple3<Long, Long, List<Long>> a, Tuple3<Long, Long, List<Long>> b) {
            throw new UnsupportedOperationException("windows of fixed length are not merged");
        }
    }
}
