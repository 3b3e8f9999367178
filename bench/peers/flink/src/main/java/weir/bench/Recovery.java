package weir.bench;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Stop with a savepoint and start from it, in one mini cluster that stays: java weir.bench.Recovery
 *
 * <pre>
 *   before  <directory> <keys>         counts each key once, stops, and prints {"savepoint": …}
 *   after   <savepoint> <keys>         goes on, and prints when the first output came: {"first": milliseconds since 1970, …}
 *   rescale <directory> <keys> <rate>  from 2 to 3 subtasks; prints {"gap": the longest time without output in ms, …}
 * </pre>
 *
 * <p>Each split of the source has keys of its own, in a fixed order, so that a number tells what its key's count has to be.
 */
public final class Recovery {
    /** Numbers of a split: more than any run takes. */
    private static final long SPLIT = 1_000_000_000;

    private Recovery() {}

    public static void main(String[] arguments) throws Exception {
        int keys = Integer.parseInt(arguments[2]);
        Configuration settings = new Configuration();
        if (!arguments[0].equals("after")) {
            settings.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
            settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, arguments[1]);
        }
        MiniClusterConfiguration shape =
                new MiniClusterConfiguration.Builder()
                        .setConfiguration(settings)
                        .setNumTaskManagers(1)
                        .setNumSlotsPerTaskManager(3)
                        .build();
        try (MiniCluster cluster = new MiniCluster(shape)) {
            cluster.start();
            switch (arguments[0]) {
                case "before" -> {
                    JobGraph job = start(cluster, settings, 1, 1, keys, keys, 1e-9, null);
                    Outputs.await(keys);
                    String savepoint = stop(cluster, job, arguments[1]);
                    System.out.println("{\"savepoint\": \"" + savepoint + "\"" + Outputs.figures() + "}");
                }
                case "after" -> {
                    long submitted = System.currentTimeMillis();
                    JobGraph job = start(cluster, settings, 1, 1, keys, 1_000, 1e-9, arguments[1]);
                    Outputs.await(1_000);
                    System.out.println("{\"submitted\": " + submitted + ", \"first\": " + Outputs.first() + Outputs.figures() + "}");
                    cluster.cancelJob(job.getJobID()).get();
                }
                case "rescale" -> {
                    double rate = Double.parseDouble(arguments[3]) / 2;
                    JobGraph two = start(cluster, settings, 2, 2, keys, keys / 2, rate, null);
                    Outputs.await(keys + keys / 10);
                    Outputs.watch();
                    String savepoint = stop(cluster, two, arguments[1]);
                    JobGraph three = start(cluster, settings, 3, 2, keys, 0, rate, savepoint);
                    Outputs.await(Outputs.count() + (long) rate);
                    System.out.println("{\"gap\": " + Outputs.longestGap() + Outputs.figures() + "}");
                    cluster.cancelJob(three.getJobID()).get();
                }
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        }
    }

    private static JobGraph start(
            MiniCluster cluster,
            Configuration settings,
            int parallelism,
            int splits,
            int keys,
            long fast,
            double rate,
            String savepoint)
            throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(settings);
        env.setParallelism(parallelism);
        env.getConfig().enableObjectReuse();
        Tally.reset();
        int own = keys / splits;
        Paced.numbers(env, SPLIT * splits, fast, rate)
                .uid("numbers")
                .keyBy(i -> "k" + (i / SPLIT * own + i % SPLIT % own), Types.STRING)
                .process(new Count(own))
                .uid("count")
                .sinkTo(new TallySink<>(Outputs::new));
        JobGraph job = env.getStreamGraph().getJobGraph();
        if (savepoint != null) job.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(savepoint, true));
        cluster.submitJob(job).get();
        return job;
    }

    private static String stop(MiniCluster cluster, JobGraph job, String directory) throws Exception {
        return cluster.stopWithSavepoint(job.getJobID(), directory, false, SavepointFormatType.NATIVE).get();
    }

    /** Gives 0 when the count is what it has to be, otherwise 1. */
    private static final class Count extends KeyedProcessFunction<String, Long, Integer> {
        private final int own;
        private transient ValueState<Long> seen;

        Count(int own) {
            this.own = own;
        }

        @Override
        public void open(OpenContext context) {
            seen = getRuntimeContext().getState(new ValueStateDescriptor<>("seen", Types.LONG));
        }

        @Override
        public void processElement(Long number, Context context, Collector<Integer> out) throws Exception {
            Long before = seen.value();
            long count = before == null ? 1 : before + 1;
            seen.update(count);
            out.collect(count == number % SPLIT / own + 1 ? 0 : 1);
        }
    }

    /** Of all subtasks and jobs of this JVM. */
    private static final class Outputs implements TallySink.Counter<Integer> {
        private static long count;
        private static long wrong;
        private static long first;
        private static long last;
        private static long gap;
        private static boolean watched;

        @Override
        public void take(Integer off) {
            synchronized (Outputs.class) {
                long now = System.nanoTime();
                if (count++ == 0) first = System.currentTimeMillis();
                if (watched) gap = Math.max(gap, now - last);
                last = now;
                wrong += off;
                Outputs.class.notifyAll();
            }
        }

        @Override
        public void leave() {}

        static synchronized void await(long least) throws InterruptedException {
            while (count < least) Outputs.class.wait();
        }

        static synchronized void watch() {
            watched = true;
        }

        static synchronized long count() {
            return count;
        }

        static synchronized long first() {
            return first;
        }

        static synchronized double longestGap() {
            return gap / 1e6;
        }

        static synchronized String figures() {
            return ", \"count\": " + count + ", \"wrong\": " + wrong;
        }
    }
}
