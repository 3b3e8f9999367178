package weir.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.StringTokenizer;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/** Counts the words of two files, in the manner of Flink's own example. In streaming mode each word gives a count, of which the last is final. */
final class WordCount {
    private WordCount() {}

    static void build(StreamExecutionEnvironment env, String directory) {
        FileSource<String> files =
                FileSource.forRecordStreamFormat(
                                new TextLineInputFormat(), new Path(directory, "0.txt"), new Path(directory, "1.txt"))
                        .build();
        env.fromSource(files, WatermarkStrategy.noWatermarks(), "lines")
                .flatMap(
                        (String line, Collector<Tuple2<String, Integer>> out) -> {
                            Tally.begin();
                            StringTokenizer words = new StringTokenizer(line.toLowerCase());
                            while (words.hasMoreTokens()) out.collect(Tuple2.of(words.nextToken(), 1));
                        })
                .returns(Types.TUPLE(Types.STRING, Types.INT))
                .keyBy(pair -> pair.f0, Types.STRING)
                .sum(1)
                .sinkTo(new TallySink<>(Counts::new));
    }

    private static final class Counts implements TallySink.Counter<Tuple2<String, Integer>> {
        private final Map<String, Integer> last = new HashMap<>();

        @Override
        public void take(Tuple2<String, Integer> pair) {
            last.put(pair.f0, pair.f1);
        }

        @Override
        public void leave() {
            Tally.add("distinct", last.size());
            Tally.add("the", last.getOrDefault("the", 0));
            long total = 0;
            for (int count : last.values()) total += count;
            Tally.add("total", total);
        }
    }
}
