package weir.bench;

import java.util.Set;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.util.Collector;

/** Nexmark's query 3: who sells what of category 10 in Oregon, Idaho or California. Auctions wait for their seller. */
final class LocalItems {
    private static final Set<String> LOCAL = Set.of("OR", "ID", "CA");
    private static final TypeInformation<Tuple4<Long, String, String, String>> PERSON =
            Types.TUPLE(Types.LONG, Types.STRING, Types.STRING, Types.STRING);

    private LocalItems() {}

    static void build(StreamExecutionEnvironment env, long count) {
        DataStream<Event> events = Event.all(env, count);
        DataStream<Tuple4<Long, String, String, String>> persons =
                events.<Tuple4<Long, String, String, String>>flatMap(
                                (event, out) -> {
                                    if (event instanceof Event.Person person && LOCAL.contains(person.state()))
                                        out.collect(Tuple4.of(person.id(), person.name(), person.city(), person.state()));
                                })
                        .returns(PERSON);
        DataStream<Tuple2<Long, Long>> auctions =
                events.<Tuple2<Long, Long>>flatMap(
                                (event, out) -> {
                                    if (event instanceof Event.Auction auction && auction.category() == 10)
                                        out.collect(Tuple2.of(auction.seller(), auction.id()));
                                })
                        .returns(Types.TUPLE(Types.LONG, Types.LONG));
        persons.keyBy(person -> person.f0, Types.LONG)
                .connect(auctions.keyBy(auction -> auction.f0, Types.LONG))
                .process(new Join())
                .sinkTo(new TallySink<>(Rows::new));
    }

    private static final class Join
            extends KeyedCoProcessFunction<Long, Tuple4<Long, String, String, String>, Tuple2<Long, Long>, String> {
        private transient ValueState<Tuple4<Long, String, String, String>> seller;
        private transient ListState<Long> waiting;

        @Override
        public void open(OpenContext context) {
            seller = getRuntimeContext().getState(new ValueStateDescriptor<>("seller", PERSON));
            waiting = getRuntimeContext().getListState(new ListStateDescriptor<>("waiting", Types.LONG));
        }

        @Override
        public void processElement1(Tuple4<Long, String, String, String> person, Context context, Collector<String> out)
                throws Exception {
            seller.update(person);
            for (Long auction : waiting.get()) out.collect(row(person, auction));
            waiting.clear();
        }

        @Override
        public void processElement2(Tuple2<Long, Long> auction, Context context, Collector<String> out) throws Exception {
            Tuple4<Long, String, String, String> person = seller.value();
            if (person == null) waiting.add(auction.f1);
            else out.collect(row(person, auction.f1));
        }

        private static String row(Tuple4<Long, String, String, String> person, Long auction) {
            return "{\"name\":\"" + person.f1 + "\",\"city\":\"" + person.f2 + "\",\"state\":\"" + person.f3
                    + "\",\"auction\":" + auction + "}";
        }
    }
}
