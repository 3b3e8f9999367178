package weir.bench;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The rows of Weir's benchmarks in Flink: java weir.bench.Main <row> <parallelism> <records of each job> <detail>
 *
 * <p>Runs a job for each number of records (10,10,10) in one JVM, so that the first is cold and the others find compiled code, and
 * prints for each {"seconds": …, figures…}, from the first read of its source to the end of its last sink: the start of the mini cluster is outside.
 */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        String row = arguments[0];
        int parallelism = Integer.parseInt(arguments[1]);
        String detail = arguments[3];
        for (String job : arguments[2].split(",")) {
            long records = Long.parseLong(job);
            Tally.reset();
            StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(parallelism, new Configuration());
            env.getConfig().enableObjectReuse();
            switch (row) {
                case "wordcount" -> WordCount.build(env, detail);
                case "wordcount-final" -> {
                    env.setRuntimeMode(RuntimeExecutionMode.BATCH);
                    WordCount.build(env, detail);
                }
                case "chain" -> Chain.build(env, records);
                case "keyed" -> Keyed.build(env, records, Integer.parseInt(detail));
                case "window" -> Window.build(env, records, Integer.parseInt(detail));
                case "nexmark-q3" -> LocalItems.build(env, records);
                case "nexmark-q5" -> HotItems.build(env, records);
                case "nexmark-q8" -> NewUsers.build(env, records);
                case "latency" -> Latency.build(env, records, Double.parseDouble(detail));
                default -> throw new IllegalArgumentException("there is no row " + row);
            }
            env.execute(row);
            System.out.println(Tally.json());
        }
    }
}
