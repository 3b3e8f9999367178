package weir.bench;

import java.util.Locale;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The events of examples/nexmark/events.ts, number by number, with the seed and the rate of bench/data/nexmark.ts. */
sealed interface Event {
    record Person(long id, String name, String email, String city, String state, long dateTime) implements Event {}

    record Auction(
            long id, String item, long initialBid, long reserve, long dateTime, long expires, long seller, long category)
            implements Event {}

    record Bid(long auction, long bidder, long price, String channel, long dateTime) implements Event {}

    long dateTime();

    int SEED = 1;
    int PER_SECOND = 1_000;
    int ROUND = 50;
    int FIRST_ID = 1_000;
    int ACTIVE_PERSONS = 1_000;
    int OPEN_AUCTIONS = 100;
    long START = 1_577_836_800_000L;
    String[] CITIES = {
        "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"
    };
    String[] STATES = {"AZ", "CA", "ID", "OR", "WA", "WY"};
    String[] FIRST_NAMES = {
        "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"
    };
    String[] LAST_NAMES = {"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
    String[] CHANNELS = {"Apple", "Google", "Facebook", "Baidu"};

    /**
     * The first `count`, in the order of their time in each subtask, which read every other one if there are two: a split of Flink's
     * sequence is a range. They go no further than the operators chained to this, and are never serialised.
     */
    static DataStream<Event> all(StreamExecutionEnvironment env, long count) {
        int parts = env.getParallelism();
        long perPart = count / parts;
        return Integers.all(env, perPart * parts)
                .map(i -> at(i % perPart * parts + i / perPart))
                .returns(Event.class)
                .assignTimestampsAndWatermarks(
                        WatermarkStrategy.<Event>forMonotonousTimestamps()
                                .withTimestampAssigner((event, before) -> event.dateTime()));
    }

    static Event at(long n) {
        long rounds = n / ROUND;
        int offset = (int) (n % ROUND);
        long dateTime = START + n * 1_000 / PER_SECOND;
        if (offset == 0) {
            String first = FIRST_NAMES[integer(n, 1, FIRST_NAMES.length)];
            String last = LAST_NAMES[integer(n, 2, LAST_NAMES.length)];
            String email = (first + "." + last + "@example.com").toLowerCase(Locale.ROOT);
            String city = CITIES[integer(n, 3, CITIES.length)];
            return new Person(
                    FIRST_ID + rounds, first + " " + last, email, city, STATES[integer(n, 4, STATES.length)], dateTime);
        }
        if (offset < 4) {
            long initialBid = price(n, 1);
            double open = OPEN_AUCTIONS / 3.0 * ROUND * (1_000.0 / PER_SECOND);
            return new Auction(
                    FIRST_ID + rounds * 3 + (offset - 1),
                    "item " + integer(n, 2, 1_000),
                    initialBid,
                    initialBid + price(n, 3),
                    dateTime,
                    dateTime + 1 + (long) (random(n, 4) * 2 * open),
                    person(n, 5, rounds),
                    10 + integer(n, 7, 5));
        }
        long auctions = (rounds + 1) * 3;
        long newest = auctions - 1;
        boolean hot = integer(n, 1, 2) == 0;
        return new Bid(
                FIRST_ID
                        + (hot ? newest - newest % 10 : newest - integer(n, 2, (int) Math.min(auctions, OPEN_AUCTIONS))),
                person(n, 3, rounds),
                price(n, 5),
                CHANNELS[integer(n, 6, CHANNELS.length)],
                dateTime);
    }

    private static long person(long n, int draw, long newest) {
        if (integer(n, draw, 2) == 0) return FIRST_ID + newest - newest % 10;
        return FIRST_ID + newest - integer(n, draw + 1, (int) Math.min(newest + 1, ACTIVE_PERSONS));
    }

    private static long price(long n, int draw) {
        return Math.round(Math.pow(10, random(n, draw) * 6) * 100);
    }

    private static int integer(long n, int draw, int below) {
        return (int) (random(n, draw) * below);
    }

    private static double random(long n, int draw) {
        int hash = (SEED ^ 0x9e3779b9) * 0x85ebca6b ^ ((int) n + 1) * 0xc2b2ae35 ^ (draw + 1) * 0x27d4eb2f;
        hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
        return ((hash ^ (hash >>> 16)) & 0xffffffffL) / 4_294_967_296.0;
    }
}
