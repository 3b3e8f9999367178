package weir.bench;

import java.time.Duration;
import java.util.Iterator;
import org.apache.flink.api.common.functions.CoGroupFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.util.Collector;

/** Nexmark's query 8: who opened an auction in the ten seconds in which they came. */
final class NewUsers {
    private static final long LENGTH_MS = 10_000;

    private NewUsers() {}

    static void build(StreamExecutionEnvironment env, long count) {
        DataStream<Event> events = Event.all(env, count);
        DataStream<Tuple3<Long, String, Long>> persons =
                events.<Tuple3<Long, String, Long>>flatMap(
                                (event, out) -> {
                                    if (event instanceof Event.Person person)
                                        out.collect(Tuple3.of(person.id(), person.name(), person.dateTime()));
                                })
                        .returns(Types.TUPLE(Types.LONG, Types.STRING, Types.LONG));
        DataStream<Long> sellers =
                events.<Long>flatMap(
                                (event, out) -> {
                                    if (event instanceof Event.Auction auction) out.collect(auction.seller());
                                })
                        .returns(Types.LONG);
        persons.coGroup(sellers)
                .where(person -> person.f0, Types.LONG)
                .equalTo(seller -> seller, Types.LONG)
                .window(TumblingEventTimeWindows.of(Duration.ofMillis(LENGTH_MS)))
                .apply(new Both(), Types.STRING)
                .sinkTo(new TallySink<>(Rows::new));
    }

    private static final class Both implements CoGroupFunction<Tuple3<Long, String, Long>, Long, String> {
        @Override
        public void coGroup(Iterable<Tuple3<Long, String, Long>> persons, Iterable<Long> sellers, Collector<String> out) {
            Iterator<Tuple3<Long, String, Long>> came = persons.iterator();
            if (!came.hasNext() || !sellers.iterator().hasNext()) return;
            Tuple3<Long, String, Long> person = came.next();
            long window = person.f2 - person.f2 % LENGTH_MS;
            out.collect("{\"id\":" + person.f0 + ",\"name\":\"" + person.f1 + "\",\"window\":" + window + "}");
        }
    }
}
